//! The window here, the run behind a real sshd on the loopback: reached, driven, cut off, reached again, left.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    app::{
        App, Command, Start, State,
        live::{Baseline, KnobEdit, LiveCommand, RemoteStatus},
    },
    remote::{Ssh, Target},
};
use weftscope_engine::{plan::plan, spec::StrategyKind};
use weftscope_testkit::{
    Need,
    shaped::{Shape, Shaped},
    skip,
    sshd::Sshd,
};

use super::panels::send;

/// What a test waits for at most: of a fault, not of a slow machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// The program that is tested, at the other end too.
pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_weftscope");

/// The program at the other end of a server's port.
pub(super) fn by(sshd: &Sshd, port: u16, remote: &str) -> Ssh {
    Ssh { program: sshd.ssh(port).into(), remote: remote.to_owned() }
}

pub(super) type Window = Harness<'static, App>;

fn window_on(ssh: Ssh) -> Window {
    let target: Target = "ssh://testbox".parse().unwrap();
    let start = Start { server: Some((ssh, target)), ..Start::opening(Vec::new()) };
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::new(start, None, Arc::new(|| {}));
    Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app)
}

/// Draws until something is so.
pub(super) fn until(window: &mut Window, what: &str, is_so: impl Fn(&State) -> bool) {
    let since = Instant::now();
    while !is_so(window.state().state()) {
        let notices: Vec<String> =
            window.state().state().notices.iter().map(|notice| notice.text.clone()).collect();
        assert!(since.elapsed() < PATIENCE, "not {what}: {notices:?}");
        thread::sleep(Duration::from_millis(5));
        window.run_steps(1);
    }
    window.run_steps(2);
}

fn status(state: &State) -> Option<&RemoteStatus> {
    Some(&state.live.as_ref()?.remote.as_ref()?.status)
}

fn is_connected(state: &State) -> bool {
    matches!(status(state), Some(RemoteStatus::Connected { .. }))
}

/// The picture is of the run as it is asked for, and of where it now is.
fn is_answered(state: &State) -> bool {
    let live = state.live.as_ref().unwrap();
    let answers = |shown: &Arc<_>| -> bool {
        let shown: &weftscope::app::live::KeptIteration = shown;
        shown.session == live.session.index && *shown.plan.spec == live.draft.spec
    };
    live.shown().is_some_and(answers) && live.asked_s.is_none()
}

#[test]
fn a_run_behind_sshd_is_driven_cut_off_and_reached_again() {
    let sshd = match Sshd::start() {
        Ok(sshd) => sshd,
        Err(reason) => return skip(Need::Oracle, reason),
    };
    let shape = Shape { delay: Duration::from_millis(5), bytes_per_s: 1e8 };
    let link = Shaped::to(sshd.address(), shape);
    let mut window = window_on(by(&sshd, link.port(), PROGRAM));
    until(&mut window, "connected", is_connected);
    until(&mut window, "answered", is_answered);
    let carried = link.carried_bytes();
    assert!(carried > 100_000, "an iteration came over the link: {carried} bytes");

    // A knob is turned: what comes is what this program would have simulated itself.
    let turn = KnobEdit::Strategy(StrategyKind::FuseOnly);
    send(&mut window, Command::Live(LiveCommand::Turn(turn)));
    until(&mut window, "answered", is_answered);
    let live = window.state().state().live.as_ref().unwrap();
    let shown = Arc::clone(live.shown().unwrap());
    assert_eq!(*shown.plan, plan(&live.draft.spec).unwrap());
    until(&mut window, "compared", |state| {
        let baselines = &state.live.as_ref().unwrap().baselines;
        let has = |strategy| {
            let is_it = |baseline: &Baseline| baseline.strategy == strategy;
            baselines.iter().any(|baseline| is_it(baseline) && baseline.outcome.is_ok())
        };
        [StrategyKind::Default, StrategyKind::NoComm].into_iter().all(has)
    });
    // Its name and how far away it is stand at the window's foot.
    until(&mut window, "pinged", |state| match status(state) {
        Some(RemoteStatus::Connected { traffic, .. }) => traffic.round_trip().is_some(),
        _ => false,
    });
    assert!(window.query_by_label_contains("testbox · ").is_some());

    // Cut: said, tried again, and reached once the link is whole.
    link.cut();
    until(&mut window, "lost", |state| {
        matches!(status(state), Some(RemoteStatus::Connecting(Some(_))))
    });
    assert!(window.query_by_label_contains("testbox is lost, trying again").is_some());
    let pinned = window.state().state().live.as_ref().unwrap().shown().unwrap().number;
    assert_eq!(pinned, shown.number, "the last picture stays");
    link.mend();
    until(&mut window, "reached again", is_connected);
    let said =
        |state: &State| state.notices.iter().any(|notice| notice.text.contains("nothing was seen"));
    assert!(said(window.state().state()), "the gap is told");
    assert!(window.query_by_label_contains("lost 1 time, ").is_some(), "and stays told");
    let turn = KnobEdit::Strategy(StrategyKind::Default);
    send(&mut window, Command::Live(LiveCommand::Turn(turn)));
    until(&mut window, "answered again", is_answered);
    // Left: the run is here, and nothing more comes from there.
    send(&mut window, Command::Live(LiveCommand::Leave));
    until(&mut window, "answered here", is_answered);
    assert!(status(window.state().state()).is_none());
    let (carried, since) = (link.carried_bytes(), Instant::now());
    while since.elapsed() < Duration::from_millis(300) {
        window.run_steps(1);
    }
    assert!(link.carried_bytes() - carried < 4096, "the connection is closed");
}

#[test]
fn what_is_wrong_with_a_server_is_said() {
    let sshd = match Sshd::start() {
        Ok(sshd) => sshd,
        Err(reason) => return skip(Need::Oracle, reason),
    };
    let port = sshd.address().port();
    let cases = [
        (
            by(&sshd, port, "/nowhere/weftscope"),
            "testbox has no `/nowhere/weftscope`: install it there",
        ),
        (
            by(&sshd, port, "/bin/echo"),
            "testbox: it ended without an answer; it says: agent --stdio",
        ),
        // Nobody listens there.
        (
            by(&sshd, 1, PROGRAM),
            "ssh says: ssh: connect to host 127.0.0.1 port 1: Connection refused",
        ),
    ];
    for (ssh, words) in cases {
        let mut window = window_on(ssh);
        until(&mut window, "failed", |state| {
            matches!(status(state), Some(RemoteStatus::Failed(_) | RemoteStatus::Missing(_)))
        });
        // Where it is not there it is offered, and where something else is wrong it is not.
        let is_offered = window.query_by_label("Copy this one there").is_some();
        let (cause, is_missing) = match status(window.state().state()) {
            Some(RemoteStatus::Failed(cause)) => (cause, false),
            Some(RemoteStatus::Missing(cause)) => (cause, true),
            _ => panic!("it is tried again"),
        };
        assert!(cause.contains(words), "{cause}");
        assert_eq!((is_missing, is_offered), (words.contains("has no"), is_missing));
        // Nothing was taken away: the run here goes on.
        until(&mut window, "answered here", is_answered);
    }
}
