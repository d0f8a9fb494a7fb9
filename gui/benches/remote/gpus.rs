//! A run on GPUs behind `weftscope serve`: what a window behind a slow link costs it, and how old what that shows is.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use weftscope::{
    app::{App, Start, live::RemoteStatus},
    remote::{Ssh, Target, greet},
};
use weftscope_testkit::{served::Served, shaped::Shaped};

use super::{SHAPE, Window, is_answered, median, program, row};

/// How long each is looked at.
const LOOK: Duration = Duration::from_secs(12);
/// How often each is looked at, in turns.
const TURNS: usize = 3;

/// A picture as it came.
struct Seen {
    at: Instant,
    number: u64,
    duration_ns: i64,
    slices: u64,
}

/// A window and what it has seen.
struct Viewer {
    window: Window,
    seen: Vec<Seen>,
}

impl Viewer {
    fn by(link: &str) -> Self {
        let target: Target = link.parse().expect("a link");
        let start = Start { server: Some((Ssh::default(), target)), ..Start::opening(Vec::new()) };
        let app = App::new(start, None, Arc::new(|| {}));
        let ctx = egui::Context::default();
        let mut window = Window { ctx, app, frames_ms: Vec::new() };
        window.until("answered", is_answered);
        let mut viewer = Self { window, seen: Vec::new() };
        viewer.look();
        viewer
    }

    fn look(&mut self) {
        self.window.frame();
        let live = self.window.app.state().live.as_ref();
        let Some(shown) = live.and_then(|live| live.shown()) else { return };
        if self.seen.last().is_some_and(|last| last.number >= shown.number) {
            return;
        }
        let document = &shown.document;
        let here = document.trace.num_slices() as u64;
        let slices = document.part.as_ref().map_or(here, |part| part.slices);
        let (number, duration_ns) = (shown.number, shown.duration_ns);
        self.seen.push(Seen { at: Instant::now(), number, duration_ns, slices });
    }

    /// Iterations that ran in a second.
    fn rate(&self) -> f64 {
        let (Some(first), Some(last)) = (self.seen.first(), self.seen.last()) else { return 0.0 };
        (last.number - first.number) as f64 / (last.at - first.at).as_secs_f64()
    }

    fn median_us(&self) -> f64 {
        let all: Vec<f64> = self.seen.iter().map(|seen| seen.duration_ns as f64 / 1e3).collect();
        median(&all)
    }
}

fn look(viewers: &mut [&mut Viewer]) {
    let began = Instant::now();
    while began.elapsed() < LOOK {
        viewers.iter_mut().for_each(|viewer| viewer.look());
        thread::sleep(Duration::from_millis(2));
    }
}

/// How old what the slow one showed was at worst and in the middle, s: since the fast one had seen as new a picture.
fn ages_s(fast: &Viewer, slow: &Viewer) -> Vec<f64> {
    let first = |number| fast.seen.iter().find(|seen| seen.number >= number).map(|seen| seen.at);
    // Of what is shown until the next comes, its age then counts.
    let shown = slow.seen.windows(2).filter_map(|pair| {
        Some(pair[1].at.saturating_duration_since(first(pair[0].number)?).as_secs_f64())
    });
    shown.collect()
}

/// Looks at the run by a fast and by a slow link, and not at all, in turns, and prints what that makes of it.
pub(super) fn rows() {
    let served = Served::with_gpus(&program(), &["--listen", "127.0.0.1:0"]);
    let Ok(Target::Weft(target)) = served.link().parse() else { panic!("no link") };
    let Some(gpus) = greet(&target).expect("it greets").gpus_in_words() else {
        return println!("a run on GPUs: not measured, there are none here\n");
    };
    let shaped = Shaped::to(served.address(), SHAPE);
    let slow_link = served.link_by(shaped.port());
    println!("| a run on {gpus}, behind `weftscope serve` | |");
    println!("| --- | --- |");
    let (mut fast, mut both, mut alone, mut ages) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut fast_us, mut both_us, mut slices_per_s, mut bytes_per_s) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut lost = 0;
    for _ in 0..TURNS {
        let mut viewer = Viewer::by(served.link());
        look(&mut [&mut viewer]);
        fast.push(viewer.rate());
        fast_us.push(viewer.median_us());
        let (before, mut near) = (shaped.carried_bytes(), Viewer::by(served.link()));
        let mut far = Viewer::by(&slow_link);
        let began = Instant::now();
        look(&mut [&mut near, &mut far]);
        bytes_per_s.push((shaped.carried_bytes() - before) as f64 / began.elapsed().as_secs_f64());
        both.push(near.rate());
        both_us.push(near.median_us());
        ages.extend(ages_s(&near, &far));
        let slices = near.seen.last().map_or(0, |seen| seen.slices) as f64;
        slices_per_s.push(slices * near.rate());
        lost += lost_by(&far) + lost_by(&near);
        // Nobody looks, and the run goes on.
        drop((far, viewer));
        let last = near.seen.pop().expect("it has seen something");
        drop(near);
        thread::sleep(LOOK);
        let back = Viewer::by(served.link());
        let first = back.seen.first().expect("it sees something");
        let elapsed_s = (first.at - last.at).as_secs_f64();
        alone.push((first.number - last.number) as f64 / elapsed_s);
    }
    let rates = |all: &[f64]| format!("{:.2}", median(all));
    row("iterations a second, nobody looking, medians of 3", &rates(&alone));
    row("a window on this computer", &rates(&fast));
    row("with a second window behind 50 ms and 20 Mbit/s", &rates(&both));
    let slower = (median(&both_us) / median(&fast_us) - 1.0) * 100.0;
    let text = format!("{:.1} us, {:.1} us: {slower:+.2} %", median(&fast_us), median(&both_us));
    row("an iteration, without and with that one (reach 1 %)", &text);
    row("slices recorded a second", &format!("{:.2} M", median(&slices_per_s) / 1e6));
    row("over the slow link", &format!("{:.2} Mbit/s", median(&bytes_per_s) * 8.0 / 1e6));
    let worst = ages.iter().copied().fold(0.0, f64::max);
    let text = format!("{:.0} ms, at worst {:.0}", median(&ages) * 1e3, worst * 1e3);
    row("age of what that window shows, just before the next (reach 500)", &text);
    row("letters lost", &format!("{lost}\n"));
}

fn lost_by(viewer: &Viewer) -> u64 {
    let remote = viewer.window.app.state().live.as_ref().and_then(|live| live.remote.as_ref());
    match remote.map(|remote| &remote.status) {
        Some(RemoteStatus::Connected { traffic, .. }) => traffic.lost_letters(),
        _ => 0,
    }
}
