use std::sync::Arc;

use weftscope_engine::{
    command::Command as SessionCommand,
    cuda::Gpus,
    spec::{Chooser, Knobs, RunSpec, SplitChoice, StrategyKind},
};
use weftscope_profiler::baselines::SweepAxis;

use super::{
    Backend, Baseline, Curve, CurvePoint, Knob, KnobEdit, Live, LiveCommand, Refusals, Running,
    SessionId, Status,
    state::{Iteration, axis_name},
};
use crate::{
    app::{BottomTab, Effect, Severity, Shown, State},
    jobs::JobKind,
    timeline::{Ghost, ViewState},
};

/// What the live run tells the window.
pub enum LiveEvent {
    /// An iteration is ready to be drawn.
    Iteration(Arc<Iteration>),
    /// The spec cannot be planned or run.
    Refused {
        /// Which session says so.
        session: u32,
        /// Why.
        cause: String,
        /// The device will run nothing after this.
        fatal: bool,
    },
    /// The session is over.
    Ended {
        /// Which.
        session: u32,
        /// Why.
        cause: String,
    },
    /// This computer has GPUs.
    Gpus(Arc<Gpus>),
    /// A baseline has run.
    Baseline {
        /// What was asked for.
        of: Arc<RunSpec>,
        /// What came.
        baseline: Baseline,
    },
    /// What computation takes alone when the batch is not split.
    UnsplitAlone {
        /// What was asked for.
        of: Arc<RunSpec>,
        /// Sum over a rank's ops, ns.
        ns: i64,
    },
    /// A point of a curve has run.
    CurvePoint {
        /// What was asked for.
        of: Arc<RunSpec>,
        /// Its axis.
        axis: SweepAxis,
        /// Value on the axis, and the point or the cause.
        point: Result<CurvePoint, String>,
    },
}

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
            let (running, command) = match live.running {
                Running::Run => (Running::Paused, SessionCommand::Pause),
                Running::Paused => (Running::Run, SessionCommand::Run),
            };
            live.running = running;
            if running == Running::Run {
                live.pinned = None;
            }
            vec![Effect::Session(command)]
        }
        LiveCommand::Step => {
            live.running = Running::Paused;
            live.pinned = None;
            vec![Effect::Session(SessionCommand::Step)]
        }
        LiveCommand::Turn(edit) => {
            live.draft.turn(edit, &live.catalog);
            live.pinned = None;
            state.shown = Shown::Live;
            Vec::new()
        }
        LiveCommand::ResetAll => {
            live.draft = super::Draft::new(live.catalog.default_spec().clone());
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
        LiveCommand::GoToPoint(axis, x) => {
            let edit = match axis {
                SweepAxis::Split => KnobEdit::Split(SplitChoice::Fixed(x)),
                SweepAxis::AttnCtas => KnobEdit::AttnCtas(Some(x)),
                SweepAxis::MlpCtas => KnobEdit::MlpCtas(Some(x)),
            };
            change(state, LiveCommand::Turn(edit))
        }
    }
}

/// Hands the spec to the session when it has changed: once a frame, so a dragged slider sends only its newest
/// value. Starts the baselines anew when what they depend on has changed.
pub(crate) fn flush(state: &mut State) -> Vec<Effect> {
    let now_s = state.now_s;
    let Some(live) = &mut state.live else { return Vec::new() };
    if live.sent.as_deref() == Some(&live.draft.spec) && live.backend == live.draft.backend {
        return Vec::new();
    }
    let spec = Arc::new(live.draft.spec.clone());
    let before = live.sent.replace(Arc::clone(&spec));
    live.asked_s = Some(now_s);
    let moved = live.backend != live.draft.backend;
    let mut effects = if moved {
        vec![restart(live, &spec)]
    } else {
        vec![Effect::Session(SessionCommand::SetSpec(Box::new((*spec).clone())))]
    };
    let backend = live.backend.clone();
    if moved || before.is_none_or(|before| refusals_differ(&before, &spec)) {
        live.refusals = Refusals::of(&spec, &backend, &live.catalog);
    }
    let of = Arc::new(baseline_spec(&spec));
    if moved || live.baselines_of.as_ref() != Some(&of) {
        live.baselines_of = Some(Arc::clone(&of));
        live.baselines.clear();
        live.unsplit_alone_ns = None;
        state.drop_jobs(JobKind::Baselines);
        if moved {
            state.drop_jobs(JobKind::Curve);
        }
        let job = state.begin_job(JobKind::Baselines, "Running the baselines");
        effects.push(Effect::Baselines(job, backend, of));
    }
    effects
}

/// A session on another backend takes the place of the one before.
fn restart(live: &mut Live, spec: &Arc<RunSpec>) -> Effect {
    let last = live.history.iter().map(|iteration| iteration.number + 1).max();
    live.session = SessionId { index: live.session.index + 1, first_iteration: last.unwrap_or(0) };
    live.backend = live.draft.backend.clone();
    live.running = Running::Run;
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

/// Takes in what the live run tells.
pub(crate) fn apply_live(state: &mut State, event: LiveEvent) -> Vec<Effect> {
    let before = state.live.as_ref().and_then(Live::shown).cloned();
    let Some(live) = &mut state.live else { return Vec::new() };
    match event {
        LiveEvent::Iteration(iteration) => {
            if iteration.session == live.session.index {
                live.status = Status::Ready;
                if live.sent.as_ref() == Some(&iteration.plan.spec)
                    && let Some(asked_s) = live.asked_s.take()
                {
                    live.answer_s = Some(state.now_s - asked_s);
                }
                keep(live, iteration);
                follow(state, before.as_ref());
            }
        }
        LiveEvent::Refused { session, cause, fatal } => {
            if session == live.session.index {
                refused(state, &cause, fatal);
            }
        }
        LiveEvent::Ended { session, cause } => {
            if session == live.session.index {
                live.status = Status::Ended(cause.clone());
                live.running = Running::Paused;
                state.notices.push(Severity::Error, format!("The live run ended: {cause}"));
            }
        }
        LiveEvent::Gpus(found) => live.catalog.add_gpus(found),
        LiveEvent::Baseline { of, baseline } => {
            // An answer to an older question is no answer.
            if live.baselines_of.as_ref() == Some(&of) {
                live.baselines.retain(|known| known.strategy != baseline.strategy);
                live.baselines.push(baseline);
            }
        }
        LiveEvent::UnsplitAlone { of, ns } => {
            if live.baselines_of.as_ref() == Some(&of) {
                live.unsplit_alone_ns = Some(ns);
            }
        }
        LiveEvent::CurvePoint { of, axis, point } => take_point(&mut live.curve, &of, axis, point),
    }
    Vec::new()
}

/// A run that did not come about. One that the GPUs failed goes on in the simulator; one that they only refuse stays,
/// with the reason at its knobs, once they have shown that they run others.
fn refused(state: &mut State, cause: &str, fatal: bool) {
    let Some(live) = &mut state.live else { return };
    let ran = live.history.iter().any(|kept| kept.session == live.session.index);
    let foreseen = live.refusals.draft().is_some();
    let on_gpus = live.backend != Backend::Simulated;
    live.status = Status::Refused(cause.to_owned());
    if !on_gpus || (!fatal && (ran || foreseen)) {
        return;
    }
    let catalog = live.catalog.clone();
    live.draft.turn(KnobEdit::Reset(Knob::Machine), &catalog);
    let text = format!("The GPUs did not run it, the simulator goes on: {cause}");
    state.notices.push(Severity::Error, text);
}

/// Moves the view along when another iteration came into view, and leaves a ghost of a run that was another one.
fn follow(state: &mut State, before: Option<&Arc<Iteration>>) {
    let now_s = state.now_s;
    let Some(live) = &mut state.live else { return };
    let Some(shown) = live.shown().cloned() else { return };
    let timeline = &shown.document.timeline;
    match (before, &mut live.view) {
        (Some(before), Some(_)) if Arc::ptr_eq(before, &shown) => return,
        (Some(before), Some(view)) => {
            view.retarget(&before.document.timeline, timeline);
            if before.plan.spec != shown.plan.spec {
                let data = Arc::clone(&before.document.timeline);
                let shift_ns = timeline.span.start_ns - data.span.start_ns;
                view.ghost = Some(Ghost { data, shift_ns, opacity: 0.0 });
                live.ghost_since_s = Some(now_s);
            }
        }
        _ => live.view = Some(ViewState::new(timeline)),
    }
    // What was aggregated was of the iteration before; it stays on screen until the next is ready.
    state.tables_of = None;
}

/// The ghost's opacity over its life: in, stay, out, gone. True while it changes.
pub(crate) fn fade_ghost(live: &mut Live, now_s: f64) -> bool {
    const IN_S: f64 = 0.15;
    const STAY_S: f64 = 2.5;
    const OUT_S: f64 = 1.0;
    let (Some(since_s), Some(view)) = (live.ghost_since_s, &mut live.view) else { return false };
    let age_s = now_s - since_s;
    let opacity = (age_s / IN_S).min((IN_S + STAY_S + OUT_S - age_s) / OUT_S).clamp(0.0, 1.0);
    if age_s >= IN_S + STAY_S + OUT_S {
        view.ghost = None;
        live.ghost_since_s = None;
    } else if let Some(ghost) = &mut view.ghost {
        ghost.opacity = opacity as f32;
    }
    true
}

/// Keeps an iteration, and makes room: first among repeats of the same run, so that a run left alone for a
/// minute does not push out what was tried before it; then the oldest. The one stayed at is never dropped.
fn keep(live: &mut Live, iteration: Arc<Iteration>) {
    let spec = Arc::clone(&iteration.plan.spec);
    live.history.push_back(iteration);
    let pinned = live.pinned;
    let may_go = |kept: &Arc<Iteration>| Some(kept.number) != pinned;
    let same = |kept: &Arc<Iteration>| kept.plan.spec == spec;
    let repeats = live.history.iter().rev().take_while(|kept| same(kept)).count();
    let first_repeat = live.history.len() - repeats;
    let crowded = live.history.len() > Live::KEPT;
    let from = match (repeats > Live::REPEATS, crowded) {
        (true, _) => first_repeat,
        (false, true) => 0,
        (false, false) => return,
    };
    if let Some(at) = live.history.iter().skip(from).position(may_go) {
        live.history.remove(from + at);
    }
}

/// `spec` without what the baselines do not depend on: where the batch is cut and by whom.
fn baseline_spec(spec: &RunSpec) -> RunSpec {
    let knobs = Knobs {
        strategy: StrategyKind::Default,
        split: SplitChoice::Auto(Chooser::Half),
        attn_ctas: None,
        mlp_ctas: None,
        ..spec.knobs.clone()
    };
    RunSpec { knobs, ..spec.clone() }
}

/// `spec` without the knob of the axis.
fn curve_spec(spec: &RunSpec, axis: SweepAxis) -> RunSpec {
    let mut spec = spec.clone();
    match axis {
        SweepAxis::Split => spec.knobs.split = SplitChoice::Auto(Chooser::Half),
        SweepAxis::AttnCtas => spec.knobs.attn_ctas = None,
        SweepAxis::MlpCtas => spec.knobs.mlp_ctas = None,
    }
    spec
}

/// True when the curve on screen is of another run than the draft's.
pub(crate) fn curve_is_stale(live: &Live) -> bool {
    match &live.curve.spec {
        Some(spec) => **spec != curve_spec(&live.draft.spec, live.curve.axis),
        None => false,
    }
}

fn run_curve(state: &mut State, axis: SweepAxis) -> Vec<Effect> {
    state.drop_jobs(JobKind::Curve);
    state.settings.layout.bottom = true;
    state.settings.layout.bottom_tab = BottomTab::Curve;
    let Some(live) = &mut state.live else { return Vec::new() };
    let spec = Arc::new(curve_spec(&live.draft.spec, axis));
    let live_backend = live.backend.clone();
    live.curve = Curve { spec: Some(Arc::clone(&spec)), ..Curve::new(axis) };
    let job = state.begin_job(JobKind::Curve, format!("Iteration time over {}", axis_name(axis)));
    vec![Effect::Curve(job, live_backend, spec, axis)]
}

fn take_point(
    curve: &mut Curve,
    of: &Arc<RunSpec>,
    axis: SweepAxis,
    point: Result<CurvePoint, String>,
) {
    if curve.axis != axis || curve.spec.as_ref() != Some(of) {
        return;
    }
    match point {
        Ok(point) => {
            let at = curve.points.partition_point(|known| known.x < point.x);
            curve.points.insert(at, point);
        }
        Err(cause) => match &mut curve.failed {
            Some((count, _)) => *count += 1,
            None => curve.failed = Some((1, cause)),
        },
    }
}

fn browse(live: &mut Live, steps: i32) {
    let Some(shown) = live.shown().map(|iteration| iteration.number) else { return };
    let at = live.history.iter().position(|iteration| iteration.number == shown).unwrap_or(0);
    let last = live.history.len().saturating_sub(1);
    let to = at.saturating_add_signed(steps as isize).min(last);
    // Browsing while it runs would show something else each frame: stay where the user went.
    live.pinned = if to == last { None } else { Some(live.history[to].number) };
}
