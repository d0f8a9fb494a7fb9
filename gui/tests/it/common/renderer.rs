//! egui_kittest on the software rasteriser: panels are snapshot-tested with no graphics driver.

use egui::{Context, FullOutput, TexturesDelta, Ui, Vec2};
use egui_kittest::{Harness, SnapshotOptions, TestRenderer};
use weftscope::{
    picture::{Image, Rasteriser},
    theme::{Mode, Theme},
};

/// A [`TestRenderer`] that fills triangles on the CPU: the same picture on every machine.
#[derive(Default)]
pub(crate) struct SoftwareRenderer {
    rasteriser: Rasteriser,
}

impl TestRenderer for SoftwareRenderer {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        self.rasteriser.apply(delta);
    }

    fn render(&mut self, ctx: &Context, output: &FullOutput) -> Result<image::RgbaImage, String> {
        let size = ctx.content_rect().size() * output.pixels_per_point;
        let background = ctx.global_style().visuals.panel_fill;
        let (width, height) = (size.x.round() as usize, size.y.round() as usize);
        let mut picture = Image::filled(width, height, background);
        let primitives = ctx.tessellate(output.shapes.clone(), output.pixels_per_point);
        self.rasteriser.paint(&mut picture, &primitives, output.pixels_per_point);
        image::RgbaImage::from_raw(width as u32, height as u32, picture.rgba)
            .ok_or_else(|| format!("{width}×{height} is not the size of its pixels"))
    }
}

/// A harness of `size` points in one theme, drawing with the software rasteriser.
pub(crate) fn harness<'a, State>(
    size: Vec2,
    mode: Mode,
    state: State,
    add: impl FnMut(&mut Ui, &mut State) + 'a,
) -> Harness<'a, State> {
    // The harness sets its theme after the set-up of the context; left alone it would be dark.
    let theme = match mode {
        Mode::Dark => egui::Theme::Dark,
        Mode::Light => egui::Theme::Light,
    };
    Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .renderer(SoftwareRenderer::default())
        .with_context_setup(move |ctx| {
            Theme::of(mode).apply(ctx);
            ctx.all_styles_mut(|style| style.animation_time = 0.0);
        })
        .build_ui_state(add, state)
}

/// The one way to make snapshot options: pictures are deterministic, so a handful of pixels may differ by
/// rounding of another CPU's `f32` and nothing more. Pictures stay under 100 kB.
pub(crate) fn snapshot_options() -> SnapshotOptions {
    SnapshotOptions::new().threshold(0.6).max_failed_pixels(8)
}
