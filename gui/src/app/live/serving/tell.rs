//! What jobs of the tab send.

use std::sync::Arc;

use weftscope_engine::{
    serving::{KvCapacity, Served, ServingError},
    spec::StrategyKind,
};

use super::{ServedRun, ServedStrategy, ServingEvent, ServingHead, ServingRun};
use crate::{
    app::{Event, live::LiveEvent},
    jobs::EventSender,
    serving::Workload,
};

/// Sends what serving by a strategy came to, unless it was given up.
pub(super) fn tell(
    events: &EventSender,
    run: &Arc<ServingRun>,
    strategy: StrategyKind,
    served: Result<Served, ServingError>,
) {
    let outcome = match served {
        Err(ServingError::Stopped) => return,
        Err(error) => Err(error.to_string()),
        Ok(served) => Ok(ServedRun::of(strategy, served, true)),
    };
    send(events, run, ServingEvent::Served(ServedStrategy { strategy, outcome }));
}

/// What is known once the requests and the room for them are.
pub(super) fn head(workload: &Workload, kv: KvCapacity) -> ServingHead {
    ServingHead {
        words: workload.words.clone(),
        empty_rows: workload.empty_rows,
        kv_tokens: kv.tokens(),
        kv_bytes: kv.bytes(),
    }
}

pub(super) fn send(events: &EventSender, of: &Arc<ServingRun>, event: ServingEvent) {
    let event = LiveEvent::Serving { of: Arc::clone(of), event: Box::new(event) };
    events.send(Event::Live(Box::new(event)));
}
