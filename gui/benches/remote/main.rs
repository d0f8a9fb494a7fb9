//! What a server costs that is far away, in tables: a run on GPUs, where there are some; a program under watch, which `WEFTSCOPE_WATCHED`
//! names; a simulated run, its knobs, and a long recording, of so many million slices as the argument says (10), behind a real sshd (or a
//! shell, where there is none); strangers; and what no end would send, for `WEFTSCOPE_FUZZ_SECONDS`. Arguments that name parts pick them. The link is of 25 ms each way and
//! 20 Mbit/s. Nothing here is compared. `WEFTSCOPE_PROGRAM` names the program on both ends where it is not the one that was built with this.

mod fuzz;
mod gpus;
mod recording;
mod shell;
mod strangers;
mod watched;

use std::{
    env,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use egui::{RawInput, Rect, pos2, vec2};
use weftscope::{
    app::{
        App, Command, Start,
        live::{KnobEdit, LiveCommand, RemoteStatus},
    },
    remote::Ssh,
};
use weftscope_engine::spec::{SplitChoice, StrategyKind};
use weftscope_testkit::shaped::{Shape, Shaped};

use self::shell::Server;

/// Half the round trip, and 20 Mbit/s.
const SHAPE: Shape = Shape { delay: Duration::from_millis(25), bytes_per_s: 2.5e6 };
/// Turns of a knob.
const TURNS: u32 = 11;
/// How long nothing is done.
const IDLE: Duration = Duration::from_secs(10);
/// What is waited for at most.
const PATIENCE: Duration = Duration::from_secs(300);

struct Window {
    ctx: egui::Context,
    app: App,
    frames_ms: Vec<f64>,
}

impl Window {
    fn frame(&mut self) {
        let screen_rect = Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(1600.0, 1000.0)));
        let input = RawInput { screen_rect, ..RawInput::default() };
        let began = Instant::now();
        let Self { ctx, app, .. } = self;
        let _drawn = ctx.run_ui(input, |ui| {
            app.step(ui.ctx());
            app.draw(ui);
        });
        self.frames_ms.push(began.elapsed().as_secs_f64() * 1e3);
    }

    /// Frames until something is so; gives how long that took.
    fn until(&mut self, what: &str, is_so: impl Fn(&App) -> bool) -> Duration {
        let began = Instant::now();
        while !is_so(&self.app) {
            assert!(began.elapsed() < PATIENCE, "not {what}");
            self.frame();
            thread::sleep(Duration::from_millis(2));
        }
        began.elapsed()
    }
}

fn is_connected(app: &App) -> bool {
    let remote = app.state().live.as_ref().and_then(|live| live.remote.as_ref());
    remote.is_some_and(|remote| matches!(remote.status, RemoteStatus::Connected { .. }))
}

fn is_answered(app: &App) -> bool {
    let Some(live) = &app.state().live else { return false };
    live.shown().is_some_and(|shown| {
        shown.session == live.session.index && *shown.plan.spec == live.draft.spec
    })
}

/// The program at the other end.
fn program() -> String {
    env::var("WEFTSCOPE_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_weftscope").to_owned())
}

/// What there is to measure, in this order.
const PARTS: [&str; 6] = ["gpus", "watched", "simulated", "recording", "strangers", "fuzz"];

fn main() {
    shell::be_near_end();
    let asked: Vec<String> = env::args().skip(1).collect();
    let is_named = |part: &&str| asked.iter().any(|argument| argument == part);
    let all = !PARTS.iter().any(is_named);
    let wanted = |part: &str| all || is_named(&part);
    let millions = asked.iter().find_map(|argument| argument.parse().ok());
    if wanted("gpus") {
        gpus::rows();
    }
    if wanted("watched") {
        watched::rows();
    }
    if wanted("simulated") || wanted("recording") {
        let server = Server::start();
        if wanted("simulated") {
            simulated(&server);
        }
        if wanted("recording") {
            recording::rows(&server, millions.unwrap_or(10));
        }
    }
    if wanted("strangers") {
        strangers::rows();
    }
    if wanted("fuzz") {
        fuzz::rows();
    }
}

/// A simulated run there, and its knobs.
fn simulated(server: &Server) {
    let link = Shaped::to(server.address(), SHAPE);
    let ssh = Ssh { program: server.ssh(link.port()).into(), remote: program() };
    let target = "ssh://testbox".parse().expect("an address");
    let start = Start { server: Some((ssh, target)), ..Start::opening(Vec::new()) };
    let app = App::new(start, None, Arc::new(|| {}));
    let mut window = Window { ctx: egui::Context::default(), app, frames_ms: Vec::new() };
    let reached = window.until("connected", is_connected);
    let first = window.until("answered", is_answered);
    println!("| link of 50 ms round trip, 20 Mbit/s; two layers of eight ranks | |");
    println!("| --- | --- |");
    row("ssh there and both ends greeted", &format!("{} ms", reached.as_millis()));
    row("then the first picture", &format!("{} ms", first.as_millis()));
    knobs(&mut window, &link);
    idle(&mut window, &link);
    println!();
}

fn knobs(window: &mut Window, link: &Shaped) {
    let (mut took_ms, mut bytes) = (Vec::new(), Vec::new());
    window.frames_ms.clear();
    for turn in 0..TURNS {
        let before = link.carried_bytes();
        // Cuts that were not shown before; what is compared with them stays the same.
        let edits = [
            KnobEdit::Strategy(StrategyKind::TokenWeave),
            KnobEdit::Split(SplitChoice::Fixed(2048 + 256 * turn)),
        ];
        for edit in edits {
            window.app.send(Command::Live(LiveCommand::Turn(edit)));
        }
        window.frame();
        took_ms.push(window.until("answered", is_answered).as_secs_f64() * 1e3);
        bytes.push((link.carried_bytes() - before) as f64);
        thread::sleep(Duration::from_millis(300));
        window.frame();
    }
    let text = format!("{:.0} ms, longest {:.0}", median(&took_ms), longest(&took_ms));
    row("a cut moved: its picture, median of 11 (reach 400)", &text);
    row("bytes of that", &format!("{:.0} kB", median(&bytes) / 1e3));
    let frames = &window.frames_ms;
    let text = format!("{:.1} ms, longest {:.1}", median(frames), longest(frames));
    row("frames meanwhile, drawing itself not included", &text);
}

fn idle(window: &mut Window, link: &Shaped) {
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(2) {
        window.frame();
        thread::sleep(Duration::from_millis(20));
    }
    let (before, since) = (link.carried_bytes(), Instant::now());
    while since.elapsed() < IDLE {
        window.frame();
        thread::sleep(Duration::from_millis(20));
    }
    let rate = (link.carried_bytes() - before) as f64 / since.elapsed().as_secs_f64();
    row("nothing done, both ways (reach 1 kB/s)", &format!("{rate:.0} B/s"));
}

fn row(what: &str, figure: &str) {
    println!("| {what} | {figure} |");
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn longest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}
