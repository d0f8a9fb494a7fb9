//! What is edited, handed to the session and to the baselines once a frame.

use std::sync::Arc;

use weftscope_engine::{command::Command as SessionCommand, spec::RunSpec};

use super::{
    Live, Refusals, Running, SessionId, Status, baseline_spec::baseline_spec,
    calibration::must_wait,
};
use crate::{
    app::{Effect, Shown, State},
    jobs::JobKind,
};

/// Hands the spec to the session when it has changed: once a frame, so a dragged slider sends only its newest
/// value. Runs the baselines anew when what they depend on has changed.
pub fn flush(state: &mut State) -> Vec<Effect> {
    let mut effects = hand_over_spec(state);
    effects.extend(hand_over_running(state));
    effects.extend(start_baselines(state));
    effects
}

/// The session iterates while its run is in view and nobody has paused it: a file in view has the processor for itself, and what
/// is measured for a calibration the GPUs.
fn hand_over_running(state: &mut State) -> Option<Effect> {
    let may_run = state.shown == Shown::Live && !must_wait(state);
    let live = state.live.as_mut()?;
    let wanted = if may_run { live.running } else { Running::Paused };
    if std::mem::replace(&mut live.told, wanted) == wanted {
        return None;
    }
    Some(Effect::Session(match wanted {
        Running::Run => SessionCommand::Run,
        Running::Paused => SessionCommand::Pause,
    }))
}

fn hand_over_spec(state: &mut State) -> Vec<Effect> {
    let now_s = state.now_s;
    let Some(live) = &mut state.live else { return Vec::new() };
    let has_moved = std::mem::take(&mut live.has_moved);
    if !has_moved
        && live.sent.as_deref() == Some(&live.draft.spec)
        && live.backend == live.draft.backend
    {
        return Vec::new();
    }
    let spec = Arc::new(live.draft.spec.clone());
    let before = live.sent.replace(Arc::clone(&spec));
    live.asked_s = Some(now_s);
    let moved = has_moved || live.backend != live.draft.backend;
    let other_times = has_moved || !live.backend.runs_alike(&live.draft.backend);
    let effects = if moved {
        vec![restart(live, &spec)]
    } else {
        vec![Effect::Session(SessionCommand::SetSpec(Box::new((*spec).clone())))]
    };
    if moved || before.is_none_or(|before| refusals_differ(&before, &spec)) {
        live.refusals = Refusals::of(&spec, &live.backend, &live.catalog);
    }
    let of = Arc::new(baseline_spec(&spec));
    if other_times || live.baselines_of.as_ref() != Some(&of) {
        live.baselines_of = Some(of);
        live.baselines_due = true;
        live.baselines.clear();
        live.unsplit_alone_ns = None;
        live.simulated = None;
        state.drop_jobs(JobKind::Baselines);
        if other_times {
            state.drop_jobs(JobKind::Curve);
        }
    }
    effects
}

/// Begins the baselines once the run itself has been answered: the picture of a turn comes before what it is compared with,
/// and of many turns in a row only the last is compared.
fn start_baselines(state: &mut State) -> Option<Effect> {
    let waits = must_wait(state);
    let live = state.live.as_mut()?;
    if !live.baselines_due || live.asked_s.is_some() || waits {
        return None;
    }
    live.baselines_due = false;
    let (backend, of) = (live.backend.clone(), live.baselines_of.clone()?);
    let job = state.begin_job(JobKind::Baselines, "Running the baselines");
    Some(Effect::Baselines(job, backend, of))
}

/// A session on another backend takes the place of the one before.
fn restart(live: &mut Live, spec: &Arc<RunSpec>) -> Effect {
    let last = live.history.iter().map(|iteration| iteration.number + 1).max();
    live.session = SessionId { index: live.session.index + 1, first_iteration: last.unwrap_or(0) };
    live.backend = live.draft.backend.clone();
    live.running = Running::Run;
    live.told = Running::Run;
    live.pinned = None;
    live.status = Status::Starting;
    Effect::Restart(live.backend.clone(), live.session, Arc::clone(spec))
}

/// What decides whether a run is refused: not where the batch is cut.
fn refusals_differ(before: &RunSpec, after: &RunSpec) -> bool {
    let rest = |spec: &RunSpec| {
        let mut spec = baseline_spec(spec);
        spec.knobs.skew_ns.clear();
        spec.knobs.layers = None;
        spec
    };
    before.knobs.strategy != after.knobs.strategy || rest(before) != rest(after)
}
