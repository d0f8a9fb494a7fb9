//! Rows pinned, hidden, filtered and moved: as commands, and by right click.

use std::sync::{Arc, LazyLock};

use crate::common::{
    renderer::harness,
    synthetic::{self, Shape},
};
use egui::{Event, Modifiers, PointerButton, pos2, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};
use proptest::prelude::*;
use weftscope::{
    theme::{Mode, Theme},
    timeline::{
        HeightOf, History, RowHeights, RowId, RowKind, RowLayout, TimelineData, ViewCommand,
        ViewState, timeline_ui, view_for_height,
    },
};

use weftscope_traces::{OpenOptions, open, stream::silent};

static DATA: LazyLock<TimelineData> =
    LazyLock::new(|| TimelineData::new(Arc::new(synthetic::trace(Shape::TINY))));

/// A view with everything open.
fn all_open() -> ViewState {
    let mut view = ViewState::new(&DATA);
    ViewCommand::UnfoldAll.apply(&mut view, &DATA);
    view.history = History::default();
    view
}

/// Names of the rows that scroll, top to bottom.
fn names(view: &ViewState, data: &TimelineData) -> Vec<String> {
    RowLayout::new(data, view).rows.iter().map(|row| row.kind.full_name(data)).collect()
}

fn id(name: &str) -> RowId {
    let layout = RowLayout::new(&DATA, &all_open());
    let row = layout.rows.iter().find(|row| row.kind.full_name(&DATA) == name);
    row.unwrap_or_else(|| panic!("{name}")).kind.id(&DATA)
}

fn apply(view: &mut ViewState, commands: impl IntoIterator<Item = ViewCommand>) {
    commands.into_iter().for_each(|command| command.apply(view, &DATA));
}

const BOTH: [&str; 2] = ["rank 0", "rank 1"];

#[test]
fn every_row_is_there_and_found_again_by_its_name() {
    let layout = RowLayout::new(&DATA, &all_open());
    // Each of two ranks: its ribbon, two streams, two counters, the heading of SMs, four SMs.
    assert_eq!(layout.rows.len(), 2 * 10);
    for row in &layout.rows {
        assert_eq!(row.kind.id(&DATA).find(&DATA), Some(row.kind));
    }
}

/// What others record of hosts alone: counters and threads stand open, and samples count as time.
#[test]
fn without_ranks_counters_and_host_threads_are_shown() {
    let text = r#"[{"ph":"X","name":"a","cat":"cpu_op","pid":1,"tid":2,"ts":10,"dur":5},
        {"ph":"C","name":"memory","pid":1,"ts":0,"args":{"value":1}},
        {"ph":"C","name":"memory","pid":1,"ts":40,"args":{"value":2}}]"#;
    let trace = open(text.as_bytes(), &OpenOptions::default(), &mut silent).expect("a trace");
    let data = TimelineData::new(Arc::new(trace));
    for view in [ViewState::new(&data), view_for_height(&data, 50.0)] {
        assert_eq!(names(&view, &data), ["memory", "host threads", "thread 2"]);
        for row in &RowLayout::new(&data, &view).rows {
            assert_eq!(row.kind.id(&data).find(&data), Some(row.kind));
        }
        assert!(view.window.start_ns <= 0 && view.window.end_ns >= 40_000, "{:?}", view.window);
    }
}

#[test]
fn hidden_rows_go_with_what_is_below_them_and_come_back() {
    let mut view = all_open();
    let all = names(&view, &DATA);
    apply(&mut view, [ViewCommand::Hide(vec![id("r0 comm"), id("r1 SMs")])]);
    let expected: Vec<_> =
        all.iter().filter(|name| *name != "r0 comm" && !name.starts_with("r1 SM")).collect();
    assert_eq!(names(&view, &DATA).iter().collect::<Vec<_>>(), expected);
    assert_eq!(view.rows.num_hidden(&DATA), 2);
    apply(&mut view, [ViewCommand::ShowAllRows]);
    assert_eq!(names(&view, &DATA), all);
    apply(&mut view, [ViewCommand::Undo]);
    assert_eq!(view.rows.num_hidden(&DATA), 2);
}

#[test]
fn rows_and_ranks_are_moved_past_their_neighbours() {
    let mut view = all_open();
    let all = names(&view, &DATA);
    apply(&mut view, [ViewCommand::MoveRow(RowId::Rank(1), -1)]);
    let moved = names(&view, &DATA);
    assert_eq!(moved[..10], all[10..], "with all that is below it");
    apply(
        &mut view,
        [ViewCommand::MoveRow(id("r1 HBM"), -1), ViewCommand::MoveRow(id("r1 HBM"), -1)],
    );
    assert_eq!(names(&view, &DATA)[1..4], ["r1 HBM", "r1 compute", "r1 comm"]);
    // Past a row that is hidden it goes to the next that is seen.
    let hide = ViewCommand::Hide(vec![id("r1 compute")]);
    apply(&mut view, [hide, ViewCommand::MoveRow(id("r1 HBM"), 1), ViewCommand::ShowAllRows]);
    assert_eq!(names(&view, &DATA)[1..4], ["r1 compute", "r1 comm", "r1 HBM"]);
    let before = names(&view, &DATA);
    apply(&mut view, [ViewCommand::MoveRow(RowId::Rank(1), -1)]);
    assert_eq!(names(&view, &DATA), before, "the first stays the first");
    apply(&mut view, [ViewCommand::ResetRows]);
    assert_eq!(names(&view, &DATA), all);
}

/// Against the rule read off the names: a row stays that has the text, or that stands over or under one that has.
#[test]
fn a_filter_leaves_what_has_its_text_with_what_stands_over_it() {
    let mut view = all_open();
    apply(&mut view, [ViewCommand::FilterRows("hbm".to_owned())]);
    assert_eq!(names(&view, &DATA), ["rank 0", "r0 HBM", "rank 1", "r1 HBM"]);
    apply(&mut view, [ViewCommand::FoldAll]);
    assert_eq!(names(&view, &DATA).len(), 4, "what is asked for is not folded away");
    apply(&mut view, [ViewCommand::FilterRows("SM 3".to_owned())]);
    let expected = ["rank 0", "r0 SMs", "r0 SM 3", "rank 1", "r1 SMs", "r1 SM 3"];
    assert_eq!(names(&view, &DATA), expected);
    apply(&mut view, [ViewCommand::FilterRows("rank 1".to_owned())]);
    assert_eq!(names(&view, &DATA), ["rank 1"], "folded as it was");
    apply(&mut view, [ViewCommand::UnfoldAll]);
    assert_eq!(names(&view, &DATA).len(), 10);
    apply(&mut view, [ViewCommand::FilterRows("nothing".to_owned())]);
    assert!(names(&view, &DATA).is_empty());
    apply(&mut view, [ViewCommand::Undo]);
    assert_eq!(view.rows.filter, "rank 1");
}

#[test]
fn a_search_shows_the_row_of_its_hit() {
    let mut view = all_open();
    let find = || [ViewCommand::Search("attention rank:1".to_owned()), ViewCommand::SearchStep(1)];
    let shown = |view: &ViewState| names(view, &DATA).contains(&"r1 compute".to_owned());
    apply(&mut view, [ViewCommand::Hide(vec![RowId::Rank(1)])]);
    assert!(!shown(&view));
    apply(&mut view, find());
    assert!(shown(&view));
    apply(&mut view, [ViewCommand::FilterRows("HBM".to_owned())]);
    assert!(!shown(&view));
    apply(&mut view, find());
    assert!(shown(&view));
}

/// Rows of the next iteration are those of the same name, whatever their number in the trace.
#[test]
fn the_choice_holds_for_the_next_iteration() {
    let mut view = all_open();
    apply(
        &mut view,
        [
            ViewCommand::Pin(id("r1 SM 2")),
            ViewCommand::Hide(vec![id("r1 comm")]),
            ViewCommand::MoveRow(RowId::Rank(1), -1),
        ],
    );
    let larger = Shape { sms: 6, ranks: 3, ..Shape::TINY };
    let next = TimelineData::new(Arc::new(synthetic::trace(larger)));
    view.retarget(&DATA, &next);
    let names = names(&view, &next);
    assert_eq!(names[0], "rank 1");
    assert!(!names.contains(&"r1 comm".to_owned()) && names.contains(&"rank 2".to_owned()));
    let pinned: Vec<RowKind> = view.rows.pinned.iter().filter_map(|id| id.find(&next)).collect();
    assert_eq!(pinned[0].full_name(&next), "r1 SM 2");
    // A rank that is gone takes its pins with it, until it is there again.
    let one = TimelineData::new(Arc::new(synthetic::trace(Shape { ranks: 1, ..Shape::TINY })));
    view.retarget(&next, &one);
    assert_eq!(view.rows.num_hidden(&one), 0);
    view.retarget(&one, &DATA);
    assert_eq!(view.rows.num_hidden(&DATA), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// Whatever is pinned and moved, every row is there once, under what it stood under.
    #[test]
    fn no_row_is_lost_or_doubled(steps in prop::collection::vec((0_usize..20, 0_u8..4), 0..30)) {
        let mut view = all_open();
        let layout = RowLayout::new(&DATA, &view);
        let ids: Vec<RowId> = layout.rows.iter().map(|row| row.kind.id(&DATA)).collect();
        for (row, what) in steps {
            let row = ids[row].clone();
            apply(&mut view, [match what {
                0 => ViewCommand::MoveRow(row, -1),
                1 => ViewCommand::MoveRow(row, 1),
                2 => ViewCommand::Pin(row),
                _ => ViewCommand::Undo,
            }]);
        }
        let rows = RowLayout::new(&DATA, &view).rows;
        let mut now: Vec<RowId> = rows.iter().map(|row| row.kind.id(&DATA)).collect();
        let mut rank = None;
        for row in &rows {
            if let RowKind::Rank(_) = row.kind {
                rank = row.kind.rank(&DATA);
            }
            prop_assert_eq!(row.kind.rank(&DATA), rank);
        }
        now.sort();
        let mut all = ids;
        all.sort();
        prop_assert_eq!(now, all);
    }
}

/// A right click on a name; then a pinned row stays where it is while the others scroll.
#[test]
fn the_menu_of_a_row_pins_and_hides() {
    let theme = Theme::of(Mode::Dark);
    let data = TimelineData::new(Arc::new(synthetic::trace(Shape::TINY)));
    let view = all_open();
    let mut window = harness(vec2(560.0, 260.0), Mode::Dark, (data, view), move |ui, state| {
        let (data, view) = state;
        for command in timeline_ui(ui, data, view, &theme) {
            command.apply(view, data);
        }
    });
    window.step();
    window.get_by_label("rank 0").click_secondary();
    window.run_steps(3);
    window.get_by_label("Pin to top").click();
    window.run_steps(3);
    assert_eq!(window.state().1.rows.pinned, [RowId::Rank(0)]);
    assert_eq!(window.get_all_by_label("rank 0").count(), 2, "there, and at its own place");
    let tops = |window: &Harness<'_, _>| {
        let all = window.get_all_by_label("rank 0");
        all.map(|row| row.rect().top()).fold(f32::INFINITY, f32::min)
    };
    let before = tops(&window);
    let (data, view) = window.state_mut();
    ViewCommand::Scroll(1000.0).apply(view, data);
    window.run_steps(3);
    assert_eq!(tops(&window), before);
    assert!(window.state().1.scroll_y > 50.0);
    let (data, view) = window.state_mut();
    ViewCommand::Scroll(0.0).apply(view, data);
    ViewCommand::FoldAll.apply(view, data);
    window.run_steps(3);
    window.get_by_label("rank 1").click_secondary();
    window.run_steps(3);
    window.get_by_label("Hide this row").click();
    window.run_steps(3);
    assert!(window.query_by_label("rank 1").is_none());
    assert_eq!(BOTH.map(|name| window.state().1.rows.hidden.contains(&id(name))), [false, true]);
}

/// The lower edge of a name follows the pointer, and all of its kind are as high: where all rows fit those above grow too,
/// where they do not the upper edge stays.
#[test]
fn rows_are_drawn_higher_by_the_edge_of_a_name() {
    for (height, counter) in [(600.0, 26.0), (240.0, 32.0)] {
        let theme = Theme::of(Mode::Dark);
        let data = TimelineData::new(Arc::new(synthetic::trace(Shape::TINY)));
        let mut view = ViewState::new(&data);
        view.heights.ribbon = Some(24.0);
        let size = vec2(560.0, height);
        let mut window = harness(size, Mode::Dark, (data, view), move |ui, state| {
            let (data, view) = state;
            for command in timeline_ui(ui, data, view, &theme) {
                command.apply(view, data);
            }
        });
        window.run_steps(2);
        let top = window.get_by_label("rank 0").rect().top();
        // The second of two counters.
        let edge = |window: &Harness<'_, (TimelineData, ViewState)>| {
            let (data, view) = window.state();
            let layout = RowLayout::new(data, view);
            let mut rows = layout.rows.iter();
            let row = rows.find(|row| row.kind.full_name(data) == "r0 NVLink").unwrap();
            top + row.y + row.height - view.scroll_y
        };
        let before = edge(&window);
        let at = |y: f32| pos2(60.0, y);
        let button = |pressed, y| Event::PointerButton {
            pos: at(y),
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        window.event(Event::PointerMoved(at(before)));
        window.step();
        window.event(button(true, before));
        window.step();
        for travel in [4.0, 9.0, 12.0] {
            window.event(Event::PointerMoved(at(before + travel)));
            window.step();
        }
        window.event(button(false, before + 12.0));
        window.run_steps(2);
        assert_eq!(edge(&window), before + 12.0, "{height}");
        let expected = RowHeights { counter, ribbon: Some(24.0), ..RowHeights::default() };
        assert_eq!(window.state().1.heights, expected);
        let (data, view) = window.state_mut();
        ViewCommand::ResetRowHeight(HeightOf::Counter).apply(view, data);
        assert_eq!(view.heights.counter, 20.0, "as at first");
        ViewCommand::Undo.apply(view, data);
        assert_eq!(view.heights.counter, counter);
        ViewCommand::Undo.apply(view, data);
        assert_eq!(view.heights.counter, 20.0, "a drag is one step");
    }
}
