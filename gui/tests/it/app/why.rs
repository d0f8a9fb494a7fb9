//! The panel Why of recordings: a click on a figure leads to what it counts.

use std::{path::PathBuf, sync::Arc};

use egui::{PointerButton, Rect, accesskit::Role};
use egui_kittest::{
    Harness, Node,
    kittest::{NodeT as _, Queryable as _},
};
use weftscope::{
    app::{
        App, Command, Document, DocumentId, MarkStore, OpenDocument, PanelId, Shown, State,
        StatisticsPart,
    },
    files::{no_hook, open_trace},
    theme::number,
    timeline::{RangeSelection, Selection, ViewCommand, ViewState},
};
use weftscope_traces::{
    Classifier, Kind, SliceRef, Span, Trace,
    analysis::{Config, GpuOp, Ops, intervals::IntervalSet},
};

use crate::common::settle::settle;

/// A window high enough for all of the panel, of a recording that ships with the program.
fn window(sample: &str) -> Harness<'static, App> {
    let path = PathBuf::from(format!("sample:{sample}"));
    let trace = Arc::new(open_trace(&path, &Classifier::default(), &mut no_hook).unwrap());
    let document = Arc::new(Document::prepare(trace, "run"));
    let view = ViewState::new(&document.timeline);
    let (id, paths) = (DocumentId(1), vec![path]);
    let mut state = State::default();
    state.documents = vec![OpenDocument { id, paths, document, view, marks: MarkStore::Session }];
    state.shown = Shown::File(id);
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::with_state(state, Arc::new(|| {}));
    let mut window = Harness::builder().with_size([1600.0, 3000.0]).build_ui_state(draw, app);
    window.state_mut().send(Command::TogglePanel(PanelId::Legend));
    settle(&mut window);
    window
}

/// Name and place of every row that says it can be clicked.
fn rows(window: &Harness<'_, App>) -> Vec<(String, Rect)> {
    fn gather(node: Node<'_>, below: Rect, rows: &mut Vec<(String, Rect)>) {
        let said = node.accesskit_node();
        if let (Role::Button, Some(name)) = (said.role(), said.label()) {
            let rect = node.rect();
            let is_below = rect.top() > below.bottom() && rect.left() >= below.left() - 1.0;
            rows.extend(is_below.then_some((name, rect)));
        }
        node.children().for_each(|child| gather(child, below, rows));
    }
    let mut rows = Vec::new();
    let titles = window.get_all_by_label_contains("Where the time goes").map(|node| node.rect());
    let below = titles.reduce(Rect::union).expect("the panel");
    gather(window.root(), below, &mut rows);
    rows
}

/// Clicks a row of Why at the number that it ends with.
fn click(window: &mut Harness<'static, App>, row: Rect) {
    let (pos, modifiers) = (row.right_center() - egui::vec2(12.0, 0.0), egui::Modifiers::NONE);
    window.event(egui::Event::PointerMoved(pos));
    window.run_steps(2);
    for pressed in [true, false] {
        let button = PointerButton::Primary;
        window.event(egui::Event::PointerButton { pos, button, pressed, modifiers });
        window.run_steps(2);
    }
}

fn click_name(window: &mut Harness<'static, App>, name: &str) {
    let rows = rows(window);
    let row = rows.iter().find(|(of, _)| of == name);
    let (_, rect) = row.unwrap_or_else(|| panic!("no row {name} among {rows:?}"));
    click(window, *rect);
}

/// Where the window is: what is selected, which list is open at which kernel.
fn place(window: &Harness<'_, App>) -> (Selection, Option<(StatisticsPart, Option<String>)>) {
    let state = window.state().state();
    let statistics = &state.statistics;
    let is_open = state.settings.layout.is_open(PanelId::Bottom);
    let kernel = statistics.kernel.as_ref().map(|key| key.name.clone());
    let selection = state.view().unwrap().selection.clone();
    (selection, is_open.then_some((statistics.part, kernel)))
}

fn slice(window: &Harness<'_, App>) -> SliceRef {
    place(window).0.slice().expect("an op is selected")
}

fn trace(window: &Harness<'_, App>) -> Arc<Trace> {
    Arc::clone(&window.state().state().document().unwrap().trace)
}

/// Of the rank that Why speaks of, the op of a kind with the most of something.
fn most(trace: &Trace, keep: fn(Kind) -> bool, ns: impl Fn(&GpuOp, &IntervalSet) -> i64) -> i64 {
    let ops = Ops::of(trace, &Config::default());
    let exposed_ns = |comm: &IntervalSet, compute| comm.subtract(compute).len_ns();
    let rank = ops.ranks.iter().max_by_key(|rank| exposed_ns(&rank.comm, &rank.compute)).unwrap();
    let kept = rank.ops.iter().filter(|op| keep(op.kind));
    kept.map(|op| ns(op, &rank.compute)).max().unwrap()
}

fn hidden_ns(span: Span, compute: &IntervalSet) -> i64 {
    span.len_ns() - IntervalSet::union_of([span]).subtract(compute).len_ns()
}

#[test]
fn every_row_that_can_be_clicked_leads_somewhere() {
    for (sample, least) in [("h200x2-pytorch-weave", 30), ("h200x2-tokenweave", 25)] {
        let mut window = window(sample);
        let count = rows(&window).len();
        assert!(count >= least, "{sample}: {:?}", rows(&window));
        for row in 0..count {
            window.state_mut().send(Command::View(ViewCommand::ClearSelection));
            if window.state().state().settings.layout.is_open(PanelId::Bottom) {
                window.state_mut().send(Command::TogglePanel(PanelId::Bottom));
            }
            window.run_steps(3);
            assert_eq!(place(&window), (Selection::None, None));
            let (name, rect) = rows(&window).swap_remove(row);
            click(&mut window, rect);
            assert_ne!(place(&window), (Selection::None, None), "{sample}: {name}");
        }
    }
}

#[test]
fn figures_of_communication_lead_to_the_op_with_most_of_it() {
    let mut window = window("h200x2-pytorch-weave");
    let trace = trace(&window);
    click_name(&mut window, "hidden under compute");
    let op = slice(&window);
    assert!(trace.label_of(op).kind.is_comm());
    let ops = Ops::of(&trace, &Config::default());
    let rank = ops.ranks.iter().find(|rank| rank.ops.iter().any(|of| of.slice == op)).unwrap();
    let hidden = hidden_ns(trace.span_of(op), &rank.compute);
    assert_eq!(hidden, most(&trace, Kind::is_comm, |op, compute| hidden_ns(op.span, compute)));
    click_name(&mut window, "waiting for a late rank");
    let op = slice(&window);
    let waits = rank.ops.iter().find(|of| of.slice == op).and_then(|op| op.wait_ns);
    assert_eq!(waits, Some(most(&trace, Kind::is_comm, |op, _| op.wait_ns.unwrap_or(0))));
    click_name(&mut window, "overlap");
    let all = rank.ops.iter().map(|op| op.span).reduce(Span::hull).unwrap();
    assert_eq!(place(&window).0.range().map(|range| range.span), Some(all));
}

/// The list of iterations is of the rank that it names, and each figure is that of its ops looked at one by one.
#[test]
fn iterations_are_those_of_the_rank_that_is_named() {
    let mut window = window("h200x2-pytorch-weave");
    let trace = trace(&window);
    let ops = Ops::of(&trace, &Config::default());
    let rank =
        ops.ranks.iter().max_by_key(|rank| rank.comm.subtract(&rank.compute).len_ns()).unwrap();
    assert!(window.query_by_label(&format!("Iterations of rank {}", rank.rank)).is_some());
    assert!(window.query_by_label("    span  exposed     idle").is_some());
    assert!(rank.iterations.len() > 1);
    for iteration in &rank.iterations {
        let started = |op: &&GpuOp| iteration.span.contains(op.span.start_ns);
        let of = |keep: fn(Kind) -> bool| -> IntervalSet {
            let kept = rank.ops.iter().filter(started).filter(|op| keep(op.kind));
            IntervalSet::union_of(kept.map(|op| op.span))
        };
        let (compute, comm, all) = (of(Kind::is_compute), of(Kind::is_comm), of(|_| true));
        let span = all.spans().iter().copied().reduce(Span::hull).unwrap();
        let figures =
            [span.len_ns(), comm.subtract(&compute).len_ns(), span.len_ns() - all.len_ns()];
        let figures = figures.map(number::duration_fixed).join(" ");
        assert!(window.query_by_label(&figures).is_some(), "{}: {figures}", iteration.name);
        click_name(&mut window, &iteration.name);
        assert_eq!(place(&window).0.range().map(|range| range.span), Some(span));
    }
}

#[test]
fn launches_that_came_late_lead_to_gaps_and_the_longest_stretch() {
    let mut window = window("h200x2-pytorch-weave");
    click_name(&mut window, "launched when nothing ran");
    assert_eq!(place(&window).1.unwrap().0, StatisticsPart::Gaps);
    let document = Arc::clone(window.state().state().document().unwrap());
    let ranks = document.explanation.reports.accounts.ranks.iter();
    let stretches = ranks.flat_map(|rank| rank.launch_bound.iter().flat_map(|of| &of.longest));
    let (row, _) = rows(&window).into_iter().find(|(name, _)| name.starts_with("in ")).unwrap();
    click_name(&mut window, &row);
    let selected = place(&window).0.range().unwrap().span;
    assert!(stretches.clone().any(|stretch| stretch.span == selected));
    assert!(stretches.clone().count() > 1);
}

#[test]
fn gemms_lead_to_their_durations() {
    let mut window = window("h200x2-tokenweave");
    let gemms = trace(&window);
    let gemms = gemms.labels.iter().filter(|label| label.kind == Kind::Gemm);
    let mut names: Vec<&str> = gemms.map(|label| label.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() >= 4, "{names:?}");
    for name in names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>() {
        click_name(&mut window, &name);
        assert_eq!(place(&window).1, Some((StatisticsPart::Kernels, Some(name))));
    }
}

/// A press and release of a button over a place.
fn press_at(window: &mut Harness<'static, App>, pos: egui::Pos2, button: PointerButton) {
    let modifiers = egui::Modifiers::NONE;
    window.event(egui::Event::PointerMoved(pos));
    window.run_steps(2);
    for pressed in [true, false] {
        window.event(egui::Event::PointerButton { pos, button, pressed, modifiers });
        window.run_steps(2);
    }
}

/// A right click on a row, or H over it, says by what formula its number comes out, with the inputs of this recording.
#[test]
fn a_number_says_how_it_is_computed() {
    let mut window = window("h200x2-tokenweave");
    let trace = trace(&window);
    let ops = Ops::of(&trace, &Config::default());
    let rank =
        ops.ranks.iter().max_by_key(|rank| rank.comm.subtract(&rank.compute).len_ns()).unwrap();
    let hidden_ns = rank.comm.len_ns() - rank.comm.subtract(&rank.compute).len_ns();
    let inputs =
        [hidden_ns, rank.comm.len_ns()].map(|ns| format!("{} ns", number::count(ns as u64)));
    let row = rows(&window).into_iter().find(|(name, _)| name == "overlap").expect("a row").1;
    let formula = "= hidden ÷ communication";
    assert!(window.query_by_label(formula).is_none());
    press_at(&mut window, row.center(), PointerButton::Secondary);
    assert!(window.query_by_label(formula).is_some(), "the formula");
    for input in &inputs {
        assert!(window.query_all_by_label(input).count() > 0, "{input}");
    }
    window.key_press(egui::Key::Escape);
    window.run_steps(3);
    assert!(window.query_by_label(formula).is_none(), "Esc closes it");
    window.event(egui::Event::PointerMoved(row.center() + egui::vec2(3.0, 0.0)));
    window.run_steps(2);
    window.key_press(egui::Key::H);
    window.run_steps(3);
    assert!(window.query_by_label(formula).is_some(), "H asks, too");
}

/// X explains what is selected; a click on something else explains that; a range is explained, too.
#[test]
fn what_is_selected_is_explained() {
    let mut window = window("h200x2-tokenweave");
    let said = |window: &Harness<'_, App>| {
        window.state().state().explaining.sentences.clone().unwrap_or_default().join(" ")
    };
    click_name(&mut window, "hidden under compute");
    let op = slice(&window);
    window.event(egui::Event::PointerMoved(egui::pos2(700.0, 1500.0)));
    window.run_steps(2);
    window.key_press(egui::Key::X);
    settle(&mut window);
    let trace = trace(&window);
    let name = &trace.label_of(op).name;
    let text = said(&window);
    assert!(text.starts_with(name) && text.contains("communication"), "{text}");
    assert!(text.contains("hidden") && text.contains("critical path"), "{text}");
    let first = window.state().state().explaining.sentences.clone().unwrap()[0].clone();
    assert!(window.query_by_label(&first).is_some(), "it stands on the screen");
    let ops = Ops::of(&trace, &Config::default());
    let other = ops.ranks[0].ops.iter().find(|op| op.kind == Kind::Gemm).unwrap().slice;
    window.state_mut().send(Command::View(ViewCommand::Select(other)));
    settle(&mut window);
    assert_eq!(slice(&window), other);
    assert_ne!(said(&window), text, "the next op is another");
    let span = trace.span_of(op);
    let range = RangeSelection { span, tracks: Vec::new() };
    window.state_mut().send(Command::View(ViewCommand::SelectRange(range)));
    settle(&mut window);
    assert!(said(&window).contains("ranks 0–1, in which"), "{}", said(&window));
    window.key_press(egui::Key::Escape);
    window.run_steps(3);
    assert!(window.query_by_label("Explain this").is_none());
}
