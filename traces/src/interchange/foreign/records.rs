//! What a foreign file is read into, record by record.

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
    pub(crate) begins: bool,
}

/// One point of an arrow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlowPoint {
    /// Category, name and id, interned.
    pub(crate) arrow: u32,
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
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub(crate) at_ns: Vec<i64>,
    pub(crate) value: Vec<f64>,
}
