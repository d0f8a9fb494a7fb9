//! The trace itself: the type that vouches for its parts.

use std::ops::Deref;

use super::{
    Args, BuildError, Diagnostics, Label, LabelId, Lane, LaneId, Meta, SliceRef, Span, TraceParts,
    Track, TrackId, TrackKind, check::check,
};

/// A finished trace: immutable, checked, shareable behind an `Arc`. Reads like its [`TraceParts`].
///
/// What it vouches for, whatever made it:
/// - a track's parent exists and has a smaller id than the track;
/// - every lane is listed by its track, and by no other;
/// - the columns of a lane are of one length, its slices end no earlier than they start, in order and disjoint;
/// - no time of a slice or a sample is further than 73 years from the base time;
/// - every label and every row of arguments that a slice names exists;
/// - every arrow points at slices that exist, and arrows are in order of `from`;
/// - a counter has one value a time, in order of time.
///
/// So every id in it can be used as an index, and every query over a lane or a counter can be a binary search.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace(TraceParts);

impl Deref for Trace {
    type Target = TraceParts;

    fn deref(&self) -> &TraceParts {
        &self.0
    }
}

impl Trace {
    /// A trace of these parts; costs one pass over the columns.
    ///
    /// # Errors
    /// [`BuildError`] names the first thing that does not hold.
    pub fn checked(parts: TraceParts) -> Result<Self, BuildError> {
        check(&parts)?;
        Ok(Self(parts))
    }

    /// The same trace with other facts about the whole: no invariant speaks of them.
    #[must_use]
    pub fn with_meta(mut self, change: impl FnOnce(&mut Meta)) -> Self {
        change(&mut self.0.meta);
        self
    }

    /// The same trace with more to say of it: no invariant speaks of that.
    #[must_use]
    pub fn with_diagnostics(mut self, change: impl FnOnce(&mut Diagnostics)) -> Self {
        change(&mut self.0.diagnostics);
        self
    }

    /// The same trace with ranks numbered anew: `new` maps different ranks to different ones. No invariant speaks of
    /// them.
    #[must_use]
    pub(crate) fn renumbered(mut self, new: impl Fn(u32) -> u32) -> Self {
        let parts = &mut self.0;
        for track in &mut parts.tracks {
            if let TrackKind::Rank { rank } = track.kind
                && track.name == format!("rank {rank}")
            {
                track.name = format!("rank {}", new(rank));
            }
            match &mut track.kind {
                TrackKind::Rank { rank }
                | TrackKind::Stream { rank, .. }
                | TrackKind::Sm { rank, .. }
                | TrackKind::Inside { rank, .. }
                | TrackKind::Driver { rank, .. } => *rank = new(*rank),
                TrackKind::Marks { rank }
                | TrackKind::HostThread { rank, .. }
                | TrackKind::Answer { rank, .. } => {
                    *rank = rank.map(&new);
                }
                TrackKind::Group => {}
            }
        }
        for counter in &mut parts.counters {
            counter.rank = counter.rank.map(&new);
        }
        parts.meta.renumber(new);
        self
    }

    /// The parts, to make another trace of them.
    pub fn into_parts(self) -> TraceParts {
        self.0
    }

    /// The lane with this id.
    pub fn lane(&self, id: LaneId) -> &Lane {
        &self.lanes[id.0 as usize]
    }

    /// The track with this id.
    pub fn track(&self, id: TrackId) -> &Track {
        &self.tracks[id.0 as usize]
    }

    /// The label with this id.
    pub fn label(&self, id: LabelId) -> &Label {
        &self.labels[id.0 as usize]
    }

    /// The label of a slice.
    pub fn label_of(&self, slice: SliceRef) -> &Label {
        self.label(self.lane(slice.lane).slices.label[slice.index as usize])
    }

    /// The span of a slice.
    pub fn span_of(&self, slice: SliceRef) -> Span {
        self.lane(slice.lane).slices.span(slice.index as usize)
    }

    /// The arguments of a slice, unpacked now.
    pub fn args_of(&self, slice: SliceRef) -> Args {
        self.args.get(self.lane(slice.lane).slices.args[slice.index as usize])
    }

    /// Number of slices in all lanes.
    pub fn num_slices(&self) -> usize {
        self.lanes.iter().map(|lane| lane.slices.len()).sum()
    }

    /// From the first start to the last end over all lanes; empty without slices.
    pub fn span(&self) -> Span {
        self.span_where(|_| true)
    }

    /// The same over the tracks that `keep` accepts.
    pub fn span_where(&self, keep: impl Fn(&TrackKind) -> bool) -> Span {
        let mut hull: Option<Span> = None;
        for lane in &self.lanes {
            if !keep(&self.track(lane.track).kind) {
                continue;
            }
            if let (Some(&start), Some(&end)) =
                (lane.slices.start_ns.first(), lane.slices.end_ns.last())
            {
                hull = Some(hull.map_or(Span::new(start, end), |h| {
                    Span::new(h.start_ns.min(start), h.end_ns.max(end))
                }));
            }
        }
        hull.unwrap_or_default()
    }

    /// The track of a kind, when there is one.
    pub fn find_track(&self, kind: &TrackKind) -> Option<TrackId> {
        self.tracks.iter().position(|track| track.kind == *kind).map(|index| TrackId(index as u32))
    }
}
