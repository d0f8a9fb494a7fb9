//! What arrives from a run elsewhere, made ready on a thread.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use weftscope_engine::plan::Plan;
use weftscope_traces::container;

use super::{
    super::{
        KeptIteration, LiveEvent, SessionId,
        arrival::{Arrival, Source},
        news::{Pace, file_stem, kept},
    },
    Port,
    words::{Ask, Tell},
};
use crate::app::{Document, live::Backend};
use weftscope_engine::{command::Command, spec::RunSpec};

/// The window's hold on a run elsewhere.
pub(in crate::app::live) struct Arrivals {
    port: Arc<Port>,
    id: SessionId,
    /// What ran last.
    plan: Option<Arc<Plan>>,
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
        Self { port, id, plan: None }
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
        let trace = container::read(bytes, &mut |_| ControlFlow::Continue(()))
            .map_err(|error| format!("what was recorded there cannot be read: {error}"))?;
        let document = Document::prepare(Arc::new(trace), file_stem(&plan.spec));
        Ok(kept(document, plan, (number, time_ns), self.id))
    }
}

impl Source for Arrivals {
    fn next(&mut self, patience: Duration) -> Option<Arrival> {
        let (tell, bytes) = Tell::heard(self.port.next_within(patience)?);
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
            Tell::Refused(cause) => LiveEvent::Refused { session, cause },
            Tell::Broke(cause, in_ns) => {
                LiveEvent::Broke { session, cause, retry_in: in_ns.map(Duration::from_nanos) }
            }
            Tell::Ended(cause) => LiveEvent::Ended { session, cause },
            // Of jobs, which this way has none of.
            Tell::Progress(_) | Tell::News(_) | Tell::Run(..) | Tell::Done(_) => return None,
        }))
    }

    fn taken_in(&mut self) {
        Ask::TakenIn.over(&self.port);
    }
}

/// Tells a run elsewhere something.
pub(in crate::app::live) fn tell_run(port: &Port, command: Command) {
    Ask::Command(command).over(port);
}
