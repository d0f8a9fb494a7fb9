//! What the user asks of the live run.

use std::sync::Arc;

use weftscope_engine::{command::Command as SessionCommand, spec::SplitChoice};
use weftscope_profiler::sweep::{Setting, SweepAxis};

#[cfg(not(target_arch = "wasm32"))]
use super::remote::{connect, install, leave, take_control};
use super::{
    Backend, Curve, Draft, KnobEdit, Live, LiveCommand, Running, Status,
    calibration::begin_calibration, follow::follow, link::follow_link, serving::update_serving,
};
use crate::{
    app::{BottomTab, Effect, Severity, Shown, State},
    jobs::JobKind,
};

/// Applies a request about the live run.
pub fn update_live(state: &mut State, command: LiveCommand) -> Vec<Effect> {
    let before = state.live.as_ref().and_then(Live::shown).cloned();
    let effects = change(state, command);
    follow(state, before.as_ref());
    effects
}

fn change(state: &mut State, command: LiveCommand) -> Vec<Effect> {
    let Some(live) = &mut state.live else { return Vec::new() };
    match command {
        LiveCommand::TogglePause => {
            live.running = match live.running {
                Running::Run => Running::Paused,
                Running::Paused => Running::Run,
            };
            if live.running == Running::Run {
                live.pinned = None;
            }
            Vec::new()
        }
        LiveCommand::Step => {
            live.running = Running::Paused;
            // A session that steps waits afterwards.
            live.told = Running::Paused;
            live.pinned = None;
            vec![Effect::Session(SessionCommand::Step)]
        }
        LiveCommand::Retry => {
            live.status = Status::Starting;
            live.running = Running::Run;
            live.told = Running::Run;
            vec![Effect::Session(SessionCommand::Run)]
        }
        LiveCommand::Turn(edit) => {
            live.draft.turn(edit, &live.catalog);
            live.pinned = None;
            state.shown = Shown::Live;
            Vec::new()
        }
        LiveCommand::RunOnGpus(run) => {
            if let Backend::Gpus(_, how) = &mut live.draft.backend {
                *how = run;
                live.pinned = None;
            }
            Vec::new()
        }
        LiveCommand::FollowLink(link) => {
            for why in turn_as(live, &link) {
                state.notices.push(Severity::Warning, format!("The address says {why}"));
            }
            Vec::new()
        }
        LiveCommand::ResetAll => {
            live.draft = Draft::new(live.catalog.default_spec().clone());
            live.pinned = None;
            Vec::new()
        }
        LiveCommand::Follow => {
            live.pinned = None;
            Vec::new()
        }
        LiveCommand::Pin(number) => {
            live.pinned = live.kept(number).map(|iteration| iteration.number);
            Vec::new()
        }
        LiveCommand::Browse(steps) => {
            browse(live, steps);
            Vec::new()
        }
        LiveCommand::RunCurve(axis) => run_curve(state, axis),
        LiveCommand::Serving(command) => update_serving(state, command),
        LiveCommand::Calibrate => begin_calibration(state),
        #[cfg(not(target_arch = "wasm32"))]
        LiveCommand::Connect(ssh, target) => connect(state, ssh, target),
        #[cfg(not(target_arch = "wasm32"))]
        LiveCommand::Install => install(live),
        #[cfg(not(target_arch = "wasm32"))]
        LiveCommand::Leave => leave(state),
        #[cfg(not(target_arch = "wasm32"))]
        LiveCommand::TakeControl => take_control(live),
        LiveCommand::GoToPoint(at) => {
            for edit in edits(at) {
                change(state, LiveCommand::Turn(edit));
            }
            Vec::new()
        }
    }
}

/// Turns the knobs as an address says; gives what of it cannot be.
fn turn_as(live: &mut Live, link: &str) -> Vec<String> {
    let mut draft = Draft::new(live.catalog.default_spec().clone());
    let refused = follow_link(link, &mut draft, &live.catalog);
    (live.draft, live.pinned) = (draft, None);
    refused
}

/// A point of a curve as turns of its knobs, which keep to what the batch allows: the curve may be of another.
fn edits(at: Setting) -> impl Iterator<Item = KnobEdit> {
    let cut = at.first_tokens.map(|first| KnobEdit::Split(SplitChoice::Fixed(first)));
    let attn = at.attn_ctas.map(|ctas| KnobEdit::AttnCtas(Some(ctas)));
    let mlp = at.mlp_ctas.map(|ctas| KnobEdit::MlpCtas(Some(ctas)));
    [cut, attn, mlp].into_iter().flatten()
}

fn run_curve(state: &mut State, axis: SweepAxis) -> Vec<Effect> {
    state.drop_jobs(JobKind::Curve);
    state.settings.layout.show(BottomTab::Curve);
    let Some(live) = &mut state.live else { return Vec::new() };
    let spec = Arc::new(axis.left_open(&live.draft.spec));
    let live_backend = live.backend.clone();
    let measured = live_backend != Backend::Simulated;
    live.curve = Curve::over(Arc::clone(&spec), axis, measured);
    let job = state.begin_job(JobKind::Curve, format!("Iteration time over {}", axis.name()));
    vec![Effect::Curve(job, live_backend, spec, axis)]
}

fn browse(live: &mut Live, steps: i32) {
    let Some(shown) = live.shown().map(|iteration| iteration.number) else { return };
    let at = live.history.iter().position(|iteration| iteration.number == shown).unwrap_or(0);
    let last = live.history.len().saturating_sub(1);
    let to = at.saturating_add_signed(steps as isize).min(last);
    // Browsing while it runs would show something else each frame: stay where the user went.
    live.pinned = if to == last { None } else { Some(live.history[to].number) };
}
