//! A watched program in the window: the view runs along, stopping shows all of it, and a program that runs nothing is said.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use weftscope::{
    app::{
        App, Command, Document, Effect, Event, JobResult, Severity, Shown, Start, State, apply,
        live::Running, update,
    },
    jobs::{JobId, JobKind, JobStatus, Program, Watched},
    timeline::ViewCommand,
};
use weftscope_profiler::watch::{Order, Place, Setup, Trigger};
use weftscope_traces::{ArgsId, Label, Meta, Provenance, Span, TraceBuilder, TrackKind};

/// Ten ops of 1 ms from a time on.
fn document(from_ns: i64) -> Arc<Document> {
    let provenance = Provenance::Measured { source: "test".to_owned() };
    let mut builder = TraceBuilder::new(Meta::new("t", provenance));
    let root = builder.track(None, "rank 0", TrackKind::Rank { rank: 0 });
    let stream = builder.track(Some(root), "stream 0", TrackKind::Stream { rank: 0, stream: 0 });
    let label = builder.label(Label { name: "gemm".to_owned(), ..Label::default() });
    for op in 0..10 {
        let start_ns = from_ns + op * 1_000_000;
        builder.push_packed(
            stream,
            Span::new(start_ns, start_ns + 900_000),
            label,
            ArgsId::NONE,
            0,
        );
    }
    Arc::new(Document::prepare(Arc::new(builder.finish().unwrap()), "run"))
}

fn watching() -> (State, JobStatus) {
    let mut state = State::default();
    let job = JobStatus::new(JobId(1), JobKind::Watch, "Recording t", 0.0);
    state.jobs.push(job.clone());
    (state, job)
}

fn opening(state: &mut State, job: &JobStatus, from_ns: i64) {
    let document = document(from_ns);
    apply(state, Event::Opening { id: job.id, paths: Vec::new(), document });
}

#[test]
fn what_is_in_view_stays_as_far_before_the_end() {
    let (mut state, job) = watching();
    opening(&mut state, &job, 0);
    assert!(matches!(state.shown, Shown::File(_)));
    // All of it runs along as a whole.
    opening(&mut state, &job, 50_000_000);
    assert_eq!(state.documents.len(), 1);
    let whole = state.view().unwrap().window;
    assert!(whole.start_ns <= 50_000_000 && whole.end_ns >= 59_900_000, "{whole:?}");
    update(&mut state, Command::View(ViewCommand::Show(Span::new(57_000_000, 58_000_000))));
    assert_eq!(state.view().unwrap().window, Span::new(57_000_000, 58_000_000));
    opening(&mut state, &job, 150_000_000);
    assert_eq!(state.view().unwrap().window, Span::new(157_000_000, 158_000_000));
}

#[test]
fn a_recording_that_was_stopped_is_there_to_be_looked_at() {
    let (mut state, job) = watching();
    opening(&mut state, &job, 0);
    update(&mut state, Command::CancelJob(job.id));
    // What is still on its way is not shown any more, but the whole is.
    opening(&mut state, &job, 1_000_000);
    let result = JobResult::Opened { paths: Vec::new(), document: document(2_000_000) };
    apply(&mut state, Event::JobDone { id: job.id, result });
    assert!(state.jobs.is_empty());
    let shown = state.document().unwrap();
    assert_eq!(shown.timeline.gpu_span.start_ns, 2_000_000);
    assert_eq!(state.settings.recent, Vec::new(), "there is no file to open again");
    // Another job of another kind that was stopped has nothing to show.
    let job = JobStatus::new(JobId(2), JobKind::Open, "Opening x", 0.0);
    state.jobs.push(job.clone());
    update(&mut state, Command::CancelJob(job.id));
    let result = JobResult::Opened { paths: vec![PathBuf::from("x")], document: document(0) };
    let effects: Vec<Effect> = apply(&mut state, Event::JobDone { id: job.id, result });
    assert!(effects.is_empty() && state.documents.len() == 1);
}

/// The first error that the window says over a program.
fn said(program: Program, title: &str) -> String {
    let watched = Watched { program, title: title.to_owned() };
    let start = Start { watch: Some(watched), ..Start::default() };
    let mut app = App::new(start, None, Arc::new(|| {}));
    let context = egui::Context::default();
    let since = Instant::now();
    loop {
        app.step(&context);
        let mut errors = app.state().notices.iter().filter(|it| it.severity == Severity::Error);
        if let Some(notice) = errors.next() {
            return notice.text.clone();
        }
        assert!(since.elapsed() < Duration::from_secs(60), "nothing is said");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_program_that_launches_nothing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libweftscope_inject.so");
    std::fs::write(&library, b"").unwrap();
    let order = Order {
        command: ["sh", "-c", "exit 0"].map(Into::into).to_vec(),
        patch: "worth".to_owned(),
        trigger: Trigger::default(),
        place: Place::default(),
    };
    let setup = Box::new(Setup::with_library(library));
    let program = Program::Start { setup, order: Box::new(order) };
    let told = said(program, "sh -c 'exit 0'");
    assert!(told.starts_with("sh -c 'exit 0': nothing was recorded: "), "{told}");
}

#[test]
fn a_process_that_is_gone_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let told = said(Program::There(vec![folder.path().join("12.sock")]), "python serve.py");
    assert!(told.starts_with("python serve.py: nothing was recorded: "), "{told}");
}

/// Before its first kernel a simulated run would be taken for the program that is watched, and take its processors.
#[test]
fn no_other_run_is_shown_while_a_program_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libweftscope_inject.so");
    std::fs::write(&library, b"").unwrap();
    let order = Order {
        command: ["sh", "-c", "sleep 1"].map(Into::into).to_vec(),
        patch: "worth".to_owned(),
        trigger: Trigger::default(),
        place: Place::default(),
    };
    let setup = Box::new(Setup::with_library(library));
    let program = Program::Start { setup, order: Box::new(order) };
    let watched = Watched { program, title: "sh -c 'sleep 1'".to_owned() };
    let start = Start { watch: Some(watched), ..Start::default() };
    let mut app = App::new(start, None, Arc::new(|| {}));
    let context = egui::Context::default();
    let since = Instant::now();
    app.step(&context);
    while app.state().watching().is_some() {
        assert_eq!(app.state().shown, Shown::Nothing);
        let told = app.state().live.as_ref().map(|live| live.told);
        assert_eq!(told, Some(Running::Paused), "it has the processors for itself");
        assert!(since.elapsed() < Duration::from_secs(60), "it never ends");
        std::thread::sleep(Duration::from_millis(20));
        app.step(&context);
    }
    assert_eq!(app.state().shown, Shown::Live, "nothing was recorded");
}
