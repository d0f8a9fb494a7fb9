//! What a trace draws of each of its ranks, found in one pass over its tracks.

use std::collections::BTreeMap;

use super::Config;
use crate::model::{LaneId, Span, Trace, TrackKind};

/// Lanes of one rank.
#[derive(Clone, Debug, Default)]
pub(super) struct RankRows<'a> {
    /// Of its streams, each with the stream's number.
    pub(super) streams: Vec<(LaneId, u32)>,
    /// Of every SM, one list an SM, SMs without slices included.
    pub(super) sms: Vec<&'a [LaneId]>,
    /// Iterations: the first lane of its marks, else of those of all ranks.
    pub(super) iterations: Option<LaneId>,
    /// First start to last end on its streams; empty without any.
    pub(super) busy: Span,
}

/// Of every rank, ascending.
pub(super) type Rows<'a> = BTreeMap<u32, RankRows<'a>>;

/// The rows of one rank.
pub(super) fn rows_of(trace: &Trace, rank: u32) -> RankRows<'_> {
    let only = Config { ranks: vec![rank], ..Config::default() };
    rank_rows(trace, &only).remove(&rank).unwrap_or_default()
}

/// The rows of the ranks with streams, SMs or meta data, ascending, narrowed to those asked for.
pub(super) fn rank_rows<'a>(trace: &'a Trace, config: &Config) -> Rows<'a> {
    let is_asked = |rank: u32| config.ranks.is_empty() || config.ranks.contains(&rank);
    let stated = trace.meta.ranks.iter().map(|info| info.rank).filter(|&rank| is_asked(rank));
    let mut rows: Rows<'a> = stated.map(|rank| (rank, RankRows::default())).collect();
    let mut marks: BTreeMap<Option<u32>, Option<LaneId>> = BTreeMap::new();
    for track in &trace.tracks {
        match track.kind {
            TrackKind::Stream { rank, stream } if is_asked(rank) => {
                let rank = rows.entry(rank).or_default();
                rank.streams.extend(track.lanes.iter().map(|&lane| (lane, stream)));
            }
            TrackKind::Sm { rank, .. } if is_asked(rank) => {
                rows.entry(rank).or_default().sms.push(&track.lanes);
            }
            TrackKind::Rank { rank } if is_asked(rank) => {
                rows.entry(rank).or_default();
            }
            TrackKind::Marks { rank } => {
                let first = track.lanes.first().copied();
                let filled = first.filter(|&lane| !trace.lane(lane).slices.is_empty());
                marks.entry(rank).or_insert(filled);
            }
            _ => {}
        }
    }
    let marks_of = |rank: Option<u32>| marks.get(&rank).copied().flatten();
    for (&rank, rows) in &mut rows {
        rows.iterations = marks_of(Some(rank)).or_else(|| marks_of(None));
        rows.busy = busy(trace, &rows.streams);
    }
    rows
}

fn busy(trace: &Trace, streams: &[(LaneId, u32)]) -> Span {
    let span = |&(lane, _): &(LaneId, u32)| {
        let slices = &trace.lane(lane).slices;
        Some(Span::new(*slices.start_ns.first()?, *slices.end_ns.last()?))
    };
    streams.iter().filter_map(span).reduce(Span::hull).unwrap_or_default()
}
