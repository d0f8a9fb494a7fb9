//! Two views of two traces on one clock: what is seen of one is seen of the other, and what is selected.

use weftscope_traces::{Label, SliceRef, TrackId, TrackKind};

use super::{RangeSelection, Selection, TimelineData, ViewCommand, ViewState};

impl ViewState {
    /// Looks at its own trace where `leader` looks at another, `shift_ns` later.
    pub(crate) fn follow(&mut self, leader: &Self, shift_ns: i64) {
        self.window = leader.window.shifted(shift_ns);
        self.open.clone_from(&leader.open);
        self.heights = leader.heights;
        self.rows.clone_from(&leader.rows);
    }
}

impl ViewCommand {
    /// True for what moves linked views together: window, folds, rows and their heights, and what is undone of them.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(
            self,
            Self::Zoom { .. }
                | Self::Pan { .. }
                | Self::Show(_)
                | Self::Fit
                | Self::Undo
                | Self::Redo
                | Self::Toggle(_)
                | Self::FoldAll
                | Self::UnfoldAll
                | Self::SetRowHeight(..)
                | Self::ResetRowHeight(_)
                | Self::Pin(_)
                | Self::Hide(_)
                | Self::ShowAllRows
                | Self::MoveRow(..)
                | Self::FilterRows(_)
                | Self::ResetRows
        )
    }

    /// The same on a clock that is `by_ns` ahead.
    #[must_use]
    pub(crate) fn shifted(self, by_ns: i64) -> Self {
        match self {
            Self::Zoom { factor, at_ns } => {
                Self::Zoom { factor, at_ns: at_ns.saturating_add(by_ns) }
            }
            Self::Show(span) => Self::Show(span.shifted(by_ns)),
            other => other,
        }
    }
}

impl Selection {
    /// The same in another trace: the op of the same name there, or the same stretch of the same rows. `zeros_ns` are the
    /// times of the two that stand for one another.
    pub(crate) fn counterpart(
        &self,
        (from, to): (&TimelineData, &TimelineData),
        zeros_ns: [i64; 2],
    ) -> Self {
        match self {
            Self::None => Self::None,
            Self::Slice(slice) => {
                let found = from.has(*slice).then(|| same_op(*slice, (from, to), zeros_ns));
                found.flatten().map_or(Self::None, Self::Slice)
            }
            Self::Range(range) => {
                let same_track = |&track: &TrackId| {
                    let track = from.trace.tracks.get(track.0 as usize)?;
                    to.trace.find_track(&track.kind)
                };
                Self::Range(RangeSelection {
                    span: range.span.shifted(zeros_ns[1] - zeros_ns[0]),
                    tracks: range.tracks.iter().filter_map(same_track).collect(),
                })
            }
        }
    }
}

/// The op of the same name, layer and split on the same rank, as many such ops after the zero of its trace as `slice`
/// stands after that of its own; of a block that of its op. Streams do not matter: schedules place ops differently.
fn same_op(
    slice: SliceRef,
    (from, to): (&TimelineData, &TimelineData),
    zeros_ns: [i64; 2],
) -> Option<SliceRef> {
    let op = from.op_of(slice)?;
    let rank = from.trace.track(from.trace.lane(op.lane).track).kind.rank()?;
    let label = from.trace.label_of(op);
    // A schedule that does not cut the batch has no splits, and files that others wrote may know no layers.
    let ways: [fn(&Label, &Label) -> bool; 3] = [
        |a, b| (&a.name, a.layer, a.split) == (&b.name, b.layer, b.split),
        |a, b| (&a.name, a.layer) == (&b.name, b.layer),
        |a, b| a.name == b.name,
    ];
    ways.into_iter().find_map(|same| {
        let at_or_after = |data: &TimelineData, zero_ns| {
            let mut ops = ops_like(data, rank, |other| same(label, other));
            ops.retain(|&op| data.trace.span_of(op).start_ns >= zero_ns);
            ops
        };
        let nth = at_or_after(from, zeros_ns[0]).iter().position(|&other| other == op)?;
        at_or_after(to, zeros_ns[1]).get(nth).copied()
    })
}

/// Ops on streams of a rank whose label is like this, by start. Costs a look at every op of the rank.
fn ops_like(data: &TimelineData, rank: u32, is_like: impl Fn(&Label) -> bool) -> Vec<SliceRef> {
    let trace = &data.trace;
    let is_like: Vec<bool> = trace.labels.iter().map(is_like).collect();
    let is_stream =
        |kind: &TrackKind| matches!(kind, TrackKind::Stream { rank: of, .. } if *of == rank);
    let streams = trace.tracks.iter().filter(|track| is_stream(&track.kind));
    let mut ops: Vec<SliceRef> = streams
        .flat_map(|track| &track.lanes)
        .flat_map(|&lane| {
            let labels = trace.lane(lane).slices.label.iter().enumerate();
            let like = labels.filter(|(_, label)| is_like[label.0 as usize]);
            like.map(move |(index, _)| SliceRef { lane, index: index as u32 }).collect::<Vec<_>>()
        })
        .collect();
    ops.sort_by_key(|&op| (trace.span_of(op).start_ns, op));
    ops
}
