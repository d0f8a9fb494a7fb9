//! Preparing and meshing the timeline with every SM row of eight ranks open and on the screen.

#[path = "../tests/it/common/synthetic.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod synthetic;

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{Bencher, Criterion, criterion_group, criterion_main};
use egui::{Pos2, RawInput, Rect, vec2};
use synthetic::Shape;
use weftscope::{
    theme::{Mode, Theme},
    timeline::{DrawList, HeightOf, RowLayout, TimelineData, ViewCommand, ViewState, timeline_ui},
};
use weftscope_traces::{LaneId, Span};

/// Eight ranks, eight layers of short blocks: about 200 000 blocks.
const SHAPE: Shape = Shape { ranks: 8, sms: 132, comm_sms: 8, layers: 5, block_ns: 9_000 };
/// Wide enough that blocks are told apart, tall enough that all 1056 rows of 3 points are on the screen.
const WIDTH: f32 = 3840.0;

struct Screen {
    ctx: egui::Context,
    data: TimelineData,
    view: ViewState,
    theme: Theme,
    height: f32,
}

impl Screen {
    fn new() -> Self {
        let data = TimelineData::new(Arc::new(synthetic::trace(SHAPE)));
        let mut view = ViewState::new(&data);
        ViewCommand::UnfoldAll.apply(&mut view, &data);
        ViewCommand::SetRowHeight(HeightOf::Sm, 3.0).apply(&mut view, &data);
        let height = RowLayout::new(&data, &view).height + 120.0;
        let theme = Theme::of(Mode::Dark);
        let ctx = egui::Context::default();
        theme.apply(&ctx);
        Self { ctx, data, view, theme, height }
    }

    /// Builds one frame; gives the number of shapes.
    fn frame(&mut self) -> usize {
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(WIDTH, self.height))),
            ..RawInput::default()
        };
        let mut output = self.ctx.run_ui(input, |ui| {
            timeline_ui(ui, &self.data, &self.view, &self.theme);
        });
        output.textures_delta.clear();
        output.shapes.len()
    }

    fn tessellated_quads(&mut self) -> usize {
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(WIDTH, self.height))),
            ..RawInput::default()
        };
        let mut output = self.ctx.run_ui(input, |ui| {
            timeline_ui(ui, &self.data, &self.view, &self.theme);
        });
        output.textures_delta.clear();
        let shapes = std::mem::take(&mut output.shapes);
        let primitives = self.ctx.tessellate(shapes, 1.0);
        primitives
            .iter()
            .map(|primitive| match &primitive.primitive {
                egui::epaint::Primitive::Mesh(mesh) => mesh.vertices.len() / 4,
                egui::epaint::Primitive::Callback(_) => 0,
            })
            .sum()
    }
}

fn benches(c: &mut Criterion) {
    let mut screen = Screen::new();
    let blocks = screen.data.trace.num_slices();
    let quads = screen.tessellated_quads();
    println!("{blocks} slices, {} lanes, {quads} quads a frame", screen.data.trace.lanes.len());
    let mut group = c.benchmark_group("timeline");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    let lanes = screen.data.trace.lanes.len() as u32;
    group.bench_function("prepare all lanes", |b| {
        b.iter(|| {
            let mut list = DrawList::new(screen.data.span, 64);
            list.prepare(&screen.data.trace, &screen.data.pyramid, (0..lanes).map(LaneId));
            black_box(list.num_items())
        });
    });
    group.bench_function("frame, nothing moved", |b| b.iter(|| black_box(screen.frame())));
    group.bench_function("frame, panned by a point (meshes built anew)", |b| {
        panned(b, &mut screen, |screen| {
            black_box(screen.frame());
        });
    });
    group.bench_function("frame, panned, tessellated too", |b| {
        panned(b, &mut screen, |screen| {
            black_box(screen.tessellated_quads());
        });
    });
    group.finish();
}

/// Draws again and again, the window a point further each time, and puts it back.
fn panned(bencher: &mut Bencher<'_>, screen: &mut Screen, mut draw: impl FnMut(&mut Screen)) {
    let home = screen.view.window;
    let mut step = 0_i32;
    bencher.iter(|| {
        step = (step + 1) % 64;
        let by = home.len_ns() * i64::from(step) / 4096;
        screen.view.window = Span::new(home.start_ns + by, home.end_ns + by);
        draw(screen);
    });
    screen.view.window = home;
}

criterion_group!(timeline, benches);
criterion_main!(timeline);
