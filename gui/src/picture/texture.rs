use std::collections::HashMap;

use egui::{
    Color32, ImageData, TextureFilter, TextureId, TextureOptions, TextureWrapMode, TexturesDelta,
    epaint::ImageDelta,
};

/// The textures egui has handed over: the font atlas and whatever the app loaded.
#[derive(Default)]
pub(super) struct Textures {
    by_id: HashMap<TextureId, Texture>,
    /// Freed by the delta last applied: the frame that came with it may still show them.
    freed: Vec<TextureId>,
}

/// One texture, premultiplied.
pub(super) struct Texture {
    width: usize,
    height: usize,
    texels: Vec<Color32>,
    options: TextureOptions,
}

impl Textures {
    /// Takes everything out of `delta`.
    pub(super) fn apply(&mut self, delta: &mut TexturesDelta) {
        for id in self.freed.drain(..) {
            self.by_id.remove(&id);
        }
        for (id, deltas) in delta.set.drain() {
            for delta in deltas {
                self.set(id, &delta);
            }
        }
        self.freed.extend(delta.free.drain());
    }

    pub(super) fn get(&self, id: TextureId) -> Option<&Texture> {
        self.by_id.get(&id)
    }

    fn set(&mut self, id: TextureId, delta: &ImageDelta) {
        let ImageData::Color(image) = &delta.image;
        let [width, height] = image.size;
        match (delta.pos, self.by_id.get_mut(&id)) {
            (Some([x, y]), Some(texture)) => {
                // A patch that sticks out of its texture is egui's error; what fits is taken.
                let columns = width.min(texture.width.saturating_sub(x));
                for row in 0..height.min(texture.height.saturating_sub(y)) {
                    let to = (y + row) * texture.width + x;
                    let from = row * width;
                    texture.texels[to..to + columns]
                        .copy_from_slice(&image.pixels[from..from + columns]);
                }
            }
            _ => {
                let texels = image.pixels.clone();
                let options = delta.options;
                self.by_id.insert(id, Texture { width, height, texels, options });
            }
        }
    }
}

impl Texture {
    /// Premultiplied colour at texture coordinates (0…1 over the whole texture).
    pub(super) fn sample(&self, u: f32, v: f32) -> Color32 {
        if self.texels.is_empty() {
            return Color32::WHITE;
        }
        let x = u * self.width as f32;
        let y = v * self.height as f32;
        if self.options.magnification == TextureFilter::Nearest {
            return self.texel(x.floor() as i64, y.floor() as i64);
        }
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (share_x, share_y) = (x - left, y - top);
        let (left, top) = (left as i64, top as i64);
        // Glyphs sit on whole pixels, so nearly every sample of text is one texel exactly.
        if share_x < 1.0 / 512.0 && share_y < 1.0 / 512.0 {
            return self.texel(left, top);
        }
        let upper = mix(self.texel(left, top), self.texel(left + 1, top), share_x);
        let lower = mix(self.texel(left, top + 1), self.texel(left + 1, top + 1), share_x);
        let texel = |channel: usize| {
            (upper[channel] + (lower[channel] - upper[channel]) * share_y + 0.5) as u8
        };
        Color32::from_rgba_premultiplied(texel(0), texel(1), texel(2), texel(3))
    }

    fn texel(&self, x: i64, y: i64) -> Color32 {
        let wrap = |at: i64, size: usize| match self.options.wrap_mode {
            TextureWrapMode::Repeat => at.rem_euclid(size as i64) as usize,
            _ => at.clamp(0, size as i64 - 1) as usize,
        };
        self.texels[wrap(y, self.height) * self.width + wrap(x, self.width)]
    }
}

fn mix(a: Color32, b: Color32, share: f32) -> [f32; 4] {
    let (a, b) = (a.to_array(), b.to_array());
    std::array::from_fn(|i| f32::from(a[i]) + (f32::from(b[i]) - f32::from(a[i])) * share)
}
