//! Two windows at one `weftscope serve`, over its socket: one controls, the other watches, takes control, and finds the run again when the link was cut.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    app::{
        App, Command, Start, State,
        live::{KnobEdit, LiveCommand, RemoteStatus},
    },
    remote::{Ssh, Target},
};
use weftscope_engine::spec::StrategyKind;
use weftscope_testkit::{
    served::Served,
    shaped::{Shape, Shaped},
};

use super::panels::send;

/// What a test waits for at most: of a fault, not of a slow machine.
const PATIENCE: Duration = Duration::from_secs(90);
const PROGRAM: &str = env!("CARGO_BIN_EXE_weftscope");

type Window = Harness<'static, App>;

fn window_on(link: &str) -> Window {
    let target: Target = link.parse().unwrap();
    let start = Start { server: Some((Ssh::default(), target)), ..Start::opening(Vec::new()) };
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::new(start, None, Arc::new(|| {}));
    Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app)
}

/// Draws both until something is so of the first.
fn until(windows: &mut [&mut Window], what: &str, is_so: impl Fn(&Window) -> bool) {
    let since = Instant::now();
    while !is_so(windows[0]) {
        let notices: Vec<String> =
            windows[0].state().state().notices.iter().map(|it| it.text.clone()).collect();
        assert!(since.elapsed() < PATIENCE, "not {what}: {notices:?}");
        thread::sleep(Duration::from_millis(5));
        windows.iter_mut().for_each(|window| window.run_steps(1));
    }
    windows.iter_mut().for_each(|window| window.run_steps(2));
}

fn says(words: &'static str) -> impl Fn(&Window) -> bool {
    move |window| window.query_by_label_contains(words).is_some()
}

/// What is shown is a run by this strategy.
fn shows(strategy: StrategyKind) -> impl Fn(&Window) -> bool {
    move |window| {
        let live = window.state().state().live.as_ref().unwrap();
        let is_of_it = |spec: &weftscope_engine::spec::RunSpec| spec.knobs.strategy == strategy;
        is_connected(window.state().state())
            && is_of_it(&live.draft.spec)
            && live.shown().is_some_and(|shown| {
                shown.session == live.session.index && is_of_it(&shown.plan.spec)
            })
    }
}

fn is_connected(state: &State) -> bool {
    let remote = state.live.as_ref().and_then(|live| live.remote.as_ref());
    remote.is_some_and(|remote| matches!(remote.status, RemoteStatus::Connected { .. }))
}

fn turn(window: &mut Window, strategy: StrategyKind) {
    let turn = KnobEdit::Strategy(strategy);
    send(window, Command::Live(LiveCommand::Turn(turn)));
}

#[test]
fn a_second_window_watches_and_may_take_control() {
    let served = Served::start(PROGRAM, &["--listen", "127.0.0.1:0", "--tls"]);
    let shape = Shape { delay: Duration::from_millis(5), bytes_per_s: 1e8 };
    let way = Shaped::to(served.address(), shape);
    let mut owner = window_on(&served.link_by(way.port()));
    until(&mut [&mut owner], "connected", |it| is_connected(it.state().state()));
    turn(&mut owner, StrategyKind::FuseOnly);
    until(&mut [&mut owner], "answered", shows(StrategyKind::FuseOnly));
    assert!(!says("watching")(&owner) && !says("controlling")(&owner), "it is alone");

    // Another comes, sees that run, and its knobs are that run's.
    let mut other = window_on(served.link());
    until(&mut [&mut other, &mut owner], "watching", says("watching, 2 windows"));
    until(&mut [&mut other, &mut owner], "the same", shows(StrategyKind::FuseOnly));
    until(&mut [&mut owner, &mut other], "controlling", says("controlling, 2 windows"));
    turn(&mut other, StrategyKind::Default);
    until(&mut [&mut other, &mut owner], "refused", says("another window controls this run"));
    until(&mut [&mut other, &mut owner], "as it was", shows(StrategyKind::FuseOnly));

    // It takes control, and the first watches.
    other.get_by_label("Take control").click();
    until(&mut [&mut other, &mut owner], "controlling", says("controlling, 2 windows"));
    until(&mut [&mut owner, &mut other], "watching", says("watching, 2 windows"));
    turn(&mut other, StrategyKind::Default);
    until(&mut [&mut other, &mut owner], "answered", shows(StrategyKind::Default));
    until(&mut [&mut owner, &mut other], "the same", shows(StrategyKind::Default));

    // The first is cut off and comes again: the run has gone on.
    way.cut();
    until(&mut [&mut owner, &mut other], "lost", |it| !is_connected(it.state().state()));
    way.mend();
    until(&mut [&mut owner, &mut other], "reached", |it| is_connected(it.state().state()));
    until(&mut [&mut owner, &mut other], "the same", shows(StrategyKind::Default));
    let log = served.log();
    assert!(log.contains("let in") && !log.contains(served.token()), "{log}");
}
