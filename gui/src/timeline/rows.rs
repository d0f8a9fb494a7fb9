use weftscope_traces::{TrackId, analysis::OverlapFigures};

/// The rows of one rank, in drawing order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RankRows {
    /// Global rank.
    pub rank: u32,
    /// Its own track.
    pub track: Option<TrackId>,
    /// Iteration, layer and phase marks of its own.
    pub marks: Option<TrackId>,
    /// Streams.
    pub streams: Vec<TrackId>,
    /// Indices into [`TraceParts::counters`](weftscope_traces::TraceParts::counters).
    pub counters: Vec<usize>,
    /// What the driver did.
    pub drivers: Vec<TrackId>,
    /// SMs by index.
    pub sms: Vec<TrackId>,
    /// What kernels say of themselves, by SM in ascending order.
    pub inside: Vec<(u32, TrackId)>,
    /// Host threads.
    pub hosts: Vec<TrackId>,
    /// How much of its communication is hidden; `None` without kernels.
    pub overlap: Option<OverlapFigures>,
}

/// The rows of a query's answer, in drawing order.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerRows {
    /// Number of the answer in its trace.
    pub answer: u32,
    /// The heading over them.
    pub heading: TrackId,
    /// The rows.
    pub rows: Vec<TrackId>,
}

/// The rows of `rank`, added when it has none yet.
pub(super) fn rows_of(ranks: &mut Vec<RankRows>, rank: u32) -> &mut RankRows {
    let index = ranks.iter().position(|rows| rows.rank == rank).unwrap_or_else(|| {
        ranks.push(RankRows { rank, ..RankRows::default() });
        ranks.len() - 1
    });
    &mut ranks[index]
}
