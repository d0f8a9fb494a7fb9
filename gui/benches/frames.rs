//! Frames of the whole window over the main job, live: eight ranks with all their rows open, 1600 × 1000. What the window
//! spends on its own thread, drawing itself not included.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use egui::{Event, FullOutput, Pos2, RawInput, Rect, pos2, vec2};
use weftscope::{
    app::{
        App, Command, Document, Event as News, Shown, State, apply,
        live::{Catalog, Draft, KeptIteration, Live, LiveCommand, LiveEvent, Receipt, SplitMarks},
        update,
    },
    timeline::{HeightOf, ViewCommand},
};
use weftscope_engine::{plan::plan, sim::Simulator, spec::RunSpec};
use weftscope_profiler::record::record;

/// Frames of a turn: callgrind counts whole turns.
const FRAMES: u32 = 20;
/// Lowest SM rows: as many of the 1056 on the screen as can be.
const SM_POINTS: f32 = 2.0;

struct Window {
    ctx: egui::Context,
    app: App,
    frames: u32,
}

impl Window {
    fn new() -> Self {
        let catalog = Catalog::builtin().expect("built in");
        let spec = catalog.default_spec().clone();
        let mut state = State::default();
        state.shown = Shown::Live;
        state.live = Some(Live::new(catalog, Draft::new(spec.clone())));
        for number in 0..2 {
            apply(&mut state, News::Live(Box::new(iteration(&spec, number))));
        }
        for command in [ViewCommand::UnfoldAll, ViewCommand::SetRowHeight(HeightOf::Sm, SM_POINTS)]
        {
            update(&mut state, Command::View(command));
        }
        let mut window = Self {
            ctx: egui::Context::default(),
            app: App::with_state(state, Arc::new(|| {})),
            frames: 0,
        };
        window.turn(|_, _| Vec::new());
        window
    }

    /// So many frames, and how long they took; before each, `before` may ask for something and says what the pointer does.
    fn turn(&mut self, before: impl Fn(&mut App, u32) -> Vec<Event>) -> Duration {
        let mut spent = Duration::ZERO;
        for _ in 0..FRAMES {
            self.frames += 1;
            let events = before(&mut self.app, self.frames);
            let began = Instant::now();
            black_box(self.frame(events));
            spent += began.elapsed();
        }
        spent
    }

    fn frame(&mut self, events: Vec<Event>) -> FullOutput {
        let size = vec2(1600.0, 1000.0);
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            time: Some(f64::from(self.frames) / 60.0),
            events,
            ..RawInput::default()
        };
        let mut output = self.ctx.run_ui(input, |ui| {
            self.app.step(ui.ctx());
            self.app.draw(ui);
        });
        output.textures_delta.clear();
        output
    }
}

/// An iteration of the first run as a session hands it over.
fn iteration(spec: &RunSpec, number: u64) -> LiveEvent {
    let mut simulator = Simulator::new(&spec.machine);
    let trace = record(&mut simulator, spec, 1, &mut |_| true).expect("the first run can be run");
    let kept = KeptIteration {
        session: 0,
        number,
        plan: Arc::new(plan(spec).expect("the first run can be planned")),
        marks: SplitMarks::of(spec),
        duration_ns: trace.span().len_ns(),
        alone_compute_ns: 0,
        document: Arc::new(Document::prepare(Arc::new(trace), "bench")),
    };
    LiveEvent::Iteration(Arc::new(kept), Receipt::default())
}

fn frames(criterion: &mut Criterion) {
    let mut window = Window::new();
    let mut group = criterion.benchmark_group("twenty frames");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    let mut bench = |name: &str, before: &dyn Fn(&mut App, u32) -> Vec<Event>| {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| window.turn(before)).sum());
        });
    };
    bench("nothing moved", &|_, _| Vec::new());
    bench("pointer moved", &|_, frame| {
        vec![Event::PointerMoved(pos2(500.0 + (frame % 600) as f32, 500.0))]
    });
    bench("another iteration each", &|app, frame| {
        another(app, u64::from(frame % 2));
        Vec::new()
    });
    group.finish();
}

/// Goes to a kept iteration, made ready as a session makes ready what it hands over.
fn another(app: &mut App, number: u64) {
    let live = app.state().live.as_ref().expect("it runs");
    let timeline = |number| &live.kept(number).expect("kept").document.timeline;
    if let Some(seen) = timeline(1 - number).foresight.seen() {
        timeline(number).foresee(&seen);
    }
    app.send(Command::Live(LiveCommand::Pin(number)));
}

criterion_group!(benches, frames);
criterion_main!(benches);
