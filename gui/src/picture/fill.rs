//! Filling rectangles and triangles pixel by pixel, as egui's own painters blend.

use egui::{Color32, Rect, epaint::Vertex, pos2};

use super::{Image, texture::Texture};

/// A rectangle of whole pixels, half-open.
#[derive(Clone, Copy, Debug)]
pub(super) struct PixelRect {
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) right: i64,
    pub(super) bottom: i64,
}

impl PixelRect {
    /// The pixels whose centres lie in `rect` (in pixels) and in `clip`.
    fn covered(rect: Rect, clip: Self) -> Self {
        let first = |at: f32| (at - 0.5).ceil() as i64;
        Self {
            left: first(rect.left()).max(clip.left),
            top: first(rect.top()).max(clip.top),
            right: first(rect.right()).min(clip.right),
            bottom: first(rect.bottom()).min(clip.bottom),
        }
    }

    fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }
}

/// `source` over `target`, both premultiplied, in gamma space, as egui's own painters blend.
fn blend(target: &mut [u8], source: [u8; 4]) {
    let keep = 255 - u32::from(source[3]);
    for (channel, &add) in target.iter_mut().zip(&source) {
        let kept = (u32::from(*channel) * keep + 127) / 255;
        *channel = (kept + u32::from(add)).min(255) as u8;
    }
}

fn times(a: Color32, b: Color32) -> [u8; 4] {
    let (a, b) = (a.to_array(), b.to_array());
    std::array::from_fn(|i| ((u32::from(a[i]) * u32::from(b[i]) + 127) / 255) as u8)
}

/// Fills a rectangle (in pixels) with one colour.
pub(super) fn solid_rect(image: &mut Image, clip: PixelRect, rect: Rect, colour: Color32) {
    let area = PixelRect::covered(rect, clip);
    if area.is_empty() || colour == Color32::TRANSPARENT {
        return;
    }
    let source = colour.to_array();
    for y in area.top..area.bottom {
        let row = y as usize * image.width;
        let from = (row + area.left as usize) * 4;
        let to = (row + area.right as usize) * 4;
        for pixel in image.rgba[from..to].as_chunks_mut::<4>().0 {
            if source[3] == 255 {
                *pixel = source;
            } else {
                blend(pixel, source);
            }
        }
    }
}

/// Fills a rectangle (in pixels) with one colour times a texture.
pub(super) fn textured_rect(
    image: &mut Image,
    clip: PixelRect,
    (rect, uv): (Rect, Rect),
    colour: Color32,
    texture: &Texture,
) {
    let area = PixelRect::covered(rect, clip);
    if area.is_empty() {
        return;
    }
    let per_x = uv.width() / rect.width();
    let per_y = uv.height() / rect.height();
    for y in area.top..area.bottom {
        let v = uv.top() + (y as f32 + 0.5 - rect.top()) * per_y;
        for x in area.left..area.right {
            let u = uv.left() + (x as f32 + 0.5 - rect.left()) * per_x;
            let at = (y as usize * image.width + x as usize) * 4;
            blend(&mut image.rgba[at..at + 4], times(colour, texture.sample(u, v)));
        }
    }
}

/// Fills any triangle (corners in pixels), colours and texture coordinates interpolated.
///
/// A pixel belongs to the triangle when its centre lies inside, or on an edge that is a top or a left one: two
/// triangles that share an edge then paint each pixel once.
pub(super) fn triangle(
    image: &mut Image,
    clip: PixelRect,
    corners: [Vertex; 3],
    texture: Option<&Texture>,
) {
    let [a, mut b, mut c] = corners;
    let mut area = edge(&a, &b, c.pos.x, c.pos.y);
    if area < 0.0 {
        std::mem::swap(&mut b, &mut c);
        area = -area;
    }
    if !area.is_finite() || area < 1e-12 {
        return;
    }
    let mut bounds = Rect::from_two_pos(a.pos, b.pos);
    bounds.extend_with(c.pos);
    let pixels = PixelRect::covered(bounds.expand(1.0), clip);
    let owns = [owns_edge(&b, &c), owns_edge(&c, &a), owns_edge(&a, &b)];
    for y in pixels.top..pixels.bottom {
        for x in pixels.left..pixels.right {
            let (px, py) = (x as f32 + 0.5, y as f32 + 0.5);
            let weights = [edge(&b, &c, px, py), edge(&c, &a, px, py), edge(&a, &b, px, py)];
            let inside = weights.iter().zip(owns).all(|(&w, owns)| w > 0.0 || (w == 0.0 && owns));
            if !inside {
                continue;
            }
            let weights = weights.map(|w| (w / area) as f32);
            let at = (y as usize * image.width + x as usize) * 4;
            let source = shade(&[a, b, c], weights, texture);
            blend(&mut image.rgba[at..at + 4], source);
        }
    }
}

/// Twice the signed area of (a, b, point); in `f64` because two points a pixel apart and far from the origin
/// leave no bits for the product in `f32`.
fn edge(a: &Vertex, b: &Vertex, x: f32, y: f32) -> f64 {
    let (ax, ay) = (f64::from(a.pos.x), f64::from(a.pos.y));
    let (bx, by) = (f64::from(b.pos.x), f64::from(b.pos.y));
    (bx - ax) * (f64::from(y) - ay) - (by - ay) * (f64::from(x) - ax)
}

fn owns_edge(a: &Vertex, b: &Vertex) -> bool {
    let (dx, dy) = (b.pos.x - a.pos.x, b.pos.y - a.pos.y);
    dy < 0.0 || (dy == 0.0 && dx > 0.0)
}

fn shade(corners: &[Vertex; 3], weights: [f32; 3], texture: Option<&Texture>) -> [u8; 4] {
    let colours = corners.map(|corner| corner.color.to_array());
    let colour: [u8; 4] = std::array::from_fn(|i| {
        let sum: f32 = colours.iter().zip(weights).map(|(c, w)| f32::from(c[i]) * w).sum();
        (sum + 0.5) as u8
    });
    let Some(texture) = texture else { return colour };
    let mut uv = pos2(0.0, 0.0);
    for (corner, weight) in corners.iter().zip(weights) {
        uv += corner.uv.to_vec2() * weight;
    }
    let [r, g, b, a] = colour;
    times(Color32::from_rgba_premultiplied(r, g, b, a), texture.sample(uv.x, uv.y))
}
