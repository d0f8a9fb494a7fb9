use egui::{RawInput, Rect, Ui, Vec2, ViewportId};

use super::{Image, Rasteriser};
use crate::theme::Theme;

/// Passes run before the picture is taken: what egui sizes from the pass before has settled by then.
const PASSES: usize = 3;

/// Draws one frame of `add` as a picture of `size` points, with neither display nor GPU.
///
/// `add` runs a few times; time stands still, so animations are at their end and the same input gives the same
/// picture. Sizes under one pixel give a picture of one pixel.
pub fn render(
    size: Vec2,
    pixels_per_point: f32,
    theme: &Theme,
    mut add: impl FnMut(&mut Ui),
) -> Image {
    let ctx = egui::Context::default();
    theme.apply(&ctx);
    ctx.all_styles_mut(|style| style.animation_time = 0.0);
    let mut rasteriser = Rasteriser::default();
    let mut image = Image::filled(
        ((size.x * pixels_per_point).round() as usize).max(1),
        ((size.y * pixels_per_point).round() as usize).max(1),
        theme.surfaces.panel,
    );
    for pass in 0..PASSES {
        let mut output = ctx.run_ui(input(size, pixels_per_point, pass), &mut add);
        rasteriser.apply(&mut output.textures_delta);
        if pass + 1 == PASSES {
            let shapes = std::mem::take(&mut output.shapes);
            let primitives = ctx.tessellate(shapes, output.pixels_per_point);
            rasteriser.paint(&mut image, &primitives, output.pixels_per_point);
        }
    }
    image
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
