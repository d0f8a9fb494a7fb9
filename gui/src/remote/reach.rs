//! A server is reached in the background, and the window is told what becomes of it.

use std::{path::PathBuf, sync::Arc, thread, time::Duration};

use super::{Greeting, Link, Recording, Ssh, Target, direct, link::Lost, ssh, target::WeftTarget};
use crate::{
    app::{
        Event, JobResult,
        live::{
            LiveEvent, RemoteEvent,
            away::{Show, open_recording},
        },
    },
    jobs::{EventSender, JobControl, Wake},
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
            Err(cause) => RemoteEvent::Lost(cause),
        });
    });
    if let Err(error) = reaching {
        failed(RemoteEvent::Lost(format!("no thread to reach it on: {error}")));
    }
}

/// Opens a recording on a server, over a connection of its own, which lasts as long as the window has the recording.
pub(crate) fn open_there(
    (ssh, recording, paths): (&Ssh, &Recording, Vec<PathBuf>),
    show: Show<'_>,
    events: EventSender,
    control: &JobControl,
) -> JobResult {
    let ours = Greeting::ours(String::new(), None);
    // Who reads what comes over it finds out by itself that nothing more does.
    let lost = Box::new(|_cause| {});
    let reached = connect((ssh, &recording.target), &ours, Arc::clone(&events.wake()), lost);
    match reached {
        Ok((link, _greeting)) => {
            open_recording((link.port(), link), (&recording.path, paths), (show, events), control)
        }
        Err(error) => JobResult::Failed(error),
    }
}

fn connect(
    (ssh, target): (&Ssh, &Target),
    ours: &Greeting,
    wake: Wake,
    lost: Lost,
) -> Result<(Link, Greeting), String> {
    match target {
        Target::Ssh(target) => {
            ssh::connect((ssh, target), ours, wake, lost).map_err(|error| error.to_string())
        }
        Target::Weft(target) => {
            direct::connect(target, ours, wake, lost).map_err(|error| named(target, &error))
        }
    }
}

fn named(target: &WeftTarget, error: &impl std::fmt::Display) -> String {
    format!("{}: {error}", target.name())
}

/// Greets a server of `weftscope serve` and goes: whether it is there, and who it is.
///
/// # Errors
/// In words, as the window says them.
pub fn greet(target: &WeftTarget) -> Result<Greeting, String> {
    let ours = Greeting::ours(String::new(), None);
    let (_halves, greeting) =
        direct::greet(target, &ours).map_err(|error| named(target, &error))?;
    Ok(greeting)
}
