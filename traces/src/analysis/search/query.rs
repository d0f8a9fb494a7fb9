//! The grammar of a search: words as they are typed, understood or not.

use std::fmt;

use super::filter::{Filter, Rows, Understood};
use crate::analysis::Place;
use crate::model::{Label, TrackKind};

/// A search as it is typed, understood.
///
/// Words are joined by *and*. `layer:3`, `kind:comm`, `split:0`, `phase:A` and `rank:2` narrow; `dur>100us`, `dur<=1.5ms`
/// and `dur:10us..50us` (both ends included) narrow by length; every other word must occur in the name, whatever its
/// case. Ops are looked for, on streams and host threads; `in:sm`, `in:inside`, `in:stream`, `in:host` and `in:all` choose other rows.
/// A word that begins as one of these and goes on otherwise is [wrong](Self::wrong), and the query then finds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    words: Vec<String>,
    pub(super) filters: Vec<Filter>,
    wrong: Option<WrongWord>,
    unknown: Option<UnknownKey>,
}

/// A word that looks like a filter, of a name that none has: it may be part of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// As typed.
    pub word: String,
    /// What stands before the sign.
    pub key: String,
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
    /// What filters begin with.
    pub const KEYS: [&str; 7] = ["layer", "kind", "split", "phase", "rank", "in", "dur"];

    /// One example of every form, for a line of help.
    pub const EXAMPLES: [&str; 8] = [
        "layer:3",
        "kind:comm",
        "split:0",
        "phase:A",
        "rank:2",
        "in:sm|inside|stream|host|all",
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
                Understood::Name => {
                    if let Some(key) = key_of(word) {
                        let unknown = UnknownKey { word: word.to_owned(), key: key.to_owned() };
                        query.unknown.get_or_insert(unknown);
                    }
                    query.words.push(lower);
                }
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

    /// The first word that looks like a filter and is none. Its text is looked for in names: where it is in none, the
    /// filter was mistyped.
    pub fn unknown(&self) -> Option<&UnknownKey> {
        self.unknown.as_ref()
    }

    /// True when rows are chosen by `in:`.
    pub(super) fn names_rows(&self) -> bool {
        self.filters.iter().any(|filter| matches!(filter, Filter::Rows(_)))
    }

    /// What the label says of name, kind and place.
    pub(super) fn accepts_label(&self, label: &Label) -> bool {
        self.accepts_place(Place::of(label)) && self.accepts_name(label)
    }

    /// What it says of name and kind, whatever it says of its place.
    pub(super) fn accepts_name(&self, label: &Label) -> bool {
        let is_kind = |filter: &Filter| match *filter {
            Filter::Kind(kind) => label.kind == kind,
            _ => true,
        };
        if !self.filters.iter().all(is_kind) {
            return false;
        }
        let name = if self.words.is_empty() { String::new() } else { label.name.to_lowercase() };
        self.words.iter().all(|word| name.contains(word))
    }

    /// Its layer, half and phase are those that are asked for.
    pub(super) fn accepts_place(&self, place: Place) -> bool {
        self.filters.iter().all(|filter| match *filter {
            Filter::Layer(layer) => place.layer == Some(layer),
            Filter::Split(split) => place.split == split,
            Filter::Phase(phase) => place.phase == phase,
            _ => true,
        })
    }

    /// True when a layer, a half or a phase is asked for.
    pub(super) fn asks_place(&self) -> bool {
        let is_place = |filter: &Filter| {
            matches!(filter, Filter::Layer(_) | Filter::Split(_) | Filter::Phase(_))
        };
        self.filters.iter().any(is_place)
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

/// What stands before the sign of a word that looks like a filter: letters, then a sign, then no other colon.
fn key_of(word: &str) -> Option<&str> {
    let at = word.find([':', '<', '>', '='])?;
    let (key, rest) = word.split_at(at);
    let is_key = !key.is_empty() && key.bytes().all(|letter| letter.is_ascii_alphabetic());
    (is_key && rest.len() > 1 && !rest[1..].starts_with(':')).then_some(key)
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
    fn a_filter_that_there_is_not_is_noticed() {
        let unknown = |text: &str| Query::parse(text).unknown().map(|unknown| unknown.key.clone());
        for (text, key) in [("layr:1", "layr"), ("up Kid:comm", "Kid"), ("du>10us", "du")] {
            assert_eq!(unknown(text).as_deref(), Some(key), "{text}");
            assert!(!Query::parse(text).words.is_empty(), "it may still be part of a name");
        }
        for fine in ["at::native", "layer:1", "layer:x", "dur>1us", "ab:", ":x", "sm80_x:1", "qkv"]
        {
            assert_eq!(unknown(fine), None, "{fine}");
        }
        for key in Query::KEYS {
            assert_eq!(unknown(&format!("{key}:1")), None, "{key}");
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
        says("in:gpu", "sm, inside, stream, host or all");
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
