//! A server is reached in the background, and the window is told what becomes of it.

use std::{path::PathBuf, sync::Arc, thread, time::Duration};

use super::{Greeting, Place, Ssh, Target, ssh::connect};
use crate::{
    app::{
        Document, Event, JobResult,
        live::{LiveEvent, RemoteEvent, away::open_recording},
    },
    jobs::{EventSender, JobControl},
};

/// Reaches `target` after a while; all that becomes of it is told under `attempt`.
pub(crate) fn reach(
    attempt: u64,
    (ssh, target): (Ssh, Target),
    after: Duration,
    events: EventSender,
) {
    let told = events.clone();
    let tell = move |event| {
        told.send(Event::Live(Box::new(LiveEvent::Remote(attempt, event))));
    };
    let failed = tell.clone();
    let reaching = thread::Builder::new().name("weftscope-reach".to_owned()).spawn(move || {
        thread::sleep(after);
        let lost = tell.clone();
        let lost = Box::new(move |cause| lost(RemoteEvent::Lost(cause)));
        let ours = Greeting::ours(String::new(), None);
        tell(match connect((&ssh, &target), &ours, Arc::clone(&events.wake()), lost) {
            Ok((link, greeting)) => RemoteEvent::Connected(link, Box::new(greeting)),
            Err(error) => RemoteEvent::Lost(error.to_string()),
        });
    });
    if let Err(error) = reaching {
        failed(RemoteEvent::Lost(format!("no thread to reach it on: {error}")));
    }
}

/// Opens a recording on a server, over a connection of its own, which lasts as long as the window has the recording.
pub(crate) fn open_there(
    (place, paths): (&Place, Vec<PathBuf>),
    show: &dyn Fn(Vec<PathBuf>, Arc<Document>),
    events: EventSender,
    control: &JobControl,
) -> JobResult {
    let ours = Greeting::ours(String::new(), None);
    // Who reads what comes over it finds out by itself that nothing more does.
    let lost = Box::new(|_cause| {});
    let ssh = Ssh::default();
    let reached = connect((&ssh, &place.target), &ours, Arc::clone(&events.wake()), lost);
    match reached {
        Ok((link, _greeting)) => {
            open_recording((link.port(), link), (&place.path, paths), (show, events), control)
        }
        Err(error) => JobResult::Failed(error.to_string()),
    }
}
