//! What is in view held against something else: one clock, one verdict.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    app::{
        App, BottomTab, Command, CompareCommand, Document, DocumentId, MarkStore, OpenDocument,
        Pane, Shown, Start, State,
    },
    timeline::{RangeSelection, Selection, ViewCommand, ViewState},
};
use weftscope_traces::{
    ArgsId, Kind, Label, LaneId, Meta, Provenance, SliceRef, Span, Trace, TraceBuilder, TrackKind,
    analysis::{CompareConfig, Config, Ops, compare},
};

/// Iterations of 1000 ns from `start_ns` on, each a GEMM of `gemm_ns` and after it an all-reduce of 300 ns.
fn trace(start_ns: i64, gemm_ns: i64, iterations: i64) -> Trace {
    let provenance = Provenance::Measured { source: "test".to_owned() };
    let mut builder = TraceBuilder::new(Meta::new("a run", provenance));
    let rank = builder.track(None, "rank 0", TrackKind::Rank { rank: 0 });
    let marks = builder.track(Some(rank), "marks", TrackKind::Marks { rank: Some(0) });
    let marks = builder.lane(marks);
    let stream = builder.track(Some(rank), "stream 7", TrackKind::Stream { rank: 0, stream: 7 });
    let lane = builder.lane(stream);
    let mut label =
        |name: &str, kind| builder.label(Label { name: name.into(), kind, ..Label::default() });
    let (gemm, comm, step) =
        (label("gate_up", Kind::Gemm), label("ar", Kind::Comm), label("step", Kind::Mark));
    for index in 0..iterations {
        let at = start_ns + 1000 * index;
        // Every iteration's all-reduce is 10 ns longer than that of the one before.
        let end = at + gemm_ns + 300 + 10 * index;
        builder.push(marks, Span::new(at, end), step, ArgsId::NONE, 0);
        builder.push(lane, Span::new(at, at + gemm_ns), gemm, ArgsId::NONE, 0);
        builder.push(lane, Span::new(at + gemm_ns, end), comm, ArgsId::NONE, 0);
    }
    builder.finish().unwrap()
}

fn open(id: u64, trace: Trace) -> OpenDocument {
    let document = Arc::new(Document::prepare(Arc::new(trace), "test"));
    let view = ViewState::new(&document.timeline);
    let paths = vec![PathBuf::from(format!("/data/{id}.weft"))];
    OpenDocument { id: DocumentId(id), paths, document, view, marks: MarkStore::Session }
}

/// A window over these files; the last is in view.
fn window(traces: Vec<Trace>) -> Harness<'static, App> {
    let documents: Vec<_> =
        traces.into_iter().enumerate().map(|(id, trace)| open(id as u64, trace)).collect();
    let shown = documents.last().map_or(Shown::Nothing, |open| Shown::File(open.id));
    let mut state = State::default();
    (state.documents, state.shown) = (documents, shown);
    harness(App::with_state(state, Arc::new(|| {})))
}

fn harness(app: App) -> Harness<'static, App> {
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app)
}

fn send(window: &mut Harness<'static, App>, command: Command) {
    window.state_mut().send(command);
    window.step();
    window.step();
}

fn wait(window: &mut Harness<'static, App>, done: impl Fn(&State) -> bool) {
    let since = Instant::now();
    while !done(window.state().state()) {
        assert!(since.elapsed() < Duration::from_secs(60), "the window did not get there");
        std::thread::sleep(Duration::from_millis(10));
        window.step();
    }
    window.step();
}

/// The windows of both views, each from the zero of its own trace on.
fn windows(state: &State) -> [Span; 2] {
    let held = &state.comparison.as_ref().unwrap().reference.view;
    [held, state.view().unwrap()].map(|view| {
        Span::new(view.window.start_ns - view.zero_ns, view.window.end_ns - view.zero_ns)
    })
}

#[test]
fn two_recordings_are_looked_at_on_one_clock() {
    let mut window = window(vec![trace(500_000, 600, 9), trace(0, 400, 9)]);
    send(&mut window, Command::Compare(CompareCommand::HoldFile(DocumentId(0))));
    let [held, view] = windows(window.state().state());
    assert_eq!(held, view);
    send(&mut window, Command::View(ViewCommand::Zoom { factor: 0.5, at_ns: 200 }));
    let [zoomed, view] = windows(window.state().state());
    assert_eq!(zoomed, view);
    assert!(zoomed.len_ns() < held.len_ns());
    // From the other timeline: the same move, about the time pointed at there.
    let at_ns = 500_200;
    let zoom = CompareCommand::Look(ViewCommand::Zoom { factor: 0.8, at_ns });
    send(&mut window, Command::Compare(zoom));
    let [both, view] = windows(window.state().state());
    assert_eq!(both, view);
    assert!(both.len_ns() < zoomed.len_ns() && both.contains(200));
    send(&mut window, Command::View(ViewCommand::Undo));
    assert_eq!(windows(window.state().state()), [held, held]);
}

#[test]
fn what_is_selected_in_one_is_selected_in_the_other() {
    let mut window = window(vec![trace(500_000, 600, 2), trace(0, 400, 2)]);
    send(&mut window, Command::Compare(CompareCommand::HoldFile(DocumentId(0))));
    // The second all-reduce of both is the fourth op of the stream.
    let fourth = Selection::Slice(SliceRef { lane: LaneId(1), index: 3 });
    let Selection::Slice(slice) = fourth else { unreachable!() };
    send(&mut window, Command::View(ViewCommand::Select(slice)));
    let state = window.state().state();
    assert_eq!(state.comparison.as_ref().unwrap().reference.view.selection, fourth);
    let third = SliceRef { index: 2, ..slice };
    send(&mut window, Command::Compare(CompareCommand::Look(ViewCommand::Select(third))));
    assert_eq!(window.state().state().view().unwrap().selection, Selection::Slice(third));
    send(&mut window, Command::View(ViewCommand::ClearSelection));
    let state = window.state().state();
    assert_eq!(state.comparison.as_ref().unwrap().reference.view.selection, Selection::None);
}

/// The upper timeline is another view of the same file.
#[test]
fn marks_of_a_file_are_the_same_over_what_is_compared_with_it() {
    let mut window = window(vec![trace(500_000, 600, 2), trace(0, 400, 2)]);
    let starts = |window: &Harness<'static, App>| {
        let state = window.state().state();
        let held = &state.comparison.as_ref().unwrap().reference.view;
        let own = &state.open_document(DocumentId(0)).unwrap().view;
        [held, own].map(|view| -> Vec<i64> {
            view.marks.list().iter().map(|mark| mark.span.start_ns).collect()
        })
    };
    let mark = |start_ns| {
        let span = Span::new(start_ns, start_ns + 100);
        [ViewCommand::SelectRange(RangeSelection { span, tracks: Vec::new() }), ViewCommand::Mark]
    };
    send(&mut window, Command::Show(Shown::File(DocumentId(0))));
    for command in mark(500_300) {
        send(&mut window, Command::View(command));
    }
    send(&mut window, Command::Show(Shown::File(DocumentId(1))));
    send(&mut window, Command::Compare(CompareCommand::HoldFile(DocumentId(0))));
    assert_eq!(starts(&window), [[500_300], [500_300]]);
    let there = |command| Command::Compare(CompareCommand::Look(command));
    for command in mark(500_700) {
        send(&mut window, there(command));
    }
    assert_eq!(starts(&window), [[500_300, 500_700], [500_300, 500_700]]);
    send(&mut window, there(ViewCommand::RemoveMark(0)));
    assert_eq!(starts(&window), [[500_700], [500_700]]);
}

#[test]
fn the_verdict_is_that_of_the_command_line() {
    let traces = [trace(500_000, 600, 1), trace(0, 400, 1)];
    let [first, second] = traces.each_ref().map(|trace| Ops::of(trace, &Config::default()));
    let expected = compare(&first, &second, CompareConfig::default());
    assert_eq!(expected.iteration_ns, [900, 700]);
    let mut window = window(traces.to_vec());
    send(&mut window, Command::Compare(CompareCommand::HoldFile(DocumentId(0))));
    send(&mut window, Command::ShowBottom(BottomTab::Differences));
    wait(&mut window, |state| state.comparison.as_ref().unwrap().report.is_some());
    let state = window.state().state();
    let report = state.comparison.as_ref().unwrap().report_of(state.document().unwrap());
    assert_eq!(**report.unwrap(), expected);
    window.get_by_label(&expected.sentence);
    window.get_by_label("gate_up");
    // Over the timeline and among the terms, in one form.
    assert!(window.query_all_by_label_contains("900 ns").count() >= 2);
}

#[test]
fn iterations_of_one_recording_are_compared() {
    let mut window = window(vec![trace(0, 400, 3)]);
    send(&mut window, Command::Compare(CompareCommand::Hold));
    wait(&mut window, |state| state.comparison.as_ref().unwrap().report.is_some());
    let comparison = |window: &Harness<'static, App>| {
        let comparison = window.state().state().comparison.as_ref().unwrap();
        (comparison.reference.iteration, comparison.iteration)
    };
    assert_eq!(comparison(&window), (Some(0), Some(1)));
    let lengths = |window: &Harness<'static, App>| {
        let comparison = window.state().state().comparison.as_ref().unwrap();
        comparison.report.as_ref().unwrap().iteration_ns
    };
    assert_eq!(lengths(&window), [700, 710]);
    // The second starts at 0 of its own clock.
    let zero_ns = window.state().state().view().unwrap().zero_ns;
    assert_eq!(zero_ns, 1000);
    let turn = |pane, by| Command::Compare(CompareCommand::Iteration(pane, by));
    send(&mut window, turn(Pane::InView, 1));
    wait(&mut window, |state| {
        let comparison = state.comparison.as_ref().unwrap();
        comparison.report_of(state.document().unwrap()).is_some() && state.jobs.is_empty()
    });
    assert_eq!(lengths(&window), [700, 720]);
    // After the last stand all of them, before the first too.
    send(&mut window, turn(Pane::InView, 1));
    send(&mut window, turn(Pane::Reference, -1));
    assert_eq!(comparison(&window), (None, None));
}

#[test]
fn what_is_no_longer_compared_is_as_before() {
    let mut window = window(vec![trace(500_000, 600, 1), trace(0, 400, 1)]);
    let before = window.state().state().view().unwrap().window;
    send(&mut window, Command::Compare(CompareCommand::HoldFile(DocumentId(0))));
    send(&mut window, Command::Compare(CompareCommand::ToggleGhost));
    let ghost = window.state().state().view().unwrap().ghost.as_ref().unwrap().shift_ns;
    assert_eq!(ghost, -500_000);
    send(&mut window, Command::Compare(CompareCommand::Release));
    let view = window.state().state().view().unwrap();
    assert_eq!((view.window, view.zero_ns, view.echo_ns), (before, 0, None));
    assert!(view.ghost.is_none() && window.state().state().comparison.is_none());
}

#[test]
fn a_file_is_opened_to_compare_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("before.json");
    std::fs::write(&path, r#"[{"ph":"X","cat":"kernel","name":"gemm","pid":0,"tid":7,"ts":5,"dur":2,"args":{"device":0,"stream":7}}]"#).unwrap();
    let mut window = harness(App::new(
        Start::opening(vec!["sample:h200x2-default".into()]),
        None,
        Arc::new(|| {}),
    ));
    let is_file = |state: &State| matches!(state.shown, Shown::File(_));
    wait(&mut window, is_file);
    let shown = window.state().state().shown;
    send(&mut window, Command::OpenReference(vec![path]));
    wait(&mut window, |state| state.comparison.is_some());
    let state = window.state().state();
    assert_eq!(state.shown, shown, "what is in view stays");
    assert_eq!(state.comparison.as_ref().unwrap().reference.name, "before.json");
    // The tab and the line over the timeline.
    assert_eq!(window.query_all_by_label("before.json").count(), 2);
}

/// Where there is little room over a timeline, the words there leave out what hovering says, and none lies over another.
#[test]
fn words_over_a_narrow_timeline_do_not_lie_over_one_another() {
    for width in [340.0, 350.0, 360.0, 380.0, 420.0, 700.0] {
        let predicted = |ns| {
            let provenance = Provenance::Modelled { source: "test".to_owned() };
            trace(0, ns, 1).with_meta(|meta| meta.provenance = provenance)
        };
        let mut window = window(vec![predicted(600), predicted(400)]);
        window.set_size(egui::vec2(width, 760.0));
        send(&mut window, Command::Compare(CompareCommand::HoldFile(DocumentId(0))));
        wait(&mut window, |state| {
            state.comparison.as_ref().is_some_and(|held| held.report.is_some())
        });
        window.run_steps(3);
        let mut found: Vec<(&str, egui::Rect)> = Vec::new();
        for name in ["Second", "700 ns", "± ?", "modelled", "Beside", "Ghost", "Differences"] {
            let line = |rect: &egui::Rect| {
                found
                    .first()
                    .is_none_or(|(_, first)| (rect.center().y - first.center().y).abs() < 8.0)
            };
            let mut rects = window.query_all_by_label_contains(name).map(|node| node.rect());
            let Some(rect) = rects.rfind(line) else { continue };
            for (other, beside) in &found {
                let both = rect.intersect(*beside);
                let lies_over = both.width() > 1.0 && both.height() > 1.0;
                assert!(!lies_over, "{width}: {name} {rect} over {other} {beside}");
            }
            found.push((name, rect));
        }
        let is_there = |name: &str| found.iter().any(|(there, _)| *there == name);
        assert!(
            ["Second", "700 ns", "Differences"].into_iter().all(is_there),
            "{width}: {found:?}"
        );
    }
}
