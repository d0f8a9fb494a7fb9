//! How a trace is looked at: window, folds, selection, marks; kept from one iteration's trace to the next.

use std::{collections::BTreeSet, sync::Arc};

use weftscope_traces::{LabelId, SliceRef, Span, TrackId};

use super::{
    Arrangement, FoldId, History, Mark, Marks, RowHeights, Search, Sign, TimelineData,
    foresight::window_after,
    history::Stroke,
    mark::{merged, take_in},
};

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

/// Another trace drawn as outlines into the rows of the present one: an earlier iteration, what it is held against, what was predicted.
#[derive(Clone)]
pub struct Ghost {
    /// The other trace.
    pub data: Arc<TimelineData>,
    /// What it is, for the legend.
    pub name: String,
    /// The ends of its iterations are marked.
    pub has_ends: bool,
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
    /// Heights of rows.
    pub heights: RowHeights,
    /// What is open; everything else is folded.
    pub open: BTreeSet<FoldId>,
    /// Rows pinned, hidden, filtered and moved.
    pub rows: Arrangement,
    /// What is selected.
    pub selection: Selection,
    /// What the pointer is over.
    pub hover: Option<Hover>,
    /// What is looked for.
    pub search: Search,
    /// What the user marked.
    pub marks: Marks,
    /// An earlier iteration to compare with.
    pub ghost: Option<Ghost>,
    /// What a lesson says.
    pub signs: Vec<Sign>,
    /// Time that rulers and facts call 0, ns.
    pub zero_ns: i64,
    /// Time pointed at in a view that this one is linked with, on the clock of this one, ns.
    pub echo_ns: Option<i64>,
    /// Changes to undo and to redo.
    pub history: History<Look>,
}

impl ViewState {
    /// Shortest window in nanoseconds: a point then is about one nanosecond.
    pub const MIN_WINDOW_NS: i64 = 1_000;

    /// The whole trace; the first rank open (streams and counters), the others as ribbons; without ranks the host threads.
    pub fn new(data: &TimelineData) -> Self {
        let first = data.ranks.first();
        let open =
            BTreeSet::from([first.map_or(FoldId::Host(None), |rank| FoldId::Rank(rank.rank))]);
        let mut view = Self {
            window: data.fit_span(),
            scroll_y: 0.0,
            heights: RowHeights::default(),
            open,
            rows: Arrangement::default(),
            selection: Selection::None,
            hover: None,
            search: Search::default(),
            marks: Marks::default(),
            ghost: None,
            signs: Vec::new(),
            zero_ns: 0,
            echo_ns: None,
            history: History::default(),
        };
        view.open_answers(data);
        view
    }

    /// Is this open?
    pub fn is_open(&self, id: FoldId) -> bool {
        self.open.contains(&id)
    }

    /// The view of a trace when more of it, or a newer reading, takes its place: what is in view stays in view, unless
    /// that was all of it.
    #[must_use]
    pub fn regrown(&self, old: &TimelineData, new: &TimelineData) -> Self {
        let mut view = self.clone();
        if view.window == old.fit_span() {
            view.window = new.fit_span();
        }
        view.point_anew(old, new);
        let known = |answer: &u32| old.answers.iter().any(|rows| rows.answer == *answer);
        let added = new.answers.iter().map(|rows| rows.answer).find(|answer| !known(answer));
        if let Some(answer) = added {
            // What was asked for is to be seen.
            view.open.insert(FoldId::Answer(answer));
            view.scroll_y = 0.0;
        }
        view
    }

    /// The view of a trace that runs along: what was in view is as far before the end as it was, and as long, unless all
    /// was in view.
    #[must_use]
    pub fn moved_along(&self, old: &TimelineData, new: &TimelineData) -> Self {
        let mut view = self.regrown(old, new);
        if self.window != old.fit_span() {
            view.window = self.window.shifted(new.gpu_span.end_ns - old.gpu_span.end_ns);
        }
        view
    }

    /// Opens the rows of every answer.
    pub(super) fn open_answers(&mut self, data: &TimelineData) {
        self.open.extend(data.answers.iter().map(|rows| FoldId::Answer(rows.answer)));
    }

    /// Moves the view from one trace to the next of the same run: the window is kept unless the whole trace was in
    /// view or its length is quite another (then all of it is shown, which can be undone), the selection follows the
    /// same op of the same lane when there is one.
    pub fn retarget(&mut self, old: &TimelineData, new: &TimelineData) {
        let (old_fit, new_fit) = (old.fit_span(), new.fit_span());
        self.bring_history(old_fit, new_fit);
        let window = window_after(self.window, old_fit, new_fit);
        if self.window == old_fit {
            self.window = window;
        } else if self.window != window {
            self.keep(None, |view| view.window = window);
        }
        self.point_anew(old, new);
    }

    /// What points into a trace points at the same in another.
    fn point_anew(&mut self, old: &TimelineData, new: &TimelineData) {
        self.hover = None;
        let selected = self.selection.slice().and_then(|slice| same_op(old, new, slice));
        self.selection = match (&self.selection, selected) {
            (Selection::Range(range), _) => Selection::Range(range.clone()),
            (_, Some(slice)) => Selection::Slice(slice),
            _ => Selection::None,
        };
        if let Selection::Range(range) = &mut self.selection {
            let tracks = new.trace.tracks.len() as u32;
            range.tracks.retain(|track| track.0 < tracks);
        }
        self.search.retarget(new, |slice| same_op(old, new, slice));
    }
}

/// What undo brings back: all of a view but what is pointed at, selected or looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    window: Span,
    scroll_y: f32,
    heights: RowHeights,
    open: BTreeSet<FoldId>,
    rows: Arrangement,
    marks: Vec<Mark>,
}

impl Look {
    fn of(view: &ViewState) -> Self {
        Self {
            window: view.window,
            scroll_y: view.scroll_y,
            heights: view.heights,
            open: view.open.clone(),
            rows: view.rows.clone(),
            marks: view.marks.list().to_vec(),
        }
    }

    fn put_on(self, view: &mut ViewState) {
        view.window = self.window;
        view.scroll_y = self.scroll_y;
        view.heights = self.heights;
        view.open = self.open;
        view.rows = self.rows;
        view.marks.replace(self.marks);
    }
}

impl ViewState {
    /// Goes back one step; the view stays when there is none.
    pub(super) fn undo(&mut self) {
        if let Some(look) = self.history.undo(Look::of(self)) {
            look.put_on(self);
        }
    }

    /// Takes back the last undo.
    pub(super) fn redo(&mut self) {
        if let Some(look) = self.history.redo(Look::of(self)) {
            look.put_on(self);
        }
    }

    /// Makes a change and remembers what it changed.
    pub(super) fn keep(&mut self, stroke: Option<Stroke>, change: impl FnOnce(&mut Self)) {
        let before = Look::of(self);
        change(self);
        let after = Look::of(self);
        self.history.keep(before, &after, stroke);
    }

    /// Takes in marks that were kept in a file; to undo what was done before they came takes none of them away.
    pub(crate) fn take_marks(&mut self, marks: &[Mark]) {
        let mut list = self.marks.list().to_vec();
        take_in(&mut list, marks);
        self.marks.replace(list);
        for look in self.history.steps() {
            take_in(&mut look.marks, marks);
        }
    }

    /// Takes in what another window made of the marks that were `before`: `now`, in what is seen and in what is undone.
    pub(crate) fn merge_marks(&mut self, before: &[Mark], now: &[Mark]) {
        self.marks.replace(merged(before, self.marks.list(), now));
        for look in self.history.steps() {
            look.marks = merged(before, &look.marks, now);
        }
    }

    /// Steps of a trace become steps of the next: what showed all of it still does.
    fn bring_history(&mut self, old_fit: Span, new_fit: Span) {
        for look in self.history.steps() {
            if look.window == old_fit {
                look.window = new_fit;
            }
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
