use serde::{Deserialize, Serialize};

use crate::analysis::intervals::IntervalSet;
use crate::model::{Kind, Span, Trace, TrackId, TrackKind};

/// Communication of the selected ranks inside the range, summed over ranks: all of a rank that any selected row belongs
/// to, since what hides it may run on a row that is not selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectedComm {
    /// Ranks.
    pub ranks: usize,
    /// Time with communication.
    pub comm_ns: i64,
    /// With computation of the same rank beside it.
    pub hidden_ns: i64,
    /// With none.
    pub exposed_ns: i64,
}

/// As [`overlap`](crate::analysis::overlap()) has it, of a window.
pub(super) fn hidden(trace: &Trace, tracks: &[TrackId], window: Span) -> SelectedComm {
    let mut ranks: Vec<u32> =
        tracks.iter().filter_map(|&track| trace.track(track).kind.rank()).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let mut sum = SelectedComm { ranks: ranks.len(), ..SelectedComm::default() };
    for rank in ranks {
        let compute = union(trace, rank, window, Kind::is_compute);
        let comm = union(trace, rank, window, Kind::is_comm);
        let (comm_ns, hidden_ns) = (comm.len_ns(), comm.intersect_len_ns(&compute));
        sum.comm_ns += comm_ns;
        sum.hidden_ns += hidden_ns;
        sum.exposed_ns += comm_ns - hidden_ns;
    }
    sum
}

fn union(trace: &Trace, rank: u32, window: Span, keep: fn(Kind) -> bool) -> IntervalSet {
    let of_rank =
        |kind: &TrackKind| matches!(kind, TrackKind::Stream { rank: of, .. } if *of == rank);
    let streams = trace.tracks.iter().filter(|track| of_rank(&track.kind));
    let lanes = streams.flat_map(|track| &track.lanes);
    let spans = lanes.flat_map(|&lane| {
        let slices = &trace.lane(lane).slices;
        let rows = slices.range(window);
        let kept = rows.filter(move |&row| keep(trace.label(slices.label[row]).kind));
        kept.map(|row| slices.span(row).intersect(window))
    });
    spans.collect()
}
