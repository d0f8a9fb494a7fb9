//! A server is reached, lost, reached again and left.

use std::{sync::Arc, time::Duration};

use super::{
    super::{Backend, KnobEdit, Live},
    Remote, RemoteEvent, RemoteStatus,
};
use crate::{
    app::{Effect, Severity, State},
    here::Here,
    remote::{Greeting, Ssh, Target},
};

/// How often a server that was reached once is tried again.
const MOST_TRIES: u32 = 8;

/// Begins to reach a server.
pub(in crate::app::live) fn connect(state: &mut State, ssh: Ssh, target: Target) -> Vec<Effect> {
    let attempt = state.fresh_id();
    let Some(live) = &mut state.live else { return Vec::new() };
    let status = RemoteStatus::Connecting(None);
    let remote = Remote {
        target: target.clone(),
        ssh: ssh.clone(),
        status,
        attempt,
        failures: 0,
        lost_s: None,
        gaps: (0, 0.0),
    };
    let had_one = live.remote.replace(remote).is_some();
    let mut effects = if had_one { vec![Effect::UseLink(None)] } else { Vec::new() };
    effects.push(Effect::Connect { attempt, ssh, target, after: Duration::ZERO });
    effects
}

/// Leaves the server: the run goes on here.
pub(in crate::app::live) fn leave(state: &mut State) -> Vec<Effect> {
    let Some(live) = &mut state.live else { return Vec::new() };
    if live.remote.take().is_none() {
        return Vec::new();
    }
    live.catalog.remove_gpus();
    if let Some((found, here)) = live.own_gpus.clone() {
        live.catalog.add_gpus(found, here);
    }
    move_run(live);
    vec![Effect::UseLink(None)]
}

/// Asks for the run that several windows see.
pub(in crate::app::live) fn take_control(live: &Live) -> Vec<Effect> {
    let is_watching = live.remote.as_ref().is_some_and(Remote::is_watching);
    if is_watching { vec![Effect::TakeControl] } else { Vec::new() }
}

/// A window that watches has the knobs of what it sees: its own do not count.
pub(in crate::app::live) fn watch(live: &mut Live) {
    if !live.remote.as_ref().is_some_and(Remote::is_watching) {
        return;
    }
    if let Some(shown) = live.history.back() {
        live.draft.spec = (*shown.plan.spec).clone();
        live.sent = Some(Arc::clone(&shown.plan.spec));
        live.asked_s = None;
    }
}

/// Takes in what became of a connection.
pub(in crate::app::live) fn apply_remote(
    state: &mut State,
    attempt: u64,
    event: RemoteEvent,
) -> Vec<Effect> {
    let now_s = state.now_s;
    let Some(live) = &mut state.live else { return Vec::new() };
    let Some(remote) = live.remote.as_mut().filter(|remote| remote.attempt == attempt) else {
        return Vec::new();
    };
    match event {
        RemoteEvent::Connected(link, greeting) => {
            let host = greeting.host.clone();
            let traffic = Arc::clone(link.traffic());
            let role = Arc::clone(link.role());
            remote.status = RemoteStatus::Connected { host, traffic, role };
            remote.failures = 0;
            let name = remote.name().to_owned();
            let words = match remote.lost_s.take() {
                Some(lost_s) => {
                    let s = now_s - lost_s;
                    remote.gaps = (remote.gaps.0 + 1, remote.gaps.1 + s);
                    let run = match remote.target {
                        Target::Ssh(_) => "The run begins anew there",
                        Target::Weft(_) => "The run has gone on there",
                    };
                    format!("Reached {name} again; of {s:.1} s nothing was seen. {run}")
                }
                None => format!("The live run is on {name}"),
            };
            offered(live, &name, *greeting);
            state.notices.push(Severity::Done, words);
            vec![Effect::UseLink(Some(link))]
        }
        RemoteEvent::Lost(cause) => lost(state, cause),
        RemoteEvent::Missing(cause) => {
            let words = format!("{cause}. This one can be copied there: in the window's foot");
            remote.status = RemoteStatus::Missing(cause);
            state.notices.push(Severity::Error, words);
            vec![Effect::UseLink(None)]
        }
        RemoteEvent::Copied(path) => {
            let (ssh, target) = (remote.ssh.clone(), remote.target.clone());
            let words = format!("Copied weftscope to {}: {path}", remote.name());
            state.notices.push(Severity::Done, words);
            connect(state, Ssh { remote: path, ..ssh }, target)
        }
    }
}

/// Copies this program to the server, which has none.
pub(in crate::app::live) fn install(live: &mut Live) -> Vec<Effect> {
    let Some(remote) = &mut live.remote else { return Vec::new() };
    let (RemoteStatus::Missing(_), Target::Ssh(target)) = (&remote.status, &remote.target) else {
        return Vec::new();
    };
    let (attempt, ssh, target) = (remote.attempt, remote.ssh.clone(), target.clone());
    remote.status = RemoteStatus::Copying;
    vec![Effect::Install(attempt, ssh, target)]
}

/// A server that was reached is tried again, ever later; one that never was is not.
fn lost(state: &mut State, cause: String) -> Vec<Effect> {
    let (now_s, attempt) = (state.now_s, state.fresh_id());
    let Some(live) = &mut state.live else { return Vec::new() };
    let Some(remote) = &mut live.remote else { return Vec::new() };
    let was_there = matches!(remote.status, RemoteStatus::Connected { .. });
    let was_once = was_there || remote.lost_s.is_some();
    if was_there {
        remote.lost_s = Some(now_s);
    }
    remote.failures += 1;
    let name = remote.name().to_owned();
    if !was_once || remote.failures > MOST_TRIES {
        remote.status = RemoteStatus::Failed(cause.clone());
        let words = if was_once { "is not reached any more" } else { "is not reached" };
        state.notices.push(Severity::Error, format!("{name} {words}: {cause}"));
        return vec![Effect::UseLink(None)];
    }
    if was_there {
        let words = format!("The connection to {name} is lost and tried again: {cause}");
        state.notices.push(Severity::Warning, words);
    }
    remote.status = RemoteStatus::Connecting(Some(cause));
    remote.attempt = attempt;
    let after = Duration::from_secs(1 << (remote.failures - 1).min(5));
    let (ssh, target) = (remote.ssh.clone(), remote.target.clone());
    vec![Effect::UseLink(None), Effect::Connect { attempt, ssh, target, after }]
}

/// What the server has may be chosen; its GPUs are, where nothing of them was chosen before.
fn offered(live: &mut Live, name: &str, greeting: Greeting) {
    let was_there = live.catalog.host(name).is_some();
    live.catalog.remove_gpus();
    if let Some((gpus, mut machine)) = greeting.gpus {
        name.clone_into(&mut machine.name);
        live.catalog.add_gpus(Arc::new(gpus), Here { machine, refused: None });
        if !was_there {
            live.draft.turn(KnobEdit::Machine(name.to_owned()), &live.catalog);
        }
    }
    move_run(live);
}

/// The run begins anew where it now is, on a machine that is there.
fn move_run(live: &mut Live) {
    let host = live.catalog.host(&live.draft.spec.machine.name);
    match host.map(|host| host.backend.clone()) {
        // How it is run on GPUs stays as it was.
        Some(backend) if backend.runs_alike(&live.draft.backend) => {}
        Some(backend) => live.draft.backend = backend,
        None => {
            let first = live.catalog.default_spec().machine.name.clone();
            live.draft.turn(KnobEdit::Machine(first), &live.catalog);
            live.draft.backend = Backend::Simulated;
        }
    }
    live.has_moved = true;
}
