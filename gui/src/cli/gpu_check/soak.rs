//! The window on real GPUs, with knobs turned at random for a while: live run, baselines and curves beside one another, as
//! fast as a user could never turn them. It draws every frame, on no display.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use weftscope_engine::random::Random;

use crate::{
    app::{
        App, Command, Start,
        live::{KnobEdit, LiveCommand, Status},
    },
    cli::{Failure, Outcome},
};

use super::turns::Turns;

/// Time between two frames.
const FRAME: Duration = Duration::from_millis(20);
/// Time between two lines of the report.
const REPORT: Duration = Duration::from_secs(10);
/// How long a machine may take until its first picture: kernels are compiled, weights are filled.
const FIRST: Duration = Duration::from_secs(120);

/// Runs the window for `time` on `machine`, turning knobs as `seed` says (none without one), and prints what came of it.
///
/// # Errors
/// When the run broke off, or no picture came.
pub(super) fn soak(
    machine: &str,
    time: Duration,
    seed: Option<u64>,
    out: &mut dyn Write,
) -> Outcome {
    let mut window = Window::open(seed.unwrap_or_default());
    let turned = seed.map_or_else(
        || "nothing turned".to_owned(),
        |seed| format!("knobs turned at random with seed {seed}"),
    );
    writeln!(out, "live run on {machine}, {turned}, for {} s", time.as_secs())?;
    window.pick(machine)?;
    let began = Instant::now();
    let mut next_report = began + REPORT;
    while began.elapsed() < time {
        for _ in 0..1 + window.turns.0.below(12) {
            window.frame();
        }
        if seed.is_some() {
            window.turn();
        }
        if Instant::now() >= next_report {
            next_report += REPORT;
            line(began, &window.counts, out)?;
        }
    }
    line(began, &window.counts, out)?;
    let failures = std::mem::take(&mut window.counts.failures);
    for (cause, times) in &failures {
        writeln!(out, "FAILED {times} × {cause}")?;
    }
    if !failures.is_empty() {
        return Err(Failure::failed("the live run broke off", "gpu-check --live"));
    }
    if window.counts.pictures == 0 {
        return Err(Failure::failed("no picture came", "gpu-check --live"));
    }
    Ok(())
}

fn line(began: Instant, counts: &Counts, out: &mut dyn Write) -> std::io::Result<()> {
    let memory = resident_mb().map_or_else(|| "? MB".to_owned(), |mb| format!("{mb:.1} MB"));
    let words = counts.in_words();
    writeln!(out, "{:6.0} s  {memory} of memory, {words}", began.elapsed().as_secs_f64())?;
    out.flush()
}

/// Memory of this process that lies in RAM and belongs to no file, in MB of 10⁶ bytes; `None` where Linux does not tell.
fn resident_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// What happened.
#[derive(Default)]
struct Counts {
    frames: u64,
    turns: u64,
    pictures: u64,
    baselines: u64,
    points: u64,
    refusals: u64,
    slowest_frame_ms: f64,
    /// Why the run broke off, and how often.
    failures: BTreeMap<String, u64>,
}

impl Counts {
    fn in_words(&self) -> String {
        let Self {
            frames,
            turns,
            pictures,
            baselines,
            points,
            refusals,
            slowest_frame_ms,
            failures,
        } = self;
        let failures: u64 = failures.values().sum();
        format!(
            "{turns} turns, {frames} frames (slowest {slowest_frame_ms:.0} ms), {pictures} pictures, {baselines} baselines, \
             {points} points of curves, {refusals} runs refused, {failures} failed"
        )
    }
}

/// A window on no display.
struct Window {
    app: App,
    ctx: egui::Context,
    began: Instant,
    turns: Turns,
    counts: Counts,
    /// Newest iteration counted, baselines and points seen, status seen.
    seen: (Option<u64>, usize, usize, Option<Status>),
}

impl Window {
    fn open(seed: u64) -> Self {
        Self {
            app: App::new(Start::default(), None, Arc::new(|| {})),
            ctx: egui::Context::default(),
            began: Instant::now(),
            turns: Turns(Random(seed)),
            counts: Counts::default(),
            seen: (None, 0, 0, None),
        }
    }

    /// Waits for the machine to be offered, picks it, waits for its first picture.
    fn pick(&mut self, machine: &str) -> Outcome {
        let is_offered = |window: &Self| {
            let live = window.app.state().live.as_ref();
            live.is_some_and(|live| live.catalog.host(machine).is_some())
        };
        self.wait(is_offered, &format!("{machine} is not offered"))?;
        let edit = KnobEdit::Machine(machine.to_owned());
        self.app.send(Command::Live(LiveCommand::Turn(edit)));
        let has_picture = |window: &Self| {
            let live = window.app.state().live.as_ref();
            let here =
                live.and_then(|live| live.shown()).map(|kept| kept.plan.spec.machine.name.clone());
            here.as_deref() == Some(machine)
        };
        self.wait(has_picture, "no first picture")
    }

    fn turn(&mut self) {
        let turn = self.turns.next(self.gpus());
        self.counts.turns += 1;
        self.app.send(turn);
    }

    fn wait(&mut self, done: impl Fn(&Self) -> bool, what: &str) -> Outcome {
        let began = Instant::now();
        while !done(self) {
            self.frame();
            if began.elapsed() > FIRST || !self.counts.failures.is_empty() {
                let cause = self.counts.failures.keys().next().cloned().unwrap_or_default();
                return Err(Failure::failed(format!("{what}: {cause}"), "gpu-check --live"));
            }
        }
        Ok(())
    }

    fn frame(&mut self) {
        let began = Instant::now();
        let input = egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(
                egui::Pos2::ZERO,
                egui::vec2(1600.0, 1000.0),
            )),
            time: Some(self.began.elapsed().as_secs_f64()),
            ..egui::RawInput::default()
        };
        let app = &mut self.app;
        let mut output = self.ctx.run_ui(input, |ui| {
            app.step(ui.ctx());
            app.draw(ui);
        });
        // Nothing is painted.
        output.textures_delta.clear();
        let frame = began.elapsed();
        self.counts.frames += 1;
        self.counts.slowest_frame_ms = self.counts.slowest_frame_ms.max(frame.as_secs_f64() * 1e3);
        self.count();
        thread::sleep(FRAME.saturating_sub(frame));
    }

    fn count(&mut self) {
        let Some(live) = &self.app.state().live else { return };
        let newest = live.history.back().map(|kept| kept.number);
        let (baselines, points) = (live.baselines.len(), live.curve.points.len());
        let (old_newest, old_baselines, old_points, old_status) = &self.seen;
        let counts = &mut self.counts;
        counts.pictures += u64::from(newest != *old_newest);
        counts.baselines += baselines.saturating_sub(*old_baselines) as u64;
        counts.points += points.saturating_sub(*old_points) as u64;
        if old_status.as_ref() != Some(&live.status) {
            match &live.status {
                Status::Refused(_) => counts.refusals += 1,
                Status::Broke { cause, .. } | Status::Ended(cause) => {
                    *counts.failures.entry(cause.clone()).or_default() += 1;
                }
                Status::Starting | Status::Ready => {}
            }
        }
        self.seen = (newest, baselines, points, Some(live.status.clone()));
    }

    fn gpus(&self) -> u32 {
        let live = self.app.state().live.as_ref();
        live.map_or(1, |live| live.draft.spec.machine.gpus)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        eframe::App::on_exit(&mut self.app, None);
    }
}
