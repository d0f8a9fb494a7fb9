//! What the news of a session become, wherever it runs: iterations with their pictures, and sentences.

use std::{sync::Arc, time::Duration};

use weftscope_engine::{plan::Plan, session::RunState, spec::RunSpec};
use weftscope_profiler::live::Event as SessionEvent;

use super::{KeptIteration, LiveEvent, SessionId, SplitMarks};
use crate::{
    app::Document,
    timeline::{Foresight, Sight, TimelineData},
};

/// How a session iterates.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Least time from one picture's start to the next.
    pub period: Duration,
    /// Iterations of a picture.
    pub burst: u32,
}

/// How the run was last looked at, as far as the preparing thread knows.
#[derive(Default)]
pub(super) struct LookedAt {
    sight: Option<Sight>,
    /// Where the window says how it draws the iteration handed over last.
    last: Arc<Foresight>,
}

impl LookedAt {
    /// Makes ready what the first frame of an iteration will draw.
    pub(super) fn foresee(&mut self, timeline: &TimelineData) {
        // One that was never drawn says nothing.
        if let Some(seen) = self.last.seen() {
            self.sight = Some(seen);
        }
        if let Some(sight) = &self.sight {
            timeline.foresee(sight);
        }
        self.last = Arc::clone(&timeline.foresight);
    }
}

/// What the window is told of an event that is no iteration, if anything.
pub(super) fn refusal(event: SessionEvent, session: u32) -> Option<LiveEvent> {
    let refused = |cause| LiveEvent::Refused { session, cause };
    Some(match event {
        SessionEvent::PlanError(error) => refused(error.to_string()),
        SessionEvent::ExecError { error, retry_in } if error.is_fatal() => {
            LiveEvent::Broke { session, cause: error.to_string(), retry_in }
        }
        SessionEvent::ExecError { error, .. } => refused(error.to_string()),
        SessionEvent::CollectError(error) => refused(error),
        SessionEvent::State(RunState::Stopped) => {
            LiveEvent::Ended { session, cause: "the session thread has stopped".to_owned() }
        }
        SessionEvent::State(_) | SessionEvent::Iteration(_) => return None,
    })
}

/// An iteration by its picture: what ran, its number in the session and its time, ns.
pub(super) fn kept(
    document: Document,
    plan: Arc<Plan>,
    (number, duration_ns): (u64, i64),
    id: SessionId,
) -> KeptIteration {
    let labels = document.trace.labels.iter();
    let alone_compute_ns = labels
        .filter(|label| label.kind.is_compute())
        .filter_map(|label| label.facts.as_ref()?.alone_ns)
        .sum();
    KeptIteration {
        alone_compute_ns,
        session: id.index,
        number: id.first_iteration + number,
        marks: SplitMarks::of(&plan.spec),
        document: Arc::new(document),
        plan,
        duration_ns,
    }
}

/// For file names: `llama-3.3-70b-tp8-tokenweave-8192`.
pub(super) fn file_stem(spec: &RunSpec) -> String {
    format!(
        "{}-tp{}-{}-{}",
        spec.model.name,
        spec.knobs.tp,
        spec.knobs.strategy.name(),
        spec.batch.tokens()
    )
}
