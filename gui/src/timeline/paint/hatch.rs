use egui::{Color32, ColorImage, Context, Id, TextureHandle, TextureId, TextureOptions};

/// Pixels after which the hatching repeats.
pub(super) const PERIOD: usize = 6;

/// White diagonal stripes to be tinted: the pattern of waiting. One texture for the whole window, sampled by
/// device pixel, so that hatching runs on across rows and looks the same at every zoom.
pub(in crate::timeline) fn hatch_texture(ctx: &Context) -> TextureId {
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
