//! The view goes along with the run: to the next iteration, with a ghost of the one before.

use std::{sync::Arc, time::Duration};

use super::{KeptIteration, Live};
use crate::{
    app::State,
    timeline::{Ghost, ViewState},
};

/// Moves the view along when another iteration came into view, and leaves a ghost of a run that was another one.
pub(super) fn follow(state: &mut State, before: Option<&Arc<KeptIteration>>) {
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
                let name = "the iteration before".to_owned();
                view.ghost = Some(Ghost { data, name, has_ends: false, shift_ns, opacity: 0.0 });
                live.ghost_since_s = Some(now_s);
            }
        }
        _ => live.view = Some(ViewState::new(timeline)),
    }
    // What was aggregated was of the iteration before; it stays on screen until the next is ready.
    state.tables_asking.forget();
}

/// The ghost's opacity over its life: in, stay, out, gone. Gives the time until it changes again.
pub(crate) fn fade_ghost(live: &mut Live, now_s: f64) -> Option<Duration> {
    const IN_S: f64 = 0.15;
    const STAY_S: f64 = 2.5;
    const OUT_S: f64 = 1.0;
    /// A frame of a fade.
    const FRAME_S: f64 = 0.03;
    let (since_s, view) = (live.ghost_since_s?, live.view.as_mut()?);
    let age_s = now_s - since_s;
    let opacity = (age_s / IN_S).min((IN_S + STAY_S + OUT_S - age_s) / OUT_S).clamp(0.0, 1.0);
    if age_s >= IN_S + STAY_S + OUT_S {
        view.ghost = None;
        live.ghost_since_s = None;
    } else if let Some(ghost) = &mut view.ghost {
        ghost.opacity = opacity as f32;
    }
    let staying_s = if age_s < IN_S { 0.0 } else { IN_S + STAY_S - age_s };
    Some(Duration::from_secs_f64(staying_s.max(FRAME_S)))
}
