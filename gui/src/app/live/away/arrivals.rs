//! What arrives from a run elsewhere, made ready on a thread.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use weftscope_engine::{command::Command, plan::Plan, spec::RunSpec};

use super::{
    super::{
        KeptIteration, LiveEvent, SessionId,
        arrival::{Arrival, Source},
        news::{Pace, file_stem, kept},
    },
    Port,
    following::Following,
    words::{Ask, Tell},
};
use crate::app::{live::Backend, part::Known};

/// How often it is looked whether the picture is looked at otherwise than before.
pub(super) const LOOKS: Duration = Duration::from_millis(20);

/// The window's hold on a run elsewhere.
pub(in crate::app::live) struct Arrivals {
    port: Arc<Port>,
    id: SessionId,
    /// What ran last.
    plan: Option<Arc<Plan>>,
    /// The iteration that came last, once one has.
    following: Following,
}

impl Arrivals {
    /// Begins a run.
    pub(in crate::app::live) fn begin(
        port: Arc<Port>,
        spec: &RunSpec,
        (backend, pace): (&Backend, Pace),
        id: SessionId,
    ) -> Self {
        Ask::begin(spec, backend, pace).over(&port);
        Self { port, id, plan: None, following: Following::new() }
    }

    fn take(&mut self, tell: Tell, bytes: Vec<u8>) -> Option<Arrival> {
        let session = self.id.index;
        Some(Arrival::News(match tell {
            Tell::Iteration { number, time_ns, plan } => {
                match self.iteration((number, time_ns), plan.as_deref(), &bytes) {
                    Ok(kept) => return Some(Arrival::Iteration(Box::new(kept))),
                    Err(cause) => {
                        self.taken_in();
                        LiveEvent::Refused { session, cause }
                    }
                }
            }
            Tell::Part(_) | Tell::Piece(..) | Tell::Answer(..) | Tell::NoAnswer(..) => {
                match self.following.take(tell, bytes, &self.port) {
                    Ok(refilled) => {
                        let (old, new) = refilled?;
                        LiveEvent::Refilled(old, new)
                    }
                    Err(cause) => LiveEvent::Refused { session, cause },
                }
            }
            Tell::Refused(cause) => LiveEvent::Refused { session, cause },
            Tell::Broke(cause, in_ns) => {
                LiveEvent::Broke { session, cause, retry_in: in_ns.map(Duration::from_nanos) }
            }
            Tell::Ended(cause) => LiveEvent::Ended { session, cause },
            // Of jobs, which this way has none of.
            Tell::Progress(_) | Tell::News(_) | Tell::Run(..) | Tell::Left(_) | Tell::Done(_) => {
                return None;
            }
        }))
    }

    fn iteration(
        &mut self,
        (number, time_ns): (u64, i64),
        plan: Option<&str>,
        bytes: &[u8],
    ) -> Result<KeptIteration, String> {
        if let Some(plan) = plan {
            self.plan = Some(Arc::new(Plan::from_json(plan).map_err(|error| error.to_string())?));
        }
        let plan = self.plan.clone().ok_or("it was not said what ran")?;
        let known = Known { file_stem: file_stem(&plan.spec), explanation: None };
        let document = self.following.made(number, bytes, known)?;
        let kept = kept(document, plan, (number, time_ns), self.id);
        self.following.follow(number, Arc::clone(&kept.document));
        Ok(kept)
    }
}

impl Source for Arrivals {
    fn next(&mut self, patience: Duration) -> Option<Arrival> {
        let until = Instant::now() + patience;
        loop {
            self.following.tell(&self.port);
            let left = until.saturating_duration_since(Instant::now());
            if let Some(letter) = self.port.next_within(left.min(LOOKS)) {
                let (tell, bytes) = Tell::heard(letter);
                if let Some(arrival) = self.take(tell, bytes) {
                    return Some(arrival);
                }
            } else if left.is_zero() {
                return None;
            }
        }
    }

    fn taken_in(&mut self) {
        // With how it is looked at, so that the next comes as it will be.
        self.following.tell(&self.port);
        Ask::TakenIn.over(&self.port);
    }
}

/// Tells a run elsewhere something.
pub(in crate::app::live) fn tell_run(port: &Port, command: Command) {
    Ask::Command(command).over(port);
}
