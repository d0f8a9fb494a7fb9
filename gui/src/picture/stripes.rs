//! Stripes for what is two things at once, drawn over the one in the colour of the other.

use egui::{Color32, ColorImage, Context, Id, Rect, TextureHandle, TextureId, TextureOptions};

/// Pixels after which the stripes repeat.
const PERIOD: usize = 8;
/// Pixels of that which a stripe is wide.
const WIDTH: usize = 3;

/// White diagonal stripes to be tinted, nothing between them.
pub(super) fn stripes_texture(ctx: &Context) -> TextureId {
    let id = Id::unique("weftscope stripes");
    if let Some(handle) = ctx.data(|data| data.get_temp::<TextureHandle>(id)) {
        return handle.id();
    }
    let pixels = (0..PERIOD * PERIOD).map(|at| {
        let is_stripe = (at % PERIOD + at / PERIOD) % PERIOD < WIDTH;
        if is_stripe { Color32::WHITE } else { Color32::TRANSPARENT }
    });
    let image = ColorImage::new([PERIOD, PERIOD], pixels.collect());
    let handle = ctx.load_texture("stripes", image, TextureOptions::NEAREST_REPEAT);
    let texture = handle.id();
    ctx.data_mut(|data| data.insert_temp(id, handle));
    texture
}

/// Texture coordinates that tile the stripes by point.
pub(super) fn stripes_uv(rect: Rect) -> Rect {
    let per_point = 1.0 / PERIOD as f32;
    Rect::from_min_max(
        (rect.min.to_vec2() * per_point).to_pos2(),
        (rect.max.to_vec2() * per_point).to_pos2(),
    )
}

/// How much of the area the stripes cover.
#[cfg(test)]
pub(super) const COVERED: f64 = WIDTH as f64 / PERIOD as f64;

/// What textures of stripes look like on paper.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn patterns(ctx: &Context) -> super::vector::Patterns {
    use super::vector::Pattern;
    let waiting = Pattern { period: 6.0, width: 3.0, between: 84.0 / 255.0 };
    let stripes = Pattern { period: PERIOD as f32, width: WIDTH as f32, between: 0.0 };
    vec![(crate::timeline::hatch_texture(ctx), waiting), (stripes_texture(ctx), stripes)]
}
