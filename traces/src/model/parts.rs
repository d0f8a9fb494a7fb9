use super::{ArgStore, Diagnostics, Flow, Label, Meta, SliceTable, Track, TrackId};

/// One row of disjoint slices: a slot of an SM, a depth of a thread, an overflow row of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// The track it belongs to.
    pub track: TrackId,
    /// The slices.
    pub slices: SliceTable,
}

/// A quantity over time, piecewise constant from each sample to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CounterSeries {
    /// Name, e.g. `HBM`.
    pub name: String,
    /// Unit, e.g. `GB/s` or `%`.
    pub unit: String,
    /// The rank it belongs to.
    pub rank: Option<u32>,
    /// Sample times, ascending.
    pub at_ns: Vec<i64>,
    /// Sample values, one per time.
    pub value: Vec<f64>,
}

/// What a trace consists of. As such it promises nothing: [`Trace::checked`](super::Trace::checked) makes a trace of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceParts {
    /// Facts about the whole.
    pub meta: Meta,
    /// The track tree, parents before children, siblings in drawing order.
    pub tracks: Vec<Track>,
    /// All lanes.
    pub lanes: Vec<Lane>,
    /// What slices are.
    pub labels: Vec<Label>,
    /// Arguments, fetched on demand.
    pub args: ArgStore,
    /// Counter series.
    pub counters: Vec<CounterSeries>,
    /// Arrows, sorted by `from`.
    pub flows: Vec<Flow>,
    /// What was lost or uncertain.
    pub diagnostics: Diagnostics,
}

impl TraceParts {
    /// Meta data and nothing else.
    pub fn new(meta: Meta) -> Self {
        Self {
            meta,
            tracks: Vec::new(),
            lanes: Vec::new(),
            labels: Vec::new(),
            args: ArgStore::default(),
            counters: Vec::new(),
            flows: Vec::new(),
            diagnostics: Diagnostics::default(),
        }
    }
}
