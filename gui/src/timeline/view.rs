//! How a trace is looked at: window, folds, selection, marks; kept from one iteration's trace to the next.

use std::{collections::BTreeSet, sync::Arc};

use weftscope_traces::{LabelId, SliceRef, Span, TrackId};

use super::{FoldId, Search, TimelineData};

/// A stretch of time over some rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeSelection {
    /// The stretch.
    pub span: Span,
    /// The tracks it covers, top to bottom; a rank's own track stands for all below it.
    pub tracks: Vec<TrackId>,
}

/// What is selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// Nothing.
    #[default]
    None,
    /// One slice: its facts, producers and consumers.
    Slice(SliceRef),
    /// A range: its aggregate.
    Range(RangeSelection),
}

impl Selection {
    /// The selected slice.
    pub fn slice(&self) -> Option<SliceRef> {
        match self {
            Self::Slice(slice) => Some(*slice),
            _ => None,
        }
    }

    /// The selected range.
    pub fn range(&self) -> Option<&RangeSelection> {
        match self {
            Self::Range(range) => Some(range),
            _ => None,
        }
    }
}

/// What the pointer is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hover {
    /// Trace time under the pointer.
    pub time_ns: i64,
    /// Slice under the pointer.
    pub slice: Option<SliceRef>,
}

/// An earlier iteration drawn as outlines under the present one.
#[derive(Clone)]
pub struct Ghost {
    /// The earlier trace.
    pub data: Arc<TimelineData>,
    /// Added to its times so that both iterations start together.
    pub shift_ns: i64,
    /// 0 (gone) … 1 (full); the owner fades it.
    pub opacity: f32,
}

/// Everything about how a trace is looked at. Plain data, changed by [`ViewCommand`](super::ViewCommand) alone.
#[derive(Clone)]
pub struct ViewState {
    /// Time shown.
    pub window: Span,
    /// Points scrolled down.
    pub scroll_y: f32,
    /// Height of one SM row in points, 3…16.
    pub sm_row_height: f32,
    /// What is open; everything else is folded.
    pub open: BTreeSet<FoldId>,
    /// Tracks kept at the top.
    pub pinned: Vec<TrackId>,
    /// What is selected.
    pub selection: Selection,
    /// What the pointer is over.
    pub hover: Option<Hover>,
    /// What is looked for.
    pub search: Search,
    /// Intervals the user marked.
    pub marked: Vec<Span>,
    /// An earlier iteration to compare with.
    pub ghost: Option<Ghost>,
    /// Windows to go back to.
    pub history: Vec<Span>,
}

impl ViewState {
    /// Shortest window in nanoseconds: a point then is about one nanosecond.
    pub const MIN_WINDOW_NS: i64 = 1_000;
    /// SM row heights in points.
    pub const SM_ROW_HEIGHTS: std::ops::RangeInclusive<f32> = 3.0..=16.0;

    /// The whole trace; the first rank open (streams and counters), the others as ribbons.
    pub fn new(data: &TimelineData) -> Self {
        let mut open = BTreeSet::new();
        if let Some(rank) = data.ranks.first() {
            open.insert(FoldId::Rank(rank.rank));
        }
        Self {
            window: data.fit_span(),
            scroll_y: 0.0,
            sm_row_height: 4.0,
            open,
            pinned: Vec::new(),
            selection: Selection::None,
            hover: None,
            search: Search::default(),
            marked: Vec::new(),
            ghost: None,
            history: Vec::new(),
        }
    }

    /// Is this open?
    pub fn is_open(&self, id: FoldId) -> bool {
        self.open.contains(&id)
    }

    /// Moves the view from one trace to the next of the same run: the window is kept (scaled when the whole
    /// trace was in view), the selection follows the same op of the same lane when there is one.
    pub fn retarget(&mut self, old: &TimelineData, new: &TimelineData) {
        if self.window == old.fit_span() {
            self.window = new.fit_span();
        }
        self.hover = None;
        self.history.clear();
        let selected = self.selection.slice().and_then(|slice| same_op(old, new, slice));
        self.selection = match (&self.selection, selected) {
            (Selection::Range(range), _) => Selection::Range(range.clone()),
            (_, Some(slice)) => Selection::Slice(slice),
            _ => Selection::None,
        };
        let tracks = new.trace.tracks.len() as u32;
        self.pinned.retain(|track| track.0 < tracks);
        if let Selection::Range(range) = &mut self.selection {
            range.tracks.retain(|track| track.0 < tracks);
        }
        if !self.search.query.is_empty() {
            self.search = Search::of(new, &self.search.query);
        }
    }
}

/// The slice of `new` on the same lane with the same name, layer and split, the same number of its kind before it.
fn same_op(old: &TimelineData, new: &TimelineData, slice: SliceRef) -> Option<SliceRef> {
    let label = old.trace.label_of(slice);
    let same = |data: &TimelineData, id: LabelId| {
        let other = data.trace.label(id);
        (&other.name, other.layer, other.split) == (&label.name, label.layer, label.split)
    };
    let before = &old.trace.lane(slice.lane).slices.label[..slice.index as usize];
    let nth = before.iter().filter(|&&id| same(old, id)).count();
    let lane = new.trace.lanes.get(slice.lane.0 as usize)?;
    let index =
        (0..lane.slices.len()).filter(|&i| same(new, lane.slices.label[i])).nth(nth)? as u32;
    Some(SliceRef { lane: slice.lane, index })
}
