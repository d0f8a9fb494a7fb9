//! A server is reached in the background, and the window is told what becomes of it.

use std::{sync::Arc, thread, time::Duration};

use super::{Greeting, Ssh, Target, ssh::connect};
use crate::{
    app::{
        Event,
        live::{LiveEvent, RemoteEvent},
    },
    jobs::EventSender,
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
