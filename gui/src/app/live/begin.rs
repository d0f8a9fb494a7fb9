use std::{sync::Arc, thread};

use weftscope_engine::spec::RunSpec;

use super::{Backend, Catalog, Draft, Live, LiveEvent, ServingAsked, SessionId, start_session};
use crate::{
    app::{Event, Runner, Severity, Shown, State},
    here::{here_of, probe},
    jobs::EventSender,
};

/// Starts the live run on the simulator: `spec`, or the default. GPUs are looked for meanwhile.
pub(crate) fn begin(
    state: &mut State,
    runner: &mut Runner,
    events: EventSender,
    spec: Option<RunSpec>,
) {
    let Some(catalog) = Catalog::builtin() else { return };
    let spec = spec.unwrap_or_else(|| catalog.default_spec().clone());
    look_for_gpus(events.clone());
    let executors = runner.executors();
    let begun =
        start_session(executors, None, (&Backend::Simulated, &spec), SessionId::default(), events);
    match begun {
        Ok(session) => {
            runner.attach(session);
            let mut live = Live::new(catalog, Draft::new(spec));
            if let Some(asked) = state.settings.serving.as_ref().and_then(ServingAsked::of_kept) {
                live.serving.asked = asked;
            }
            state.live = Some(live);
            state.shown = Shown::Live;
        }
        Err(cause) => state.notices.push(Severity::Error, format!("There is no live run: {cause}")),
    }
}

/// Asks the driver on a thread of its own: it may take a second, and the first frame does not wait for it.
fn look_for_gpus(events: EventSender) {
    let looking = thread::Builder::new().name("weftscope-probe".to_owned()).spawn(move || {
        // Without GPUs there is nothing to tell: `weftscope doctor` says why.
        if let Ok(found) = probe() {
            let here = Box::new(here_of(&found));
            events.send(Event::Live(Box::new(LiveEvent::Gpus(Arc::new(found), here))));
        }
    });
    // Without a thread the simulated machines are all there is.
    drop(looking);
}
