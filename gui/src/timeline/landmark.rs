use weftscope_traces::{SliceRef, Span, TrackId, analysis::intervals::IntervalSet};

use super::{RangeSelection, RankRows, Selection, TimelineData, ViewState};

/// What one goes to, one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landmark {
    /// The selected op, elsewhere on its stream: of the same name, whatever its layer and split.
    SameOp,
    /// Communication with no computation of the same rank beside it.
    Exposed,
    /// Time between two ops of a rank in which nothing runs on any of its streams.
    Gap,
}

impl Landmark {
    /// The next one (`by` > 0) or the one before, on the rank that is selected, else on the first.
    pub(super) fn find(self, view: &ViewState, data: &TimelineData, by: i32) -> Option<Selection> {
        if self == Self::SameOp {
            return same_op(view, data, by).map(Selection::Slice);
        }
        let rank = rank_of(view, data)?;
        let spans = spans_of(self, data, rank);
        let spans = spans.spans();
        let from_ns = match &view.selection {
            Selection::Slice(slice) => data.trace.span_of(*slice).start_ns,
            Selection::Range(range) => range.span.start_ns,
            Selection::None if by > 0 => view.window.start_ns.saturating_sub(1),
            Selection::None => view.window.end_ns,
        };
        let span = if by > 0 {
            spans.get(spans.partition_point(|span| span.start_ns <= from_ns))
        } else {
            spans[..spans.partition_point(|span| span.start_ns < from_ns)].last()
        };
        let tracks = rank.streams.clone();
        span.map(|&span| Selection::Range(RangeSelection { span, tracks }))
    }
}

fn same_op(view: &ViewState, data: &TimelineData, by: i32) -> Option<SliceRef> {
    let op = data.op_of(view.selection.slice()?)?;
    let labels = &data.trace.lane(op.lane).slices.label;
    let at = op.index as usize;
    let name = |index: usize| &data.trace.label(labels[index]).name;
    let is_same = |&index: &usize| name(index) == name(at);
    let found =
        if by > 0 { (at + 1..labels.len()).find(is_same) } else { (0..at).rev().find(is_same) };
    found.map(|index| SliceRef { index: index as u32, ..op })
}

fn rank_of<'a>(view: &ViewState, data: &'a TimelineData) -> Option<&'a RankRows> {
    let of = |track: TrackId| data.trace.track(track).kind.rank();
    let rank = match &view.selection {
        Selection::None => None,
        Selection::Slice(slice) => of(data.trace.lane(slice.lane).track),
        Selection::Range(range) => range.tracks.first().and_then(|&track| of(track)),
    };
    let selected = data.ranks.iter().find(|rows| Some(rows.rank) == rank);
    selected.or(data.ranks.first())
}

fn spans_of(landmark: Landmark, data: &TimelineData, rank: &RankRows) -> IntervalSet {
    let (mut compute, mut comm, mut all) = (Vec::new(), Vec::new(), Vec::new());
    let lanes = rank.streams.iter().flat_map(|&track| &data.trace.track(track).lanes);
    for &lane in lanes {
        let slices = &data.trace.lane(lane).slices;
        for index in 0..slices.len() {
            let (kind, span) = (data.trace.label(slices.label[index]).kind, slices.span(index));
            all.push(span);
            if kind.is_compute() {
                compute.push(span);
            } else if kind.is_comm() {
                comm.push(span);
            }
        }
    }
    if landmark == Landmark::Exposed {
        return IntervalSet::union_of(comm).subtract(&IntervalSet::union_of(compute));
    }
    let busy = IntervalSet::union_of(all);
    let ends = busy.spans().first().zip(busy.spans().last());
    let hull = ends.map(|(first, last)| Span::new(first.start_ns, last.end_ns));
    IntervalSet::union_of(hull).subtract(&busy)
}
