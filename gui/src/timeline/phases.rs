use weftscope_traces::{LaneId, Phase, Span, Trace, TrackId, TrackKind};

use super::RankRows;

/// One phase of the weave and how tight it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseMark {
    /// Which.
    pub phase: Phase,
    /// Layer, when known.
    pub layer: Option<u32>,
    /// From its first op to its last.
    pub span: Span,
    /// From the end of its communication to the end of its computation: what communication could still grow
    /// by. `None` when one of the two is missing or communication ends last.
    pub slack: Option<Span>,
    /// From the end of its computation to the end of its communication: what is not hidden.
    pub exposed: Option<Span>,
}

/// The phases on the marks row `marks`, with slack read off the ops of the rank whose marks they are.
pub(super) fn phase_marks(
    trace: &Trace,
    ranks: &[RankRows],
    marks: Option<TrackId>,
) -> Vec<PhaseMark> {
    let Some(marks) = marks.map(|track| trace.track(track)) else { return Vec::new() };
    // Iterations, layers, phases.
    let Some(&lane) = marks.lanes.get(2) else { return Vec::new() };
    let rows = match marks.kind {
        TrackKind::Marks { rank: Some(rank) } => ranks.iter().find(|rows| rows.rank == rank),
        _ => ranks.first(),
    };
    let lanes: Vec<LaneId> = rows
        .into_iter()
        .flat_map(|rows| &rows.streams)
        .flat_map(|&track| trace.track(track).lanes.iter().copied())
        .collect();
    let slices = &trace.lane(lane).slices;
    (0..slices.len())
        .map(|index| {
            let label = trace.label(slices.label[index]);
            let span = slices.span(index);
            let [compute, comm] = last_ends(trace, &lanes, span, label.phase);
            let between = |from: Option<i64>, to: Option<i64>| {
                from.zip(to).filter(|(from, to)| from < to).map(|(from, to)| Span::new(from, to))
            };
            PhaseMark {
                phase: label.phase,
                layer: label.layer,
                span,
                slack: between(comm, compute),
                exposed: between(compute, comm),
            }
        })
        .collect()
}

/// Ends of the last computation and the last communication of a phase.
fn last_ends(trace: &Trace, lanes: &[LaneId], span: Span, phase: Phase) -> [Option<i64>; 2] {
    let mut ends = [None; 2];
    for &lane in lanes {
        let slices = &trace.lane(lane).slices;
        for index in slices.range(span) {
            let label = trace.label(slices.label[index]);
            if label.phase != phase || slices.start_ns[index] < span.start_ns {
                continue;
            }
            let end = &mut ends[usize::from(label.kind.is_comm())];
            if label.kind.is_comm() || label.kind.is_compute() {
                *end = (*end).max(Some(slices.end_ns[index]));
            }
        }
    }
    ends
}
