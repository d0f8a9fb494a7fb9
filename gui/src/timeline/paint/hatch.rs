use egui::{Color32, ColorImage, Context, Id, Rect, TextureHandle, TextureId, TextureOptions};

/// Pixels after which the hatching repeats.
const PERIOD: usize = 6;

/// White diagonal stripes to be tinted: the pattern of waiting. One texture for the whole window, sampled by
/// device pixel, so that hatching runs on across rows and looks the same at every zoom.
pub(crate) fn hatch_texture(ctx: &Context) -> TextureId {
    let id = Id::unique("weftscope hatching");
    if let Some(handle) = ctx.data(|data| data.get_temp::<TextureHandle>(id)) {
        return handle.id();
    }
    let stripe = |x: usize, y: usize| (x + y) % PERIOD < PERIOD / 2;
    let pixels = (0..PERIOD * PERIOD)
        .map(|at| {
            if stripe(at % PERIOD, at / PERIOD) {
                Color32::WHITE
            } else {
                Color32::from_white_alpha(84)
            }
        })
        .collect();
    let image = ColorImage::new([PERIOD, PERIOD], pixels);
    let handle = ctx.load_texture("hatching", image, TextureOptions::NEAREST_REPEAT);
    let texture = handle.id();
    ctx.data_mut(|data| data.insert_temp(id, handle));
    texture
}

/// Texture coordinates that tile the hatching by device pixel.
pub(in crate::timeline) fn hatch_uv(rect: Rect, pixels_per_point: f32) -> Rect {
    let per_point = pixels_per_point / PERIOD as f32;
    Rect::from_min_max(
        (rect.min.to_vec2() * per_point).to_pos2(),
        (rect.max.to_vec2() * per_point).to_pos2(),
    )
}
