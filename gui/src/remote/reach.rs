//! A server is reached in the background, and the window is told what becomes of it.

use std::{path::PathBuf, sync::Arc, thread, time::Duration};

use super::{
    Greeting, Link, Recording, Ssh, SshTarget, Target, copying::copy_there, direct, link::Lost,
    ssh, target::WeftTarget,
};
#[cfg(feature = "gpus")]
use weftscope_traces::Trace;

#[cfg(feature = "gpus")]
use crate::{app::live::away::watch_whole, jobs::OnServer};
use crate::{
    app::{
        Document, Event, JobResult,
        live::{
            LiveEvent, RemoteEvent,
            away::{Looked, Show, look_there, whole_there},
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
            Err(Unreached::Missing(cause)) => RemoteEvent::Missing(cause),
            Err(Unreached::Other(cause)) => RemoteEvent::Lost(cause),
        });
    });
    if let Err(error) = reaching {
        failed(RemoteEvent::Lost(format!("no thread to reach it on: {error}")));
    }
}

/// Copies this program to a server that has none; what becomes of it is told under `attempt`.
pub(crate) fn copy(attempt: u64, (ssh, target): (Ssh, SshTarget), events: &EventSender) {
    let told = events.clone();
    let tell = move |event| {
        told.send(Event::Live(Box::new(LiveEvent::Remote(attempt, event))));
    };
    let failed = tell.clone();
    let copying = thread::Builder::new().name("weftscope-copy".to_owned()).spawn(move || {
        tell(match copy_there(&ssh, &target) {
            Ok(remote) => RemoteEvent::Copied(remote),
            Err(cause) => RemoteEvent::Missing(cause),
        });
    });
    if let Err(error) = copying {
        failed(RemoteEvent::Missing(format!("no thread to copy on: {error}")));
    }
}

/// Opens a recording on a server, over a connection of its own, which lasts as long as the window has the recording.
pub(crate) fn open_there(
    (ssh, recording, paths): (&Ssh, &Recording, Vec<PathBuf>),
    show: Show<'_>,
    events: EventSender,
    control: &JobControl,
) -> JobResult {
    let looked = Looked::recording(recording.path.clone(), paths);
    over_its_own((ssh, &recording.target), looked, (show, events), control)
}

/// Watches a program on a server, the same way.
#[cfg(feature = "gpus")]
pub(crate) fn watch_there(
    there: &OnServer,
    show: Show<'_>,
    events: &EventSender,
    control: &JobControl,
) -> JobResult {
    let looked = Looked::program(there.asked.clone(), there.server.to_string());
    over_its_own((&there.ssh, &there.server), looked, (show, events.clone()), control)
}

/// Watches a program's part on a server, over a connection of its own, and shows each view of it whole; gives all that was recorded.
///
/// # Errors
/// In words, without the server's name.
#[cfg(feature = "gpus")]
pub(super) fn watch_all_there(
    there: &OnServer,
    show: &dyn Fn(Arc<Trace>),
    events: &EventSender,
    control: &JobControl,
) -> Result<Arc<Trace>, String> {
    let link = connected((&there.ssh, &there.server), events)?;
    watch_whole(link.port(), there.asked.clone(), show, control)
}

/// All of a recording on a server.
///
/// # Errors
/// In words.
pub(super) fn whole(
    (ssh, recording): (&Ssh, &Recording),
    events: &EventSender,
    control: &JobControl,
) -> Result<Arc<Document>, String> {
    let link = connected((ssh, &recording.target), events)?;
    whole_there(link.port(), &recording.path, control)
}

/// A connection of its own.
fn connected(server: (&Ssh, &Target), events: &EventSender) -> Result<Link, String> {
    let ours = Greeting::ours(String::new(), None);
    // Who reads what comes over it finds out by itself that nothing more does.
    let lost = Box::new(|_cause| {});
    match connect(server, &ours, Arc::clone(&events.wake()), lost) {
        Ok((link, _greeting)) => Ok(link),
        Err(Unreached::Missing(cause) | Unreached::Other(cause)) => Err(cause),
    }
}

fn over_its_own(
    server: (&Ssh, &Target),
    looked: Looked,
    (show, events): (Show<'_>, EventSender),
    control: &JobControl,
) -> JobResult {
    match connected(server, &events) {
        Ok(link) => look_there((link.port(), link), looked, (show, events), control),
        Err(cause) => JobResult::Failed(cause),
    }
}

fn connect(
    (ssh, target): (&Ssh, &Target),
    ours: &Greeting,
    wake: Wake,
    lost: Lost,
) -> Result<(Link, Greeting), Unreached> {
    match target {
        Target::Ssh(target) => ssh::connect((ssh, target), ours, wake, lost).map_err(|error| {
            let cause = error.to_string();
            match error {
                ssh::ConnectError::NoProgram { .. } => Unreached::Missing(cause),
                _ => Unreached::Other(cause),
            }
        }),
        Target::Weft(target) => direct::connect(target, ours, wake, lost)
            .map_err(|error| Unreached::Other(named(target, &error))),
    }
}

/// Why a server is not reached, in words.
enum Unreached {
    /// It was, and has no weftscope.
    Missing(String),
    Other(String),
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
