use egui::{RawInput, Rect, Ui, Vec2, ViewportId, epaint::ClippedShape};

use super::{Image, Rasteriser};
use crate::theme::{Theme, fonts};

/// Passes run before the picture is taken: what egui sizes from the pass before has settled by then.
const PASSES: usize = 3;

/// Draws one frame of `add` as a picture of `size` points, with neither display nor GPU.
///
/// `add` runs a few times; time stands still, so animations are at their end and the same input gives the same
/// picture. Sizes under one pixel give a picture of one pixel.
pub fn render(size: Vec2, pixels_per_point: f32, theme: &Theme, add: impl FnMut(&mut Ui)) -> Image {
    let Frame { ctx, shapes, rasteriser, pixels_per_point } =
        frame(size, pixels_per_point, theme, add);
    let mut image = Image::filled(
        ((size.x * pixels_per_point).round() as usize).max(1),
        ((size.y * pixels_per_point).round() as usize).max(1),
        theme.surfaces.panel,
    );
    let primitives = ctx.tessellate(shapes, pixels_per_point);
    rasteriser.paint(&mut image, &primitives, pixels_per_point);
    image
}

/// A frame that egui has laid out, not painted yet.
pub(super) struct Frame {
    pub(super) ctx: egui::Context,
    pub(super) shapes: Vec<ClippedShape>,
    rasteriser: Rasteriser,
    pixels_per_point: f32,
}

/// Lays out one frame of `add`; see [`render`].
pub(super) fn frame(
    size: Vec2,
    pixels_per_point: f32,
    theme: &Theme,
    mut add: impl FnMut(&mut Ui),
) -> Frame {
    let ctx = egui::Context::default();
    ctx.set_fonts(fonts());
    theme.apply(&ctx);
    ctx.all_styles_mut(|style| style.animation_time = 0.0);
    let mut frame =
        Frame { ctx, shapes: Vec::new(), rasteriser: Rasteriser::default(), pixels_per_point };
    for pass in 0..PASSES {
        let mut output = frame.ctx.run_ui(input(size, pixels_per_point, pass), &mut add);
        frame.rasteriser.apply(&mut output.textures_delta);
        frame.shapes = std::mem::take(&mut output.shapes);
        frame.pixels_per_point = output.pixels_per_point;
    }
    frame
}

fn input(size: Vec2, pixels_per_point: f32, pass: usize) -> RawInput {
    let mut input = RawInput {
        screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, size)),
        time: Some(pass as f64),
        ..RawInput::default()
    };
    input.viewports.entry(ViewportId::ROOT).or_default().native_pixels_per_point =
        Some(pixels_per_point);
    input
}
