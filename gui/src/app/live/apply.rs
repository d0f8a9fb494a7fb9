//! What the live run tells, taken into the state.

use std::sync::Arc;

use super::{
    Backend, KeptIteration, Knob, KnobEdit, Live, LiveEvent, Running, Status, follow::follow,
};
use crate::app::{Effect, Severity, State};

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
        LiveEvent::CurvePoint { of, axis, point } => live.curve.take(&of, axis, point),
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

/// Keeps an iteration, and makes room: first among repeats of the same run, so that a run left alone for a
/// minute does not push out what was tried before it; then the oldest. The one stayed at is never dropped.
fn keep(live: &mut Live, iteration: Arc<KeptIteration>) {
    let spec = Arc::clone(&iteration.plan.spec);
    live.history.push_back(iteration);
    let pinned = live.pinned;
    let may_go = |kept: &Arc<KeptIteration>| Some(kept.number) != pinned;
    let same = |kept: &Arc<KeptIteration>| kept.plan.spec == spec;
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
