//! Commands on the view, without a window.

use std::sync::{Arc, LazyLock};

use crate::common::synthetic::{self, Shape};
use proptest::prelude::*;
use weftscope::timeline::{
    FoldId, HeightOf, Hover, Landmark, RangeSelection, RowKind, RowLayout, Selection, TimeScale,
    TimelineData, ViewCommand, ViewState, facts,
};
use weftscope_traces::{SliceRef, Span};

static DATA: LazyLock<TimelineData> =
    LazyLock::new(|| TimelineData::new(Arc::new(synthetic::trace(Shape::TINY))));

fn view() -> ViewState {
    ViewState::new(&DATA)
}

fn apply(view: &mut ViewState, command: ViewCommand) {
    command.apply(view, &DATA);
}

fn op(rank: usize, stream: usize, index: u32) -> SliceRef {
    let track = DATA.ranks[rank].streams[stream];
    SliceRef { lane: DATA.trace.track(track).lanes[0], index }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Time → x → time comes back to within what a thousandth of a point is wide; x is an `f32`.
    #[test]
    fn time_and_x_map_back(
        start in -1_000_000_000_000_i64..1_000_000_000_000,
        length in 1_000_i64..1_000_000_000_000,
        width in 50.0_f32..4_000.0,
        share in 0.0_f64..1.0,
    ) {
        let window = Span::new(start, start + length);
        let scale = TimeScale::new(window, 100.0, width);
        let t = start + (length as f64 * share) as i64;
        let back = scale.time_from_x(scale.x_from_time(t));
        let tolerance = (scale.ns_per_point() * 0.001).ceil() as i64 + 1;
        prop_assert!((back - t).abs() <= tolerance, "{} became {}", t, back);
    }

    /// What is under the pointer stays under the pointer, unless the window meets the end of the trace.
    #[test]
    fn zoom_keeps_the_time_under_the_pointer(share in 0.0_f64..1.0, factor in 0.02_f64..0.99) {
        let mut view = view();
        let before = view.window;
        let at_ns = before.start_ns + (before.len_ns() as f64 * share) as i64;
        let scale = TimeScale::new(before, 0.0, 1000.0);
        let x = scale.x_from_time(at_ns);
        apply(&mut view, ViewCommand::Zoom { factor, at_ns });
        let moved = TimeScale::new(view.window, 0.0, 1000.0).x_from_time(at_ns) - x;
        let centre = view.window.start_ns + view.window.len_ns() / 2;
        let limits = DATA.whole_span();
        prop_assert!(moved.abs() < 1.0 || centre <= limits.start_ns || centre >= limits.end_ns);
        prop_assert!(view.window.len_ns() >= ViewState::MIN_WINDOW_NS);
    }

    /// No sequence of commands loses the trace from the window or makes the window shorter than its limit.
    #[test]
    fn the_trace_stays_in_reach(steps in prop::collection::vec((0_u8..3, -4.0_f64..4.0), 1..40)) {
        let mut view = view();
        for (which, value) in steps {
            let at_ns = view.window.start_ns;
            apply(&mut view, match which {
                0 => ViewCommand::Zoom { factor: value.exp2(), at_ns },
                1 => ViewCommand::Pan { share: value },
                _ => ViewCommand::Fit,
            });
            let centre = view.window.start_ns + view.window.len_ns() / 2;
            let limits = DATA.whole_span();
            prop_assert!(limits.start_ns - 1 <= centre && centre <= limits.end_ns + 1);
            prop_assert!(view.window.len_ns() >= ViewState::MIN_WINDOW_NS);
        }
    }
}

#[test]
fn zooming_out_far_shows_the_whole_trace_and_stops() {
    let mut view = view();
    for _ in 0..20 {
        let at_ns = view.window.start_ns;
        apply(&mut view, ViewCommand::Zoom { factor: 3.0, at_ns });
    }
    assert!(view.window.len_ns() <= DATA.whole_span().len_ns());
}

#[test]
fn folding_hides_rows_and_opening_brings_them_back() {
    let mut view = view();
    apply(&mut view, ViewCommand::FoldAll);
    let folded = RowLayout::new(&DATA, &view);
    assert!(folded.rows.iter().all(|row| matches!(row.kind, RowKind::Rank(_))));
    assert_eq!(folded.rows.len(), DATA.ranks.len());
    apply(&mut view, ViewCommand::UnfoldAll);
    let open = RowLayout::new(&DATA, &view);
    let sms = open.rows.iter().filter(|row| matches!(row.kind, RowKind::Sm(_))).count();
    assert_eq!(sms, DATA.ranks.iter().map(|rows| rows.sms.len()).sum::<usize>());
    apply(&mut view, ViewCommand::Toggle(FoldId::Rank(0)));
    assert!(RowLayout::new(&DATA, &view).height < open.height);
}

#[test]
fn rows_lie_under_one_another_and_are_found_by_height() {
    let mut view = view();
    apply(&mut view, ViewCommand::UnfoldAll);
    for layout in [RowLayout::new(&DATA, &view), RowLayout::fitted(&DATA, &view, 2000.0)] {
        for pair in layout.rows.windows(2) {
            assert!(pair[1].y >= pair[0].y + pair[0].height - 1e-3);
        }
        for row in &layout.rows {
            let found = layout.row_at(row.y + row.height / 2.0).unwrap();
            assert_eq!(found.kind, row.kind);
        }
    }
}

#[test]
fn steps_walk_the_row_and_stop_at_its_ends() {
    let mut view = view();
    apply(&mut view, ViewCommand::Select(op(0, 0, 0)));
    apply(&mut view, ViewCommand::Step(-1));
    assert_eq!(view.selection.slice(), Some(op(0, 0, 0)));
    apply(&mut view, ViewCommand::Step(1));
    assert_eq!(view.selection.slice(), Some(op(0, 0, 1)));
    apply(&mut view, ViewCommand::ClearSelection);
    apply(&mut view, ViewCommand::Step(1));
    assert_eq!(view.selection, Selection::None);
}

#[test]
fn producers_and_consumers_are_each_others() {
    let mut view = view();
    apply(&mut view, ViewCommand::Select(op(0, 0, 1)));
    apply(&mut view, ViewCommand::Consumer);
    let consumer = view.selection.slice().unwrap();
    assert!(DATA.producers(consumer).any(|producer| producer == op(0, 0, 1)));
    apply(&mut view, ViewCommand::Producer);
    let producer = view.selection.slice().unwrap();
    assert!(DATA.consumers(producer).any(|found| found == consumer));
}

#[test]
fn a_block_is_followed_by_way_of_its_op() {
    let sm = DATA.trace.track(DATA.ranks[0].sms[0]).lanes[0];
    let block = SliceRef { lane: sm, index: 0 };
    assert_eq!(DATA.op_of(block), Some(op(0, 0, 0)));
    let mut view = view();
    apply(&mut view, ViewCommand::Select(block));
    apply(&mut view, ViewCommand::Consumer);
    assert!(DATA.consumers(op(0, 0, 0)).any(|found| Some(found) == view.selection.slice()));
}

#[test]
fn search_finds_ops_and_steps_through_them() {
    let mut view = view();
    apply(&mut view, ViewCommand::Search("ATTENTION".to_owned()));
    assert_eq!(view.search.count(), Some(2 * DATA.ranks.len()));
    apply(&mut view, ViewCommand::SearchStep(1));
    let first = view.selection.slice().unwrap();
    assert_eq!(DATA.trace.label_of(first).name, "attention");
    apply(&mut view, ViewCommand::SearchStep(-1));
    assert_eq!(view.search.number(), view.search.count(), "past the first to the last");
    apply(&mut view, ViewCommand::Search(String::new()));
    assert!(!view.search.is_active() && view.search.count().is_none());
}

#[test]
fn jumps_can_be_undone_and_intervals_marked() {
    let mut view = view();
    let whole = view.window;
    let range = RangeSelection { span: Span::new(20_000, 60_000), tracks: Vec::new() };
    apply(&mut view, ViewCommand::SelectRange(range.clone()));
    apply(&mut view, ViewCommand::Mark);
    let spans: Vec<Span> = view.marks.list().iter().map(|mark| mark.span).collect();
    assert_eq!(spans, [range.span]);
    apply(&mut view, ViewCommand::Mark);
    assert!(view.marks.list().is_empty());
    apply(&mut view, ViewCommand::FitSelection);
    let near = view.window;
    assert!(near.len_ns() < whole.len_ns());
    apply(&mut view, ViewCommand::Undo);
    assert_eq!(view.window, whole);
    apply(&mut view, ViewCommand::Redo);
    assert_eq!(view.window, near);
}

/// Names are given and free; marks stand in order, are gone to one after another, and come and go with undo.
#[test]
fn marks_are_named_edited_and_gone_to() {
    let mut view = view();
    let names = |view: &ViewState| {
        view.marks.list().iter().map(|mark| mark.name.clone()).collect::<Vec<_>>()
    };
    for at in [60_000, 20_000, 90_000] {
        let range = RangeSelection { span: Span::new(at, at + 5_000), tracks: Vec::new() };
        apply(&mut view, ViewCommand::SelectRange(range));
        apply(&mut view, ViewCommand::Mark);
    }
    apply(&mut view, ViewCommand::ClearSelection);
    apply(&mut view, ViewCommand::Mark);
    assert_eq!(names(&view), ["mark 2", "mark 1", "mark 3"], "nothing selected or pointed at");
    let hover = Hover { time_ns: 70_000, slice: None };
    apply(&mut view, ViewCommand::Hover(Some(hover)));
    apply(&mut view, ViewCommand::Mark);
    assert_eq!(names(&view), ["mark 2", "mark 1", "mark 4", "mark 3"]);
    assert!(view.marks.list()[2].span.is_empty(), "an instant");
    apply(&mut view, ViewCommand::RemoveMark(0));
    let rename = |name: &str| ViewCommand::EditMark { at: 0, name: name.into(), note: "n".into() };
    for name in ["l", "la", "late"] {
        apply(&mut view, rename(name));
    }
    assert_eq!(names(&view), ["late", "mark 4", "mark 3"]);
    apply(&mut view, ViewCommand::Show(Span::new(0, 2_000)));
    let mut visited = Vec::new();
    for by in [1, 1, 1, 1, -1] {
        apply(&mut view, ViewCommand::GoMark(by));
        let at = view.marks.current().unwrap();
        let span = view.marks.list()[at].span;
        assert!(view.window.overlaps(span) || view.window.contains(span.start_ns));
        visited.push(at);
    }
    assert_eq!(visited, [0, 1, 2, 2, 1]);
    assert_eq!(view.selection.range().map(|range| range.span), Some(Span::new(90_000, 95_000)));
    while names(&view)[0] == "late" {
        apply(&mut view, ViewCommand::Undo);
    }
    assert_eq!(names(&view), ["mark 1", "mark 4", "mark 3"], "typing is one step");
    apply(&mut view, ViewCommand::Undo);
    assert_eq!(names(&view).len(), 4);
}

/// Zooming and panning in a row are one step; folds, heights and pins are steps of their own; a new change forgets
/// what could be redone.
#[test]
fn every_change_of_the_view_can_be_undone_and_redone() {
    let mut view = view();
    let shown =
        |view: &ViewState| (view.window, view.open.clone(), view.heights, view.rows.clone());
    let mut steps = vec![shown(&view)];
    let at_ns = view.window.start_ns;
    let row = RowKind::Stream(DATA.ranks[0].streams[0]).id(&DATA);
    let changes: [&[ViewCommand]; 4] = [
        &[ViewCommand::Zoom { factor: 0.5, at_ns }, ViewCommand::Pan { share: 0.1 }],
        &[ViewCommand::Toggle(FoldId::Rank(1))],
        &[
            ViewCommand::SetRowHeight(HeightOf::Sm, 8.0),
            ViewCommand::SetRowHeight(HeightOf::Sm, 9.0),
        ],
        &[ViewCommand::Pin(row)],
    ];
    for change in changes {
        change.iter().for_each(|command| apply(&mut view, command.clone()));
        steps.push(shown(&view));
    }
    for step in steps.iter().rev().skip(1) {
        apply(&mut view, ViewCommand::Undo);
        assert_eq!(shown(&view), *step);
    }
    for step in &steps[1..] {
        apply(&mut view, ViewCommand::Redo);
        assert_eq!(shown(&view), *step);
    }
    apply(&mut view, ViewCommand::Undo);
    apply(&mut view, ViewCommand::FoldAll);
    let folded = shown(&view);
    apply(&mut view, ViewCommand::Redo);
    assert_eq!(shown(&view), folded);
}

/// Against what is exposed by the analysis, and against names read one by one.
#[test]
fn landmarks_are_gone_to_one_after_another() {
    let mut view = view();
    let mut exposed_ns = 0;
    let mut last = None;
    loop {
        apply(&mut view, ViewCommand::Go(Landmark::Exposed, 1));
        let range = view.selection.range().cloned();
        if range == last {
            break;
        }
        exposed_ns += range.as_ref().map_or(0, |range| range.span.len_ns());
        last = range;
    }
    assert!(exposed_ns > 0);
    assert_eq!(exposed_ns, DATA.ranks[0].overlap.unwrap().exposed_comm_ns);
    apply(&mut view, ViewCommand::ClearSelection);
    apply(&mut view, ViewCommand::Go(Landmark::Gap, 1));
    let gap = view.selection.range().unwrap().span;
    for &track in &DATA.ranks[0].streams {
        for &lane in &DATA.trace.track(track).lanes {
            assert!(DATA.trace.lane(lane).slices.range(gap).is_empty(), "{gap:?}");
        }
    }
    apply(&mut view, ViewCommand::Select(op(0, 0, 0)));
    apply(&mut view, ViewCommand::Go(Landmark::SameOp, 1));
    let next = view.selection.slice().unwrap();
    assert!(next.index > 0 && next.lane == op(0, 0, 0).lane);
    assert_eq!(DATA.trace.label_of(next).name, "qkv");
    apply(&mut view, ViewCommand::Go(Landmark::SameOp, -1));
    assert_eq!(view.selection.slice(), Some(op(0, 0, 0)));
}

/// Seen whole, an op is a hair; gone to, it is wide enough to be read, and undo shows the whole again.
#[test]
fn what_is_gone_to_is_in_view_and_wide_enough() {
    let mut view = view();
    let ops = |rank: usize, stream: usize| {
        let count = DATA.trace.lane(op(rank, stream, 0).lane).slices.len() as u32;
        (0..count).map(move |index| op(rank, stream, index))
    };
    let before = view.window;
    let shortest = ops(1, 0).min_by_key(|&op| DATA.trace.span_of(op).len_ns()).unwrap();
    let span = DATA.trace.span_of(shortest);
    // A window a thousand times as long.
    let length = span.len_ns() * 1000;
    apply(&mut view, ViewCommand::Show(Span::new(before.start_ns, before.start_ns + length)));
    let long = view.window;
    apply(&mut view, ViewCommand::GoTo(Selection::Slice(shortest)));
    assert_eq!(view.selection, Selection::Slice(shortest));
    assert!(view.is_open(FoldId::Rank(1)), "its row is open");
    let share = span.len_ns() as f64 / view.window.len_ns() as f64;
    assert!(share > 0.02 && view.window.contains(span.start_ns), "{share}");
    apply(&mut view, ViewCommand::Undo);
    assert_eq!(view.window, long);
    // What can be seen is only selected.
    let longest = ops(1, 0).max_by_key(|&op| DATA.trace.span_of(op).len_ns()).unwrap();
    apply(&mut view, ViewCommand::Show(before));
    let shown = view.window;
    apply(&mut view, ViewCommand::GoTo(Selection::Slice(longest)));
    assert_eq!((view.window, view.selection.slice()), (shown, Some(longest)));
    let mut folded = self::view();
    let range = RangeSelection { span, tracks: DATA.ranks[1].streams.clone() };
    apply(&mut folded, ViewCommand::GoTo(Selection::Range(range)));
    assert!(folded.is_open(FoldId::Rank(1)), "a range's row is open too");
    let gone = SliceRef { index: u32::MAX, ..longest };
    apply(&mut view, ViewCommand::GoTo(Selection::Slice(gone)));
    assert_eq!(view.selection.slice(), Some(longest), "there is no such slice");
}

/// Zoomed in, the next iteration keeps window and steps; one of quite another length is shown whole.
#[test]
fn undo_outlives_iterations_and_another_length_refits() {
    let same = TimelineData::new(Arc::new(synthetic::trace(Shape::TINY)));
    let longer =
        TimelineData::new(Arc::new(synthetic::trace(Shape { block_ns: 90_000, ..Shape::TINY })));
    assert!(longer.fit_span().len_ns() > 2 * same.fit_span().len_ns());
    let mut view = view();
    let near = Span::new(20_000, 60_000);
    apply(&mut view, ViewCommand::Show(near));
    view.retarget(&DATA, &same);
    assert_eq!(view.window, near);
    view.retarget(&same, &longer);
    assert_eq!(view.window, longer.fit_span());
    ViewCommand::Undo.apply(&mut view, &longer);
    assert_eq!(view.window, near);
    ViewCommand::Undo.apply(&mut view, &longer);
    assert_eq!(view.window, longer.fit_span());
}

#[test]
fn the_view_follows_the_next_iteration() {
    let next =
        TimelineData::new(Arc::new(synthetic::trace(Shape { block_ns: 25_000, ..Shape::TINY })));
    let mut view = view();
    apply(&mut view, ViewCommand::Select(op(1, 1, 2)));
    view.retarget(&DATA, &next);
    assert_eq!(view.window, next.fit_span());
    let selected = view.selection.slice().unwrap();
    assert_eq!(next.trace.label_of(selected).name, DATA.trace.label_of(op(1, 1, 2)).name);
}

#[test]
fn facts_of_a_block_and_of_an_op() {
    let sm = DATA.trace.track(DATA.ranks[0].sms[0]).lanes[0];
    let text = [SliceRef { lane: sm, index: 1 }, op(0, 1, 1)].map(|slice| {
        let rows = facts(&DATA, slice, 0);
        rows.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(text.join("\n\n"));
}

/// Whatever the column, a tooltip's figures add up.
#[test]
fn shares_of_a_ribbon_sum_to_a_hundred_percent() {
    use weftscope_traces::lod::RibbonBasis;
    let mut columns = 0;
    for (ribbon, at) in DATA.ribbons.iter().flat_map(|ribbon| (0..997).map(move |at| (ribbon, at)))
    {
        let start = DATA.span.start_ns + at * DATA.span.len_ns() / 997;
        let column = ribbon.mean_over(Span::new(start, start + 331));
        for basis in [ribbon.basis(), RibbonBasis::Streams] {
            for whole in weftscope::timeline::shares(&column, basis) {
                let sum: u32 = whole.rows.iter().map(|row| row.1).sum();
                assert_eq!(sum, 1000, "{whole:?}");
                columns += usize::from(whole.rows.len() > 1);
            }
        }
    }
    assert!(columns > 1000, "{columns} with more than one share");
}
