//! Marks of opened files: set, named, and kept in a file beside them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::common::{
    renderer::harness,
    synthetic::{self, Shape},
};
use egui::{Key, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    app::{
        App, Command, Document, Effect, Event, JobResult, MarkStore, Runner, Severity, State,
        apply, update,
    },
    files::{marks_path, read_marks, write_marks},
    jobs::Events,
    theme::Mode,
    timeline::{Mark, RangeSelection, ViewCommand},
};
use weftscope_traces::Span;

/// A state with a recording open that lies at `path`, its marks read.
fn opened(path: &Path) -> State {
    let mut state = State::default();
    let paths = vec![path.to_owned(), PathBuf::from("/data/rank1.weft")];
    let effects = update(&mut state, Command::Open(paths.clone()));
    let [Effect::Open(job, _)] = &effects[..] else { panic!("a file is opened") };
    let document = Arc::new(Document::prepare(Arc::new(synthetic::trace(Shape::TINY)), "run"));
    let result = JobResult::Opened { paths, document };
    let events = Events::new(Arc::new(|| {}));
    let mut runner = Runner::new(events.sender());
    for effect in apply(&mut state, Event::JobDone { id: job.id, result }) {
        runner.run(effect);
        let event = events.next(Duration::from_secs(60)).expect("marks are read");
        apply(&mut state, event);
    }
    state
}

fn window(state: State) -> Harness<'static, App> {
    let app = App::with_state(state, Arc::new(|| {}));
    let mut window = harness(vec2(900.0, 420.0), Mode::Dark, app, |ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    });
    window.run_steps(2);
    window
}

fn send(window: &mut Harness<'_, App>, command: ViewCommand) {
    window.state_mut().send(Command::View(command));
    window.run_steps(2);
}

fn mark(window: &mut Harness<'_, App>, start: i64, end: i64) {
    let range = RangeSelection { span: Span::new(start, end), tracks: Vec::new() };
    send(window, ViewCommand::SelectRange(range));
    window.key_press(Key::M);
    window.run_steps(2);
    send(window, ViewCommand::ClearSelection);
}

fn marks(window: &Harness<'_, App>) -> Vec<Mark> {
    window.state().state().view().unwrap().marks.list().to_vec()
}

/// Draws frames until something holds; the file is written by a thread of its own.
fn wait(window: &mut Harness<'_, App>, mut done: impl FnMut(&App) -> bool) {
    let since = Instant::now();
    while !done(window.state()) {
        assert!(since.elapsed() < Duration::from_secs(60), "it did not come");
        std::thread::sleep(Duration::from_millis(10));
        window.step();
    }
}

#[test]
fn marks_are_kept_beside_the_first_file_and_are_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rank0.weft");
    let beside = marks_path(&path);
    let mut first = window(opened(&path));
    assert!(!beside.exists(), "nothing is marked, nothing is written");
    mark(&mut first, 20_000, 60_000);
    mark(&mut first, 300_000, 310_000);
    first.get_by_label("mark 2").click();
    first.run_steps(4);
    first.get_by_label("Name of the mark").type_text(" late");
    first.run_steps(2);
    first.get_by_label("Note of the mark").click();
    first.run_steps(2);
    first.get_by_label("Note of the mark").type_text("rank 2 waits");
    first.run_steps(4);
    first.get_by_label("Done").click();
    first.run_steps(4);
    let expected = marks(&first);
    assert_eq!((&*expected[1].name, &*expected[1].note), ("mark 2 late", "rank 2 waits"));
    wait(&mut first, |_| read_marks(&beside).is_ok_and(|kept| kept == expected));
    drop(first);

    let mut again = window(opened(&path));
    assert_eq!(marks(&again), expected);
    // What was kept is no change of the view to be undone.
    send(&mut again, ViewCommand::Undo);
    assert_eq!(marks(&again), expected);
    again.get_by_label("mark 1").click();
    again.run_steps(4);
    again.get_by_label("Delete").click();
    again.run_steps(4);
    wait(&mut again, |_| read_marks(&beside).is_ok_and(|kept| kept == expected[1..]));
}

#[test]
fn two_windows_over_one_file_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rank0.weft");
    let beside = marks_path(&path);
    let (mut first, mut second) = (window(opened(&path)), window(opened(&path)));
    let holds = |window: &mut Harness<'static, App>, spans: &[i64]| {
        let starts =
            |marks: &[Mark]| marks.iter().map(|mark| mark.span.start_ns).collect::<Vec<_>>();
        wait(window, |app| {
            let seen = app.state().view().unwrap().marks.list();
            read_marks(&beside).is_ok_and(|kept| starts(&kept) == spans) && starts(seen) == spans
        });
    };
    mark(&mut first, 20_000, 60_000);
    holds(&mut first, &[20_000]);
    mark(&mut second, 300_000, 310_000);
    holds(&mut second, &[20_000, 300_000]);
    let notice = second.state().state().notices.iter().next().unwrap();
    assert_eq!(notice.severity, Severity::Done);
    // The first takes its own away, and hears of the other's.
    mark(&mut first, 20_000, 60_000);
    holds(&mut first, &[300_000]);
    mark(&mut second, 500_000, 510_000);
    holds(&mut second, &[300_000, 500_000]);
}

#[test]
fn what_is_broken_or_newer_is_said_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rank0.weft");
    let beside = marks_path(&path);
    for (text, cause) in
        [("{\"version\": 7, \"marks\": 3}", "of version 7"), ("{\"vers", "cannot be read")]
    {
        fs::write(&beside, text).unwrap();
        let mut window = window(opened(&path));
        let notice = window.state().state().notices.iter().next().unwrap().clone();
        assert_eq!(notice.severity, Severity::Warning);
        assert!(notice.text.contains(cause), "{}", notice.text);
        assert!(notice.text.ends_with(&beside.display().to_string()), "{}", notice.text);
        assert_eq!(window.state().state().documents[0].marks, MarkStore::Session);
        mark(&mut window, 20_000, 60_000);
        window.run_steps(5);
        assert_eq!(marks(&window).len(), 1, "marks stay in the session");
        drop(window);
        assert_eq!(fs::read_to_string(&beside).unwrap(), text);
    }
}

#[test]
fn where_nothing_can_be_written_marks_stay_in_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone").join("rank0.weft");
    let mut window = window(opened(&path));
    mark(&mut window, 20_000, 60_000);
    wait(&mut window, |app| app.state().notices.iter().next().is_some());
    let notice = window.state().state().notices.iter().next().unwrap().text.clone();
    assert!(notice.ends_with(&marks_path(&path).display().to_string()), "{notice}");
    mark(&mut window, 100_000, 120_000);
    window.run_steps(10);
    assert_eq!(marks(&window).len(), 2);
    assert_eq!(window.state().state().notices.iter().count(), 1, "said once");
}

#[test]
fn what_was_marked_in_the_frame_before_closing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rank0.weft");
    let kept = [Mark { span: Span::new(1, 2), name: "old".into(), note: String::new() }];
    write_marks(&marks_path(&path), &kept).unwrap();
    let mut window = window(opened(&path));
    window.state_mut().send(Command::View(ViewCommand::RemoveMark(0)));
    window.state_mut().send(Command::CloseShown);
    window.step();
    wait(&mut window, |_| read_marks(&marks_path(&path)).is_ok_and(|kept| kept.is_empty()));
}
