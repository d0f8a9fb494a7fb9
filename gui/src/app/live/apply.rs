//! What the live run tells, taken into the state.

use std::{sync::Arc, time::Duration};

use weftscope_engine::{batch::Batch, spec::StrategyKind};

#[cfg(not(target_arch = "wasm32"))]
use super::remote::{apply_remote, watch};
use super::{
    KeptIteration, KnobEdit, Live, LiveCommand, LiveEvent, Running, Status, follow::follow,
    serving::apply_serving, update::update_live,
};
use crate::app::{Document, Effect, Severity, State, refill};

/// Takes in what the live run tells.
pub(crate) fn apply_live(state: &mut State, event: LiveEvent) -> Vec<Effect> {
    let before = state.live.as_ref().and_then(Live::shown).cloned();
    let Some(live) = &mut state.live else { return Vec::new() };
    match event {
        // The receipt is dropped at the end of the match: by then it has been taken in.
        LiveEvent::Iteration(iteration, receipt) => {
            if iteration.session == live.session.index {
                let before_it = std::mem::replace(&mut live.status, Status::Ready);
                if matches!(before_it, Status::Broke { .. }) {
                    state.notices.push(Severity::Done, "The GPUs run again".to_owned());
                }
                if live.sent.as_ref() == Some(&iteration.plan.spec)
                    && let Some(asked_s) = live.asked_s.take()
                {
                    live.answer_s = Some(state.now_s - asked_s);
                }
                if let Some(old) = keep(live, iteration) {
                    receipt.give_back(old);
                }
                #[cfg(not(target_arch = "wasm32"))]
                watch(live);
                follow(state, before.as_ref());
            }
        }
        LiveEvent::Refilled(old, new) => refilled(state, &old, new),
        LiveEvent::Refused { session, cause } => {
            if session == live.session.index {
                live.status = Status::Refused(cause);
                live.asked_s = None;
                #[cfg(not(target_arch = "wasm32"))]
                watch(live);
            }
        }
        LiveEvent::Broke { session, cause, retry_in } => {
            if session == live.session.index {
                broke(state, cause, retry_in);
            }
        }
        LiveEvent::Ended { session, cause } => {
            if session == live.session.index {
                live.status = Status::Ended(cause.clone());
                live.running = Running::Paused;
                state.notices.push(Severity::Error, format!("The live run ended: {cause}"));
            }
        }
        LiveEvent::Gpus(found, here) => {
            live.own_gpus = Some((Arc::clone(&found), (*here).clone()));
            #[cfg(not(target_arch = "wasm32"))]
            let is_here = live.remote.is_none();
            #[cfg(target_arch = "wasm32")]
            let is_here = true;
            if is_here {
                live.catalog.add_gpus(found, *here);
            }
        }
        #[cfg(not(target_arch = "wasm32"))]
        LiveEvent::Remote(attempt, event) => return apply_remote(state, attempt, event),
        LiveEvent::Baseline { of, baseline } => {
            // An answer to an older question is no answer.
            if live.baselines_of.as_ref() == Some(&of) {
                live.baselines.retain(|known| known.strategy != baseline.strategy);
                live.baselines.push(baseline);
            }
        }
        LiveEvent::Simulated { of, answer } => {
            if live.baselines_of.as_ref() == Some(&of) {
                live.simulated = Some(answer);
            }
        }
        LiveEvent::UnsplitAlone { of, ns } => {
            if live.baselines_of.as_ref() == Some(&of) {
                live.unsplit_alone_ns = Some(ns);
            }
        }
        LiveEvent::Serving { of, event } => {
            if let Some((strategy, batch)) = apply_serving(&mut live.serving, &of, *event) {
                return run_batch(state, strategy, &batch);
            }
        }
        LiveEvent::CurvePoint { of, axis, point } => live.curve.take(&of, axis, point),
    }
    Vec::new()
}

/// Puts a fuller document in the place of one: of a kept iteration, or of a recording.
fn refilled(state: &mut State, old: &Arc<Document>, new: Arc<Document>) {
    let kept = state.live.as_mut().and_then(|live| live.put(old, &new));
    if kept.is_none() {
        refill(state, old, new);
    }
}

/// Runs a batch by a strategy, and shows it.
fn run_batch(state: &mut State, strategy: StrategyKind, batch: &Batch) -> Vec<Effect> {
    let edits = [KnobEdit::Strategy(strategy), KnobEdit::BatchText(batch.to_string())];
    let turn = |edit| update_live(state, LiveCommand::Turn(edit));
    edits.into_iter().flat_map(turn).collect()
}

/// The GPUs failed: machine and knobs stay as they are, and the session tries again by itself a few times. Said aloud
/// at the first failure in a row and at the last.
fn broke(state: &mut State, cause: String, retry_in: Option<Duration>) {
    let now_s = state.now_s;
    let Some(live) = &mut state.live else { return };
    let is_first = !matches!(live.status, Status::Broke { .. });
    let then = match retry_in {
        Some(_) => "they are tried again",
        None => "they are not tried again by themselves",
    };
    if is_first || retry_in.is_none() {
        let text = format!("The GPUs failed, {then}: {cause}");
        state.notices.push(Severity::Error, text);
    }
    let retry_at_s = retry_in.map(|wait| now_s + wait.as_secs_f64());
    live.status = Status::Broke { cause, retry_at_s };
    live.asked_s = None;
}

/// Keeps an iteration, and makes room: first among repeats of the same run, so that a run left alone for a
/// minute does not push out what was tried before it; then the oldest. The one stayed at is never pushed out.
fn keep(live: &mut Live, iteration: Arc<KeptIteration>) -> Option<Arc<KeptIteration>> {
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
        (false, false) => return None,
    };
    let at = live.history.iter().skip(from).position(may_go)?;
    live.history.remove(from + at)
}
