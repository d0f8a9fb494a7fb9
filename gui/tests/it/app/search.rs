//! The search: typed into its field, and found by a job where there is much to look at.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::common::renderer::harness;
use egui::{Key, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    app::{App, Command, Document, Effect, Event, JobResult, State, apply, update},
    files::open_trace,
    theme::Mode,
    timeline::{Selection, ViewCommand, ViewState, facts},
};
use weftscope_traces::{
    ArgsId, Classifier, Kind, Label, Meta, Provenance, Span, Trace, TraceBuilder, TrackKind,
};

/// Blocks on one SM, every thousandth another's, and two ops.
fn trace(blocks: i64) -> Trace {
    let provenance = Provenance::Measured { source: "test".to_owned() };
    let mut builder = TraceBuilder::new(Meta::new("blocks", provenance));
    let sm = builder.track(None, "SM 0", TrackKind::Sm { rank: 0, sm: 0 });
    let stream = builder.track(None, "compute", TrackKind::Stream { rank: 0, stream: 0 });
    let (sm, stream) = (builder.lane(sm), builder.lane(stream));
    let [qkv, norm] = [("qkv", Kind::Gemm), ("norm", Kind::Norm)]
        .map(|(name, kind)| builder.label(Label { name: name.into(), kind, ..Label::default() }));
    for block in 0..blocks {
        let label = if block % 1000 == 0 { norm } else { qkv };
        builder.push(sm, Span::new(10 * block, 10 * block + 8), label, ArgsId::NONE, 0);
    }
    builder.push(stream, Span::new(0, 4_000), qkv, ArgsId::NONE, 0);
    builder.push(stream, Span::new(4_000, 10 * blocks), norm, ArgsId::NONE, 0);
    builder.finish().unwrap()
}

fn window(blocks: i64) -> Harness<'static, App> {
    let mut state = State::default();
    let effects = update(&mut state, Command::Open(vec![PathBuf::from("run.weft")]));
    let [Effect::Open(job, _)] = &effects[..] else { panic!("a file is opened") };
    let document = Arc::new(Document::prepare(Arc::new(trace(blocks)), "run"));
    let result = JobResult::Opened { paths: vec![PathBuf::from("run.weft")], document };
    apply(&mut state, Event::JobDone { id: job.id, result });
    let app = App::with_state(state, Arc::new(|| {}));
    let mut window = harness(vec2(900.0, 420.0), Mode::Dark, app, |ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    });
    window.run_steps(2);
    window
}

fn search(window: &mut Harness<'_, App>, text: &str) {
    window.state_mut().send(Command::View(ViewCommand::Search(text.to_owned())));
}

#[test]
fn what_is_typed_is_found_and_a_wrong_word_is_named() {
    let mut window = window(4_000);
    window.state_mut().send(Command::ToggleSearch);
    window.run_steps(3);
    let count = |window: &Harness<'_, App>| window.state().state().view().unwrap().search.count();
    window.get_by_label("Search").type_text("norm in:sm");
    window.run_steps(3);
    assert_eq!(count(&window), Some(4));
    window.get_by_label("4 hits");
    window.key_press(Key::Enter);
    window.run_steps(3);
    window.get_by_label("1 of 4");
    search(&mut window, "norm layer:x");
    window.run_steps(3);
    window.get_by_label("layer:x: layer takes a whole number from 0");
    assert_eq!(count(&window), None);
    search(&mut window, "layr:3");
    window.run_steps(3);
    window.get_by_label(
        "layr:3 is in no name, and layr is none of the filters, did you mean \"layer\"?",
    );
    search(&mut window, "xyzzy:3");
    window.run_steps(3);
    let all = "layer, kind, split, phase, rank, in, dur";
    window.get_by_label(&format!("xyzzy:3 is in no name, and xyzzy is none of the filters: {all}"));
    window.key_press(Key::Escape);
    window.run_steps(3);
    assert!(!window.state().state().searching, "Esc closes the search, typing or not");
}

#[test]
fn an_open_strip_leaves_its_keys_to_the_timeline_that_is_clicked() {
    let mut window = window(4_000);
    window.state_mut().send(Command::ToggleSearch);
    window.run_steps(3);
    let is_typing = |window: &Harness<'_, App>| window.ctx.egui_wants_keyboard_input();
    assert!(is_typing(&window), "who opens it wants to type");
    window.get_by_label("timeline").click();
    window.run_steps(3);
    assert!(!is_typing(&window));
    let length = |window: &Harness<'_, App>| window.state().state().view().unwrap().window.len_ns();
    let before = length(&window);
    window.key_press(Key::W);
    window.run_steps(3);
    assert!(length(&window) < before, "zoomed in");
    assert_eq!(window.state().state().view().unwrap().search.text, "");
    window.key_press(Key::Slash);
    window.run_steps(3);
    assert!(is_typing(&window), "its key goes back to it");
    window.key_press(Key::Escape);
    window.run_steps(3);
    let filter = egui::Modifiers::COMMAND | egui::Modifiers::SHIFT;
    window.key_press_modifiers(filter, Key::F);
    window.run_steps(3);
    window.get_by_label("Filter rows").type_text("compute");
    window.run_steps(3);
    assert!(is_typing(&window));
    assert_eq!(window.state().state().view().unwrap().rows.filter, "compute");
}

/// A step that is asked for before the hits are known is taken when they are.
#[test]
fn where_there_is_much_to_look_at_a_job_finds_the_hits() {
    let mut window = window(600_000);
    // What is no longer asked for gives way.
    search(&mut window, "qkv in:sm");
    window.step();
    search(&mut window, "norm in:sm");
    let step = Command::View(ViewCommand::SearchStep(1));
    window.state_mut().send(step.clone());
    window.state_mut().send(step);
    window.step();
    assert!(window.state().state().view().unwrap().search.unfinished().is_some());
    let since = std::time::Instant::now();
    while window.state().state().view().unwrap().search.count().is_none() {
        assert!(since.elapsed() < std::time::Duration::from_secs(60), "nothing was found");
        std::thread::sleep(std::time::Duration::from_millis(10));
        window.step();
    }
    let state = window.state().state();
    let view = state.view().unwrap();
    assert_eq!((view.search.count(), view.search.number()), (Some(600), Some(2)));
    let hit = view.selection.slice().unwrap();
    assert_eq!(state.document().unwrap().trace.span_of(hit).start_ns, 10_000);
    assert!(state.jobs.is_empty());
}

/// What panels tell of layers is found, and told of what is found, where no label tells it: two ranks, three passes of four
/// layers, two halves.
#[test]
fn layers_that_the_order_of_kernels_tells_are_found_and_told() {
    let go_on = &mut |_, _| ControlFlow::Continue(());
    let path = Path::new("sample:h200x2-pytorch-weave");
    let trace = open_trace(path, &Classifier::default(), go_on).unwrap();
    assert!(trace.labels.iter().all(|label| label.layer.is_none()));
    let document = Document::prepare(Arc::new(trace), "run");
    let data = &document.timeline;
    let mut view = ViewState::new(data);
    let mut find = |text: &str| {
        ViewCommand::Search(text.to_owned()).apply(&mut view, data);
        ViewCommand::SearchStep(1).apply(&mut view, data);
        (view.search.count(), view.selection.clone())
    };
    assert_eq!(find("layer:4").0, Some(0));
    assert_eq!(find("layer:3 kind:attention").0, Some(12));
    let (count, selection) = find("layer:3 kind:attention split:1 rank:1");
    assert_eq!(count, Some(3), "a pass each");
    let Selection::Slice(slice) = selection else { panic!("a hit is gone to") };
    let told = facts(data, slice, 0);
    for (name, value) in [("layer", "3"), ("split", "1"), ("known from", "the order of kernels")] {
        assert!(told.contains(&(name, value.to_owned())), "{name}: {told:?}");
    }
    // As often as the report counts communication of a phase.
    let exposed = &document.explanation.reports.exposed_by;
    for row in &exposed.ops {
        let text = format!("kind:comm phase:{}", row.phase.name());
        assert_eq!(find(&text).0, Some(row.count), "{text}");
    }
}
