use weftscope_traces::{
    SliceRef, TrackId,
    analysis::{exposed_spans, gap_spans},
};

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
        let spans_of = match self {
            Self::SameOp => return same_op(view, data, by).map(Selection::Slice),
            Self::Exposed => exposed_spans,
            Self::Gap => gap_spans,
        };
        let rank = rank_of(view, data)?;
        let spans = spans_of(&data.trace, rank.rank);
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
