use std::{sync::Arc, time::Duration};

use web_time::Instant;
use weftscope_engine::{command::Command, plan::Plan, spec::RunSpec};

use super::{
    super::{
        Backend, KeptIteration, LiveEvent, Outstanding, Receipt, SessionId,
        news::{LookedAt, Pace, file_stem, kept},
    },
    OF_A_FRAME, Port,
    words::{Ask, Tell},
};
use crate::{
    app::{Document, Event, arriving::Preparing},
    jobs::EventSender,
};

/// A page's hold on a run in a worker.
pub(in crate::app::live) struct AwaySession {
    port: Port,
    id: SessionId,
    events: EventSender,
    looked_at: LookedAt,
    /// What ran last.
    plan: Option<Arc<Plan>>,
    /// The iteration that is made ready.
    arriving: Option<Iteration>,
    /// Of the iteration that the window has not taken in yet.
    outstanding: Option<Outstanding>,
}

struct Iteration {
    preparing: Preparing,
    plan: Arc<Plan>,
    number: u64,
    time_ns: i64,
}

impl AwaySession {
    /// Begins a run.
    pub(in crate::app::live) fn begin(
        port: Port,
        spec: &RunSpec,
        pace: Pace,
        id: SessionId,
        events: EventSender,
    ) -> Self {
        Ask::begin(spec, &Backend::Simulated, pace).over(&port);
        let (looked_at, plan) = (LookedAt::default(), None);
        Self { port, id, events, looked_at, plan, arriving: None, outstanding: None }
    }

    pub(in crate::app::live) fn send(&self, command: Command) {
        Ask::Command(command).over(&self.port);
    }

    /// Goes on with what has arrived, as long as a frame may take; gives the time until it should be asked again, if that is
    /// not when the worker says so.
    pub(in crate::app::live) fn turn(&mut self) -> Option<Duration> {
        if self.outstanding.as_mut().is_some_and(Outstanding::is_settled_now) {
            self.outstanding = None;
            Ask::TakenIn.over(&self.port);
        }
        let began = Instant::now();
        while self.outstanding.is_none() && began.elapsed() < OF_A_FRAME {
            if self.arriving.is_some() {
                self.make_ready();
            } else {
                let (tell, bytes) = Tell::heard(self.port.next()?);
                self.take(tell, bytes);
            }
        }
        Some(Duration::ZERO)
    }

    fn take(&mut self, tell: Tell, bytes: Vec<u8>) {
        let session = self.id.index;
        match tell {
            Tell::Iteration { number, time_ns, plan } => {
                if let Err(cause) = self.arrived(number, time_ns, plan.as_deref(), bytes) {
                    self.tell(LiveEvent::Refused { session, cause });
                    Ask::TakenIn.over(&self.port);
                }
            }
            Tell::Refused(cause) => self.tell(LiveEvent::Refused { session, cause }),
            Tell::Ended(cause) => self.tell(LiveEvent::Ended { session, cause }),
            // Of GPUs, which a page has none of.
            Tell::Broke(..) => {}
            // Of jobs, which this worker has none of.
            Tell::Progress(_) | Tell::News(_) | Tell::Run(..) | Tell::Done(_) => {}
            // Of a link, which a worker is not at the other end of.
            Tell::Part(_)
            | Tell::Piece(..)
            | Tell::Answer(..)
            | Tell::NoAnswer(..)
            | Tell::Left(_) => {}
        }
    }

    fn arrived(
        &mut self,
        number: u64,
        time_ns: i64,
        plan: Option<&str>,
        bytes: Vec<u8>,
    ) -> Result<(), String> {
        if let Some(plan) = plan {
            self.plan = Some(Arc::new(Plan::from_json(plan).map_err(|error| error.to_string())?));
        }
        let plan = self.plan.clone().ok_or("the worker has not said what ran")?;
        let preparing = Preparing::new(bytes, file_stem(&plan.spec))?;
        self.arriving = Some(Iteration { preparing, plan, number, time_ns });
        Ok(())
    }

    fn make_ready(&mut self) {
        let Some(iteration) = &mut self.arriving else { return };
        match iteration.preparing.step() {
            Ok(None) => {}
            Ok(Some(document)) => self.hand_over(document),
            Err(cause) => {
                self.arriving = None;
                self.tell(LiveEvent::Refused { session: self.id.index, cause });
                Ask::TakenIn.over(&self.port);
            }
        }
    }

    fn hand_over(&mut self, document: Document) {
        let Some(Iteration { plan, number, time_ns, .. }) = self.arriving.take() else { return };
        self.looked_at.foresee(&document.timeline);
        let (receipt, outstanding) = Receipt::new();
        self.outstanding = Some(outstanding);
        let kept: KeptIteration = kept(document, plan, (number, time_ns), self.id);
        self.tell(LiveEvent::Iteration(Arc::new(kept), receipt));
    }

    fn tell(&self, event: LiveEvent) {
        self.events.send(Event::Live(Box::new(event)));
    }
}
