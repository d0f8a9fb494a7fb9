use super::HeightOf;

/// Changes that come many in a row and are undone together, until something else is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    /// Zooming and panning.
    Move,
    /// Drawing rows higher.
    RowHeight(HeightOf),
    /// Typing what rows to show.
    Filter,
    /// Typing name and note of a mark.
    MarkText(usize),
}

/// Changes to undo and to redo, newest last; `L` is what a change changes, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct History<L> {
    undo: Vec<L>,
    redo: Vec<L>,
    stroke: Option<Stroke>,
}

/// Steps kept.
const KEPT: usize = 256;

impl<L> Default for History<L> {
    fn default() -> Self {
        Self { undo: Vec::new(), redo: Vec::new(), stroke: None }
    }
}

impl<L: PartialEq> History<L> {
    /// Goes back one step from `now`; `None` when there is none.
    pub(super) fn undo(&mut self, now: L) -> Option<L> {
        let before = self.undo.pop()?;
        self.redo.push(now);
        self.stroke = None;
        Some(before)
    }

    /// Takes back the last undo.
    pub(super) fn redo(&mut self, now: L) -> Option<L> {
        let after = self.redo.pop()?;
        self.undo.push(now);
        self.stroke = None;
        Some(after)
    }

    /// Remembers a change, as part of `stroke` when the change before was one too.
    pub(super) fn keep(&mut self, before: L, after: &L, stroke: Option<Stroke>) {
        let goes_on = stroke.is_some() && self.stroke == stroke;
        self.stroke = stroke;
        if before == *after {
            return;
        }
        self.redo.clear();
        if !goes_on {
            if self.undo.len() == KEPT {
                self.undo.remove(0);
            }
            self.undo.push(before);
        }
    }

    /// Every step, to be brought along to another trace.
    pub(super) fn steps(&mut self) -> impl Iterator<Item = &mut L> {
        self.undo.iter_mut().chain(&mut self.redo)
    }
}
