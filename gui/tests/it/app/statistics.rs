//! The tab of statistics: every number leads to an op.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::common::{
    renderer::{self, snapshot_options},
    synthetic::{self, Shape},
};
use egui::{OutputCommand, Vec2, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    app::{
        App, Command, Document, Effect, Event, JobResult, PanelId, State, StatisticsCommand,
        StatisticsPart, TableId, ThemeChoice, apply, update,
    },
    theme::Mode,
    timeline::Selection,
};
use weftscope_traces::{Span, Trace, TrackKind};

/// The made-up recording open at a part of the statistics, which have been worked out.
fn window(size: Vec2, part: StatisticsPart) -> Harness<'static, App> {
    let mut state = State::default();
    update(&mut state, Command::SetTheme(ThemeChoice::Dark));
    let paths = vec![PathBuf::from("run.weft")];
    let effects = update(&mut state, Command::Open(paths.clone()));
    let [Effect::Open(job, _)] = &effects[..] else { panic!("a file is opened") };
    let shape = Shape { layers: 3, ..Shape::TINY };
    let document = Arc::new(Document::prepare(Arc::new(synthetic::trace(shape)), "run"));
    apply(&mut state, Event::JobDone { id: job.id, result: JobResult::Opened { paths, document } });
    update(&mut state, Command::Statistics(StatisticsCommand::Show(part)));
    if state.settings.layout.is_open(PanelId::Why) && size.x < 1000.0 {
        update(&mut state, Command::TogglePanel(PanelId::Why));
    }
    let app = App::with_state(state, Arc::new(|| {}));
    let mut harness = renderer::harness(size, Mode::Dark, app, |ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    });
    let since = Instant::now();
    while harness.state().state().statistics.found.is_none() {
        assert!(since.elapsed() < Duration::from_secs(60), "no statistics");
        std::thread::sleep(Duration::from_millis(5));
        harness.step();
    }
    harness.run_steps(6);
    harness
}

const WIDE: Vec2 = vec2(1400.0, 700.0);

/// Clicks the first row of the table with this name in its first column.
fn click_row(harness: &mut Harness<'_, App>, name: &str) {
    let top = harness.get_by_label("Copy as TSV").rect().bottom();
    let in_table = harness.get_all_by_label(name).map(|node| node.rect());
    let order = |rect: &egui::Rect| (rect.left().round() as i32, rect.top().round() as i32);
    let first = in_table.filter(|rect| rect.top() > top).min_by_key(order);
    click(harness, first.expect("a row of that name").center());
}

fn click(harness: &mut Harness<'_, App>, at: egui::Pos2) {
    harness.event(egui::Event::PointerMoved(at));
    harness.run_steps(2);
    let (button, modifiers) = (egui::PointerButton::Primary, egui::Modifiers::NONE);
    for pressed in [true, false] {
        harness.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers });
        harness.run_steps(2);
    }
    harness.run_steps(2);
}

/// Every head of a table, of names and of numbers, sorts by its column where it is written.
#[test]
fn a_click_on_a_head_sorts_by_its_column() {
    let kernels = ["kernel", "count", "total", "share", "median", "p99", "max"];
    let exposed = ["collective", "rank", "layer", "iteration", "exposed", "share", "duration"];
    for (part, id, heads) in [
        (StatisticsPart::Kernels, TableId::Kernels, kernels),
        (StatisticsPart::Exposed, TableId::Exposed, exposed),
    ] {
        let mut harness = window(vec2(2200.0, 700.0), part);
        harness.state_mut().send(Command::TogglePanel(PanelId::Why));
        harness.run_steps(6);
        for (column, name) in heads.into_iter().enumerate() {
            let top = harness.get_by_label("Copy as TSV").rect().bottom();
            let below = harness.get_all_by_label(name).map(|node| node.rect());
            let below = below.filter(|rect| rect.top() > top);
            let head = below.min_by(|a, b| a.top().total_cmp(&b.top())).expect(name);
            click(&mut harness, head.center());
            let sort = harness.state().state().table_sort(id);
            assert_eq!(sort.map(|sort| sort.column), Some(column), "{name} at {head}");
        }
    }
}

fn trace(harness: &Harness<'_, App>) -> Arc<Trace> {
    Arc::clone(&harness.state().state().document().unwrap().trace)
}

/// Durations of the ops of a name, looked up one by one.
fn durations(trace: &Trace, name: &str) -> Vec<i64> {
    let streams = trace.tracks.iter().filter(|t| matches!(t.kind, TrackKind::Stream { .. }));
    let lanes = streams.flat_map(|track| &track.lanes).map(|&lane| &trace.lane(lane).slices);
    let of = |slices: &weftscope_traces::SliceTable| -> Vec<i64> {
        let rows = (0..slices.len()).filter(|&row| trace.label(slices.label[row]).name == name);
        rows.map(|row| slices.span(row).len_ns()).collect()
    };
    lanes.flat_map(of).collect()
}

#[test]
fn a_bar_leads_to_its_ops_one_after_another() {
    let mut harness = window(WIDE, StatisticsPart::Kernels);
    click_row(&mut harness, "qkv");
    let kernel = harness.state().state().statistics.kernel.clone().unwrap();
    assert_eq!(kernel.name, "qkv");
    let trace = trace(&harness);
    let lengths_ns = durations(&trace, "qkv");
    let (least, most) = (lengths_ns.iter().min().unwrap(), lengths_ns.iter().max().unwrap());
    let found = harness.state().state().statistics.found.as_ref().unwrap();
    let stats = found.kernels.find(&kernel).unwrap();
    assert_eq!((stats.durations.min_ns, stats.durations.max_ns), (*least, *most));
    let edges_ns = stats.histogram.edges_ns.clone();
    let bar = |harness: &Harness<'_, App>, bin: f32| {
        let rect = harness.get_by_label("Histogram of durations").rect();
        let width = rect.width() / (edges_ns.len() - 1) as f32;
        egui::pos2(rect.left() + (bin + 0.5) * width, rect.center().y)
    };
    let mut seen = Vec::new();
    for _ in 0..stats.histogram.counts[0] + 1 {
        let at = bar(&harness, 0.0);
        click(&mut harness, at);
        let view = harness.state().state().view().unwrap();
        let op = view.selection.slice().expect("an op is selected");
        let span = trace.span_of(op);
        assert!((edges_ns[0]..edges_ns[1]).contains(&span.len_ns()), "{span:?}");
        assert!(view.window.contains(span.start_ns), "it is in view");
        seen.push(op);
    }
    let (again, once) = seen.split_last().unwrap();
    assert_eq!(*again, once[0], "after the last comes the first");
    let mut unique = once.to_vec();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), once.len(), "every op of the bar once");
}

#[test]
fn the_most_exposed_collective_and_the_longest_gap_are_gone_to() {
    let mut harness = window(WIDE, StatisticsPart::Exposed);
    let found = harness.state().state().statistics.found.as_ref().unwrap();
    let (most, longest) = (found.exposed.most[0].clone(), found.gaps.longest[0].clone());
    click_row(&mut harness, &most.name);
    let selection = |harness: &Harness<'_, App>| {
        let view = harness.state().state().view().unwrap();
        view.selection.clone()
    };
    assert_eq!(selection(&harness), Selection::Slice(most.slice));
    harness.get_by_label("Gaps").click();
    harness.run_steps(4);
    click_row(&mut harness, &longest.after.name);
    let Selection::Range(range) = selection(&harness) else { panic!("a gap is selected") };
    assert_eq!(range.span, longest.span);
    let window: Span = harness.state().state().view().unwrap().window;
    assert!(window.overlaps(range.span), "it is in view");
}

/// What the table says, as text: what the button copies.
#[test]
fn the_table_of_kernels() {
    let mut harness = window(WIDE, StatisticsPart::Kernels);
    harness.get_by_label("Copy as TSV").click();
    harness.step();
    harness.step();
    let commands = &harness.output().platform_output.commands;
    let copied = commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    insta::assert_snapshot!("statistics_kernels", copied.expect("text is copied"));
}

/// Where table and kernel do not fit beside each other, one leads to the other and back.
#[test]
fn a_narrow_panel_shows_the_table_or_a_kernel() {
    let mut harness = window(vec2(600.0, 600.0), StatisticsPart::Kernels);
    assert!(harness.query_by_label("Histogram of durations").is_none());
    click_row(&mut harness, "down");
    harness.get_by_label("Histogram of durations");
    harness.get_by_label("All kernels").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("Histogram of durations").is_none());
    click_row(&mut harness, "down");
    harness.get_by_label("Histogram of durations");
}

#[test]
fn the_tab_as_a_picture() {
    let mut harness = window(vec2(960.0, 440.0), StatisticsPart::Kernels);
    harness.snapshot_options("statistics_kernels", &snapshot_options());
}
