//! The grammar of a search: words as they are typed, understood or not.

use std::fmt;

use super::filter::{Filter, Rows, Understood};
use crate::model::{Label, TrackKind};

/// A search as it is typed, understood.
///
/// Words are joined by *and*. `layer:3`, `kind:comm`, `split:0`, `phase:A` and `rank:2` narrow; `dur>100us`, `dur<=1.5ms`
/// and `dur:10us..50us` (both ends included) narrow by length; every other word must occur in the name, whatever its
/// case. Ops are looked for, on streams and host threads; `in:sm`, `in:stream`, `in:host` and `in:all` choose other rows.
/// A word that begins as one of these and goes on otherwise is [wrong](Self::wrong), and the query then finds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    words: Vec<String>,
    pub(super) filters: Vec<Filter>,
    wrong: Option<WrongWord>,
}

/// A word that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongWord {
    /// As typed.
    pub word: String,
    /// What should stand there.
    pub expected: String,
}

impl fmt::Display for WrongWord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.word.split([':', '<', '>', '=']).next().unwrap_or_default();
        write!(out, "{}: {key} takes {}", self.word, self.expected)
    }
}

impl Query {
    /// One example of every form, for a line of help.
    pub const EXAMPLES: [&str; 8] = [
        "layer:3",
        "kind:comm",
        "split:0",
        "phase:A",
        "rank:2",
        "in:sm|stream|host|all",
        "dur>100us",
        "dur:10us..50us",
    ];

    /// Understands a line of text; an empty one finds nothing.
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for word in text.split_whitespace() {
            let lower = word.to_lowercase();
            match Filter::of_word(&lower) {
                Understood::Filter(filter) => query.filters.push(filter),
                Understood::Name => query.words.push(lower),
                Understood::Wrong(expected) => {
                    let wrong = WrongWord { word: word.to_owned(), expected };
                    query.wrong.get_or_insert(wrong);
                }
            }
        }
        query
    }

    /// True when nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.filters.is_empty() && self.wrong.is_none()
    }

    /// The first word that is not understood.
    pub fn wrong(&self) -> Option<&WrongWord> {
        self.wrong.as_ref()
    }

    /// True when rows are chosen by `in:`.
    pub(super) fn names_rows(&self) -> bool {
        self.filters.iter().any(|filter| matches!(filter, Filter::Rows(_)))
    }

    pub(super) fn accepts_label(&self, label: &Label) -> bool {
        let by_filter = |filter: &Filter| match *filter {
            Filter::Layer(layer) => label.layer == Some(layer),
            Filter::Kind(kind) => label.kind == kind,
            Filter::Split(split) => label.split == split,
            Filter::Phase(phase) => label.phase == phase,
            Filter::Rank(_) | Filter::Rows(_) | Filter::Length(_) => true,
        };
        if !self.filters.iter().all(by_filter) {
            return false;
        }
        let name = if self.words.is_empty() { String::new() } else { label.name.to_lowercase() };
        self.words.iter().all(|word| name.contains(word))
    }

    /// True when no filter shuts this row out.
    pub(super) fn admits(&self, kind: &TrackKind) -> bool {
        self.filters.iter().all(|filter| match filter {
            Filter::Rank(rank) => kind.rank() == Some(*rank),
            Filter::Rows(rows) => rows.accepts(kind),
            _ => true,
        })
    }

    /// True for the rows looked at: those chosen, else those that hold ops.
    pub(super) fn looks_at(&self, kind: &TrackKind) -> bool {
        let holds_ops = || Rows::Stream.accepts(kind) || Rows::Host.accepts(kind);
        self.admits(kind) && (self.names_rows() || holds_ops())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_understood_as_a_filter() {
        for example in Query::EXAMPLES.iter().flat_map(|example| match example.split_once('|') {
            None => vec![(*example).to_owned()],
            Some((first, rest)) => {
                let key = first.split(':').next().unwrap();
                let rest = rest.split('|').map(|value| format!("{key}:{value}"));
                rest.chain([first.to_owned()]).collect()
            }
        }) {
            let query = Query::parse(&example);
            assert_eq!((query.filters.len(), query.wrong()), (1, None), "{example}");
        }
    }

    #[test]
    fn a_wrong_word_is_named_with_what_should_stand_there() {
        let wrong = |text: &str| Query::parse(text).wrong().map(ToString::to_string);
        let says = |text: &str, part: &str| {
            let said = wrong(text).unwrap_or_default();
            assert!(said.contains(part), "{text}: {said}");
        };
        says("up Layer:x", "Layer:x: Layer takes a whole number");
        says("layer:", "a whole number");
        says("rank:-1", "a whole number");
        says("kind:mlp", "gemm, attention, norm");
        says("phase:E", "A, B, C, D");
        says("split:2", "0, 1 or whole");
        says("in:gpu", "sm, stream, host or all");
        says("dur>abc", "dur>abc: dur takes a number with its unit");
        says("dur>100", "unit");
        says("dur:10us", "a range");
        says("dur=10us", "a range");
        says("dur:50us..10us", "the shorter");
        says("layer:x kind:y", "layer:x");
        for fine in ["at::native", "duration", "dur", "layer", "", "kernel<128>", "dur:..5us"] {
            assert_eq!(wrong(fine), None, "{fine}");
        }
    }
}
