//! Places in time that the user named.

use weftscope_traces::Span;

use super::TimelineData;

/// A stretch or an instant with a name and a note.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Trace time, ns; an instant is empty.
    pub span: Span,
    /// Name, on its flag.
    pub name: String,
    /// What there is to say.
    pub note: String,
}

/// The marks of a view, by start, and the one gone to last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    list: Vec<Mark>,
    /// Place in the list of the mark gone to or opened last.
    current: Option<usize>,
    /// Its name and note are open to be edited.
    is_open: bool,
}

impl Marks {
    /// All of them, by start.
    pub fn list(&self) -> &[Mark] {
        &self.list
    }

    /// The mark whose name and note are open: its place in the list.
    pub fn open(&self) -> Option<usize> {
        self.current.filter(|_| self.is_open)
    }

    /// The mark gone to or opened last: its place in the list.
    pub fn current(&self) -> Option<usize> {
        self.current
    }

    /// Marks a span, or takes the mark away that lies exactly there.
    pub(super) fn toggle(&mut self, span: Span) {
        if let Some(at) = self.list.iter().position(|mark| mark.span == span) {
            self.remove(at);
            return;
        }
        let is_free = |name: &String| self.list.iter().all(|mark| mark.name != *name);
        let name = (1..).map(|number| format!("mark {number}")).find(is_free).unwrap_or_default();
        let at = add(&mut self.list, Mark { span, name, note: String::new() });
        (self.current, self.is_open) = (Some(at), false);
    }

    /// Other marks in place of these.
    pub(super) fn replace(&mut self, list: Vec<Mark>) {
        if self.list != list {
            *self = Self { list, current: None, is_open: false };
        }
    }

    pub(super) fn remove(&mut self, at: usize) {
        if at < self.list.len() {
            self.list.remove(at);
            (self.current, self.is_open) = (None, false);
        }
    }

    pub(super) fn rename(&mut self, at: usize, name: String, note: String) {
        if let Some(mark) = self.list.get_mut(at) {
            (mark.name, mark.note) = (name, note);
        }
    }

    /// Opens a mark to be edited, or closes the one that is.
    pub(super) fn set_open(&mut self, at: Option<usize>) {
        match at {
            Some(at) if at < self.list.len() => (self.current, self.is_open) = (Some(at), true),
            _ => self.is_open = false,
        }
    }

    /// Makes a mark the current one and gives its span.
    pub(super) fn go_to(&mut self, at: usize) -> Option<Span> {
        let span = self.list.get(at)?.span;
        (self.current, self.is_open) = (Some(at), false);
        Some(span)
    }

    /// The place of the mark after the current one (`by` > 0) or before it; from `centre_ns` on while there is none.
    pub(super) fn neighbour(&self, by: i32, centre_ns: i64) -> Option<usize> {
        let after = || self.list.partition_point(|mark| mark.span.start_ns < centre_ns);
        let at = match (self.current, by > 0) {
            (Some(at), true) => at + 1,
            (Some(at), false) => at.checked_sub(1)?,
            (None, true) => after(),
            (None, false) => after().checked_sub(1)?,
        };
        (at < self.list.len()).then_some(at)
    }
}

/// Takes marks in that were kept elsewhere; those that are there already stay once.
pub(super) fn take_in(list: &mut Vec<Mark>, marks: &[Mark]) {
    for mark in marks {
        if !list.contains(mark) {
            add(list, mark.clone());
        }
    }
}

/// What two hands have made of the same marks: all that either added, less what either took away. To change a mark is to take
/// it away and to add another.
pub(crate) fn merged(before: &[Mark], ours: &[Mark], theirs: &[Mark]) -> Vec<Mark> {
    let is_left = |mark: &&Mark| theirs.contains(mark) || !before.contains(mark);
    let mut list: Vec<Mark> = ours.iter().filter(is_left).cloned().collect();
    let is_new = |mark: &&Mark| !before.contains(mark);
    let added: Vec<Mark> = theirs.iter().filter(is_new).cloned().collect();
    take_in(&mut list, &added);
    list
}

fn add(list: &mut Vec<Mark>, mark: Mark) -> usize {
    let key = |mark: &Mark| (mark.span.start_ns, mark.span.end_ns);
    let at = list.partition_point(|other| key(other) <= key(&mark));
    list.insert(at, mark);
    at
}

/// Tracks of every row: what a marked stretch is selected over.
pub(crate) fn all_tracks(data: &TimelineData) -> Vec<weftscope_traces::TrackId> {
    let ranks = data.ranks.iter().filter_map(|rows| rows.track);
    ranks.chain(data.hosts.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(names: &str) -> Vec<Mark> {
        let mark = |name: &str| {
            let start_ns = name.bytes().next().map_or(0, i64::from);
            Mark {
                span: Span::new(start_ns, start_ns + 1),
                name: name.to_owned(),
                ..Mark::default()
            }
        };
        names.split_whitespace().map(mark).collect()
    }

    #[test]
    fn what_two_hands_change_is_changed_once() {
        for (before, ours, theirs, expected) in [
            ("a b", "a b", "a b", "a b"),
            ("", "b", "a", "a b"),
            ("a b", "b", "a b c", "b c"),
            ("a b", "a b c", "b", "b c"),
            ("a b", "a2 b", "a b2", "a2 b2"),
            ("a", "a b", "a b", "a b"),
            ("a", "a1", "a2", "a1 a2"),
        ] {
            let both = merged(&marks(before), &marks(ours), &marks(theirs));
            assert_eq!(both, marks(expected), "{before} | {ours} | {theirs}");
        }
    }
}
