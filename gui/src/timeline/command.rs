//! Changes of the view, one variant each, and how each is applied.

use std::sync::Arc;

use weftscope_traces::{SliceRef, Span, TrackId, TrackKind, analysis::Hits};

use super::{
    Arrangement, FoldId, HeightOf, Hover, Landmark, RangeSelection, Search, Selection,
    TimelineData, ViewState, history::Stroke, layout::RowLayout, mark::all_tracks, row_kind::RowId,
};

/// One change of the view. Menu, keys, pointer, tests and the command line all send these.
#[derive(Clone, Debug, PartialEq)]
pub enum ViewCommand {
    /// Makes the window `factor` times as long, keeping `at_ns` where it is on the screen.
    Zoom {
        /// Under 1 zooms in.
        factor: f64,
        /// Time that stays put.
        at_ns: i64,
    },
    /// Moves the window by this many of its own lengths; right is positive.
    Pan {
        /// Share of the window's length.
        share: f64,
    },
    /// Shows exactly this window.
    Show(Span),
    /// Shows the whole trace.
    Fit,
    /// Shows the selection with a margin; the whole trace when nothing is selected.
    FitSelection,
    /// Takes back the last change of what is shown: window, folds, row heights, pins, marks.
    Undo,
    /// Takes back the last [`Undo`](Self::Undo).
    Redo,
    /// Scrolls the rows to this many points from the top.
    Scroll(f32),
    /// Selects a slice.
    Select(SliceRef),
    /// Selects a range.
    SelectRange(RangeSelection),
    /// Selects nothing.
    ClearSelection,
    /// Explains what is selected; the view stays as it is.
    Explain,
    /// Selects this and brings it into view: a slice too short to be seen in the window is zoomed to.
    GoTo(Selection),
    /// Selects the neighbour on the same row: +1 the next, −1 the previous.
    Step(i32),
    /// Selects the next landmark (+1) or the one before (−1) and brings it into view.
    Go(Landmark, i32),
    /// Selects a producer of the selected slice.
    Producer,
    /// Selects a consumer of the selected slice.
    Consumer,
    /// The pointer moved.
    Hover(Option<Hover>),
    /// Opens what is folded and folds what is open.
    Toggle(FoldId),
    /// Folds every rank to its ribbon.
    FoldAll,
    /// Opens every rank with its SM rows.
    UnfoldAll,
    /// Makes rows of a kind so high, points, within their limits.
    SetRowHeight(HeightOf, f32),
    /// Makes rows of a kind as high as at first.
    ResetRowHeight(HeightOf),
    /// Keeps a row at the top, or lets it go.
    Pin(RowId),
    /// Hides rows, and what is below them.
    Hide(Vec<RowId>),
    /// Shows every row again: none is hidden, and none filtered out.
    ShowAllRows,
    /// Moves a row past its neighbour: −1 up, +1 down.
    MoveRow(RowId, i32),
    /// Shows only rows with this in their names; the empty text shows all.
    FilterRows(String),
    /// Rows as they were recorded: none is pinned, hidden, filtered out or moved.
    ResetRows,
    /// Marks the selected slice's or range's interval, or the time under the pointer when nothing is selected; what is
    /// marked already is marked no longer.
    Mark,
    /// Gives a mark (by its place in the list) a name and a note.
    EditMark {
        /// Place in the list.
        at: usize,
        /// Name.
        name: String,
        /// Note.
        note: String,
    },
    /// Takes a mark away.
    RemoveMark(usize),
    /// Shows name and note of a mark to be edited, or of none.
    OpenMark(Option<usize>),
    /// Brings a mark into view and selects its stretch.
    ShowMark(usize),
    /// The same with the next mark (+1) or the one before (−1).
    GoMark(i32),
    /// Looks for a text by the grammar of [`Query`](weftscope_traces::analysis::Query); the empty text looks for nothing.
    Search(String),
    /// Goes to the next hit (+1) or the one before (−1).
    SearchStep(i32),
}

impl ViewCommand {
    /// Applies this command. Pure: the same state, data and command give the same state.
    pub fn apply(self, view: &mut ViewState, data: &TimelineData) {
        let stroke = match self {
            Self::Undo => return view.undo(),
            Self::Redo => return view.redo(),
            // Where rows are scrolled to comes back with a step, and is none.
            Self::Hover(_) | Self::Scroll(_) => return self.change(view, data),
            Self::Zoom { .. } | Self::Pan { .. } => Some(Stroke::Move),
            Self::SetRowHeight(of, _) => Some(Stroke::RowHeight(of)),
            Self::FilterRows(_) => Some(Stroke::Filter),
            Self::EditMark { at, .. } => Some(Stroke::MarkText(at)),
            _ => None,
        };
        view.keep(stroke, |view| self.change(view, data));
    }

    fn change(self, view: &mut ViewState, data: &TimelineData) {
        match self {
            Self::Undo | Self::Redo => {}
            Self::Zoom { factor, at_ns } => view.window = zoomed(view.window, factor, at_ns, data),
            Self::Pan { share } => {
                let by = (view.window.len_ns() as f64 * share).round() as i64;
                view.window = clamped(view.window.shifted(by), data);
            }
            Self::Show(span) => jump(view, span, data),
            Self::Fit => jump(view, data.fit_span(), data),
            Self::FitSelection => {
                let span = selected_span(view, data).map_or(data.fit_span(), with_air);
                jump(view, span, data);
            }
            Self::Scroll(y) => view.scroll_y = y.max(0.0),
            // What was pointed at may have been of the iteration before.
            Self::Select(slice) if !data.has(slice) => {}
            Self::Select(slice) => select(view, slice),
            Self::SelectRange(range) => select_range(view, range, data),
            Self::GoTo(Selection::Slice(slice)) if !data.has(slice) => {}
            Self::GoTo(found) => {
                zoom_to_see(view, data, &found);
                go_to(view, data, found);
            }
            Self::ClearSelection => view.selection = Selection::None,
            Self::Explain => {}
            Self::Step(by) => step(view, data, by),
            Self::Go(landmark, by) => go(view, data, landmark, by),
            Self::Producer => follow(view, data, |slice| data.producers(slice).last()),
            Self::Consumer => follow(view, data, |slice| data.consumers(slice).next()),
            Self::Hover(hover) => {
                let is_here = |hover: &Hover| hover.slice.is_none_or(|slice| data.has(slice));
                view.hover = hover.filter(is_here);
            }
            Self::Toggle(id) => {
                if !view.open.remove(&id) {
                    view.open.insert(id);
                }
            }
            Self::FoldAll => view.open.clear(),
            Self::UnfoldAll => {
                for rows in &data.ranks {
                    view.open.insert(FoldId::Rank(rows.rank));
                    view.open.insert(FoldId::Sms(rows.rank));
                }
            }
            Self::SetRowHeight(of, points) => view.heights.set(of, points),
            Self::ResetRowHeight(of) => view.heights.reset(of),
            Self::Pin(row) => view.rows.toggle_pin(row),
            Self::Hide(rows) => view.rows.hide(rows),
            Self::ShowAllRows => view.rows.show_all(),
            Self::MoveRow(row, by) => view.rows.move_row(data, &row, by),
            Self::FilterRows(text) => view.rows.filter = text,
            Self::ResetRows => view.rows = Arrangement::default(),
            Self::Mark => mark(view, data),
            Self::EditMark { at, name, note } => view.marks.rename(at, name, note),
            Self::RemoveMark(at) => view.marks.remove(at),
            Self::OpenMark(at) => view.marks.set_open(at),
            Self::ShowMark(at) => show_mark(view, data, at),
            Self::GoMark(by) => {
                let centre_ns = view.window.start_ns + view.window.len_ns() / 2;
                if let Some(at) = view.marks.neighbour(by, centre_ns) {
                    show_mark(view, data, at);
                }
            }
            Self::Search(text) => view.search = Search::of(data, text),
            Self::SearchStep(by) => search_step(view, data, by),
        }
    }
}

fn select(view: &mut ViewState, slice: SliceRef) {
    view.selection = Selection::Slice(slice);
}

fn select_range(view: &mut ViewState, mut range: RangeSelection, data: &TimelineData) {
    range.tracks.retain(|track| (track.0 as usize) < data.trace.tracks.len());
    view.selection = Selection::Range(range);
}

/// The window `factor` times as long around `at_ns`, within the limits of the trace.
fn zoomed(window: Span, factor: f64, at_ns: i64, data: &TimelineData) -> Span {
    let longest = data.whole_span().len_ns().max(ViewState::MIN_WINDOW_NS);
    let length = window.len_ns().max(1) as f64;
    let want = (length * factor).round();
    // A factor that meets a limit must not move what it cannot scale.
    let want = want.clamp(ViewState::MIN_WINDOW_NS as f64, longest as f64);
    let share = (at_ns - window.start_ns) as f64 / length;
    let start_ns = at_ns.saturating_sub((share * want).round() as i64);
    clamped(Span::new(start_ns, start_ns.saturating_add(want as i64)), data)
}

/// Keeps at least part of the trace in the window: the window's centre stays within the trace.
fn clamped(window: Span, data: &TimelineData) -> Span {
    let length = window.len_ns().max(ViewState::MIN_WINDOW_NS);
    let limits = data.whole_span();
    let centre = (window.start_ns + window.len_ns() / 2).clamp(limits.start_ns, limits.end_ns);
    let start_ns = if length == window.len_ns() && centre == window.start_ns + window.len_ns() / 2 {
        window.start_ns
    } else {
        centre - length / 2
    };
    Span::new(start_ns, start_ns + length)
}

fn with_air(span: Span) -> Span {
    let margin = (span.len_ns() / 8).max(ViewState::MIN_WINDOW_NS / 2);
    Span::new(span.start_ns - margin, span.end_ns + margin)
}

fn jump(view: &mut ViewState, span: Span, data: &TimelineData) {
    view.window = clamped(span, data);
}

fn go(view: &mut ViewState, data: &TimelineData, landmark: Landmark, by: i32) {
    if let Some(found) = landmark.find(view, data, by) {
        go_to(view, data, found);
    }
}

fn go_to(view: &mut ViewState, data: &TimelineData, found: Selection) {
    match found {
        Selection::None => view.selection = Selection::None,
        Selection::Slice(slice) => {
            select(view, slice);
            reveal(view, data, slice);
        }
        Selection::Range(range) => {
            show_span(view, data, range.span);
            select_range(view, range, data);
            let first = view.selection.range().and_then(|range| range.tracks.first().copied());
            if let Some(track) = first {
                show_track(view, data, track);
            }
        }
    }
}

/// Shows less time where `found` would be thinner than two thousandths of the window: a few pixels.
fn zoom_to_see(view: &mut ViewState, data: &TimelineData, found: &Selection) {
    const LEAST: i64 = 500;
    /// Of the window, when it is zoomed.
    const THEN: i64 = 20;
    let Some(span) = span_of(found, data) else { return };
    if span.len_ns().saturating_mul(LEAST) >= view.window.len_ns() {
        return;
    }
    let length = (span.len_ns() * THEN).max(ViewState::MIN_WINDOW_NS);
    let start_ns = span.start_ns + span.len_ns() / 2 - length / 2;
    jump(view, Span::new(start_ns, start_ns + length), data);
}

fn selected_span(view: &ViewState, data: &TimelineData) -> Option<Span> {
    span_of(&view.selection, data)
}

fn span_of(selection: &Selection, data: &TimelineData) -> Option<Span> {
    match selection {
        Selection::None => None,
        Selection::Slice(slice) => Some(data.trace.span_of(*slice)),
        Selection::Range(range) => Some(range.span),
    }
}

fn step(view: &mut ViewState, data: &TimelineData, by: i32) {
    let Some(slice) = view.selection.slice() else { return };
    let last = data.trace.lane(slice.lane).slices.len() as i64 - 1;
    let index = (i64::from(slice.index) + i64::from(by)).clamp(0, last) as u32;
    show_slice(view, data, SliceRef { index, ..slice });
}

/// Selects a slice and brings it into view.
fn show_slice(view: &mut ViewState, data: &TimelineData, slice: SliceRef) {
    select(view, slice);
    reveal(view, data, slice);
}

/// Arrows join ops, so a block is left by way of the op it belongs to.
fn follow(view: &mut ViewState, data: &TimelineData, next: impl Fn(SliceRef) -> Option<SliceRef>) {
    let Some(slice) = view.selection.slice() else { return };
    let found = next(slice).or_else(|| data.op_of(slice).and_then(&next));
    if let Some(found) = found {
        show_slice(view, data, found);
    }
}

/// Moves the window, without zooming, so that `slice` can be seen, and shows its row.
fn reveal(view: &mut ViewState, data: &TimelineData, slice: SliceRef) {
    show_span(view, data, data.trace.span_of(slice));
    show_track(view, data, data.trace.lane(slice.lane).track);
}

/// Shows the row of a track; opens what it stands under, and scrolls when it does not show.
fn show_track(view: &mut ViewState, data: &TimelineData, track: TrackId) {
    let kind = &data.trace.track(track).kind;
    let Some(row) = RowId::Track(kind.clone()).find(data) else { return };
    view.rows.reveal(data, row);
    if let (Some(rank), false) = (kind.rank(), matches!(kind, TrackKind::Answer { .. })) {
        view.open.insert(FoldId::Rank(rank));
    }
    match kind {
        TrackKind::Answer { answer, .. } => {
            view.open.insert(FoldId::Answer(*answer));
        }
        TrackKind::Sm { rank, .. } => {
            view.open.insert(FoldId::Sms(*rank));
        }
        TrackKind::Inside { rank, .. } => {
            view.open.insert(FoldId::Inside(*rank));
        }
        TrackKind::HostThread { rank, .. } => {
            view.open.insert(FoldId::Host(*rank));
        }
        _ => {}
    }
    if view.rows.is_pinned(&row.id(data)) {
        return;
    }
    let layout = RowLayout::new(data, view);
    if let Some(row) = layout.rows.iter().find(|placed| placed.kind == row)
        && (row.y < view.scroll_y || row.y > view.scroll_y + 400.0)
    {
        view.scroll_y = (row.y - 80.0).max(0.0);
    }
}

/// Moves the window, without zooming, so that `span` can be seen.
fn show_span(view: &mut ViewState, data: &TimelineData, span: Span) {
    if !span.overlaps(view.window) && !view.window.contains(span.start_ns) {
        let centre = span.start_ns + span.len_ns() / 2;
        let by = centre - (view.window.start_ns + view.window.len_ns() / 2);
        let window = view.window.shifted(by);
        jump(view, window, data);
    }
}

fn mark(view: &mut ViewState, data: &TimelineData) {
    let pointed = || view.hover.map(|hover| Span::new(hover.time_ns, hover.time_ns));
    if let Some(span) = selected_span(view, data).or_else(pointed) {
        view.marks.toggle(span);
    }
}

fn show_mark(view: &mut ViewState, data: &TimelineData, at: usize) {
    let Some(span) = view.marks.go_to(at) else { return };
    show_span(view, data, span);
    if !span.is_empty() {
        let tracks = all_tracks(data);
        view.selection = Selection::Range(RangeSelection { span, tracks });
    }
}

fn search_step(view: &mut ViewState, data: &TimelineData, by: i32) {
    if let Some(hit) = view.search.step(data, view.window, by) {
        show_slice(view, data, hit);
    }
}

impl ViewState {
    /// Takes in the hits that a job has found for its search.
    pub(crate) fn take_hits(&mut self, data: &TimelineData, hits: Arc<Hits>) {
        let steps = self.search.take(hits).unwrap_or(0);
        for _ in 0..steps.abs() {
            search_step(self, data, steps);
        }
    }
}
