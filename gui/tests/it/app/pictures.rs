//! The window with a made-up recording open, as pictures; drawn on the CPU, the same everywhere.

use std::{path::PathBuf, sync::Arc};

use crate::common::{
    renderer::{harness, snapshot_options},
    synthetic::{self, Shape},
};
use egui::vec2;
use weftscope::{
    app::{App, Command, Document, Effect, Event, JobResult, State, ThemeChoice, apply, update},
    theme::Mode,
    timeline::ViewCommand,
};
use weftscope_traces::{LaneId, SliceRef, TrackKind};

/// A state with the recording open, in a theme.
fn state(theme: ThemeChoice) -> State {
    let mut state = State::default();
    update(&mut state, Command::SetTheme(theme));
    let effects = update(&mut state, Command::Open(vec![PathBuf::from("run.weft")]));
    let [Effect::Open(job, _)] = &effects[..] else { panic!("a file is opened") };
    let trace = Arc::new(synthetic::trace(Shape::TINY));
    let document = Arc::new(Document::prepare(trace, "run"));
    let result = JobResult::Opened { paths: vec![PathBuf::from("run.weft")], document };
    apply(&mut state, Event::JobDone { id: job.id, result });
    state
}

fn picture(mode: Mode, state: State, name: &str) {
    let app = App::with_state(state, Arc::new(|| {}));
    let mut window = harness(vec2(700.0, 420.0), mode, app, |ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    });
    window.run_steps(6);
    window.snapshot_options(name, &snapshot_options());
}

#[test]
fn a_recording_in_the_dark() {
    picture(Mode::Dark, state(ThemeChoice::Dark), "window_dark");
}

#[test]
fn a_selected_op_in_the_light() {
    let mut state = state(ThemeChoice::Light);
    let trace = &state.document().unwrap().trace;
    let stream = trace.find_track(&TrackKind::Stream { rank: 0, stream: 0 }).unwrap();
    let lane: LaneId = trace.track(stream).lanes[0];
    let select = ViewCommand::Select(SliceRef { lane, index: 3 });
    update(&mut state, Command::View(select));
    picture(Mode::Light, state, "window_light_selected");
}

#[test]
fn nothing_open() {
    let mut state = State::default();
    update(&mut state, Command::SetTheme(ThemeChoice::Dark));
    picture(Mode::Dark, state, "window_empty");
}
