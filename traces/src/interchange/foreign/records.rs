//! What a foreign file is read into, record by record.

use std::cmp::Reverse;

use super::class::Class;
use crate::ArgsId;

/// The argument that keeps an imported host event's category.
pub(crate) const CATEGORY_KEY: &str = "category";

/// A slice to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) start_ns: i64,
    pub(crate) end_ns: i64,
    pub(crate) name: u32,
    pub(crate) args: ArgsId,
    /// Correlation id.
    pub(crate) item: u32,
    pub(crate) row: u32,
    pub(crate) class: Class,
}

impl Event {
    /// Slices are placed by start, the longer of two first; others in the order of the file.
    pub(crate) fn order(&self) -> (i64, Reverse<i64>) {
        (self.start_ns, Reverse(self.end_ns))
    }

    /// A point in time on a row, without a name.
    pub(crate) fn at(at_ns: i64, row: u32, class: Class) -> Self {
        let (start_ns, end_ns) = (at_ns, at_ns);
        Self { start_ns, end_ns, name: 0, args: ArgsId::NONE, item: 0, row, class }
    }
}

/// One end of a `B`/`E` or `b`/`e` pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HalfEvent {
    pub(crate) event: Event,
    /// The row on which it was told, where an end finds its beginning: an end need not say what it ends, so the event's
    /// own row, that of its stream, is known of beginnings alone.
    pub(crate) told_on: u32,
    pub(crate) begins: bool,
}

/// What the points of an arrow share: category and name by their numbers among the names, and an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Arrow {
    // First, because it is what differs: arrows are sorted.
    pub(crate) id: ArrowId,
    pub(crate) category: u32,
    pub(crate) name: u32,
}

/// What tells arrows of one name apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ArrowId {
    Missing,
    Int(i64),
    /// By its number among the names.
    Text(u32),
}

impl ArrowId {
    /// The same where names have other numbers.
    pub(super) fn here(self, name: impl Fn(u32) -> u32) -> Self {
        match self {
            Self::Text(text) => Self::Text(name(text)),
            other => other,
        }
    }
}

impl Arrow {
    /// Of a format that numbers its arrows.
    pub(crate) fn number(number: u32) -> Self {
        Self { category: 0, name: 0, id: ArrowId::Int(i64::from(number)) }
    }
}

/// One point of an arrow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlowPoint {
    pub(crate) arrow: Arrow,
    pub(crate) is_launch: bool,
    /// `s`, `t` or `f`.
    pub(crate) phase: u8,
    pub(crate) at_ns: i64,
    pub(crate) row: u32,
}

/// What tells counters apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Series {
    pub(crate) pid: i64,
    pub(crate) name: String,
    /// The argument that holds the value, often its unit; empty for the usual `value`.
    pub(crate) key: String,
}

/// Samples of one counter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    pub(crate) at_ns: Vec<i64>,
    pub(crate) value: Vec<f64>,
}
