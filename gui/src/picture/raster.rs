use egui::{
    ClippedPrimitive, Mesh, Pos2, Rect, TexturesDelta,
    epaint::{Primitive, Vertex, WHITE_UV},
};

use super::{
    Image,
    fill::{self, PixelRect},
    texture::{Texture, Textures},
};

/// Fills egui's triangles on the CPU. Keeps textures between pictures.
///
/// Cost: about 1 ns a pixel of plain rectangles, 10 ns a pixel of text and of slanted edges.
#[derive(Default)]
pub struct Rasteriser {
    textures: Textures,
}

impl Rasteriser {
    /// Takes new, changed and freed textures out of `delta`.
    pub fn apply(&mut self, delta: &mut TexturesDelta) {
        self.textures.apply(delta);
    }

    /// Paints tessellated primitives over `image`, in order; positions are in points.
    ///
    /// Paint callbacks (raw GPU code) cannot be painted here and are left out; the app has none.
    pub fn paint(&self, image: &mut Image, primitives: &[ClippedPrimitive], pixels_per_point: f32) {
        for primitive in primitives {
            if let Primitive::Mesh(mesh) = &primitive.primitive {
                let clip = clip_pixels(primitive.clip_rect, pixels_per_point, image);
                self.mesh(image, clip, mesh, pixels_per_point);
            }
        }
    }

    fn mesh(&self, image: &mut Image, clip: PixelRect, mesh: &Mesh, pixels_per_point: f32) {
        let texture = self.textures.get(mesh.texture_id);
        let vertex = |index: u32| {
            let vertex = mesh.vertices[index as usize];
            Vertex { pos: (vertex.pos.to_vec2() * pixels_per_point).to_pos2(), ..vertex }
        };
        let mut indices = mesh.indices.as_slice();
        while indices.len() >= 3 {
            if let Some(&[a, b, c, c2, b2, d]) = indices.first_chunk::<6>()
                && (c, b) == (c2, b2)
                && let Some(quad) = Quad::new([a, b, c, d].map(vertex))
            {
                quad.fill(image, clip, texture);
                indices = &indices[6..];
                continue;
            }
            let corners = [indices[0], indices[1], indices[2]].map(vertex);
            let plain = corners.iter().all(|corner| corner.uv == WHITE_UV);
            fill::triangle(image, clip, corners, if plain { None } else { texture });
            indices = &indices[3..];
        }
    }
}

fn clip_pixels(clip: Rect, pixels_per_point: f32, image: &Image) -> PixelRect {
    let pixel =
        |at: f32, limit: usize| ((at * pixels_per_point).round() as i64).clamp(0, limit as i64);
    PixelRect {
        left: pixel(clip.left(), image.width),
        top: pixel(clip.top(), image.height),
        right: pixel(clip.right(), image.width),
        bottom: pixel(clip.bottom(), image.height),
    }
}

/// An axis-aligned rectangle of one colour: every block of the timeline and every glyph.
struct Quad {
    rect: Rect,
    uv: Rect,
    colour: egui::Color32,
}

impl Quad {
    /// Corners in egui's order: left top, right top, left bottom, right bottom.
    fn new([a, b, c, d]: [Vertex; 4]) -> Option<Self> {
        let aligned = |of: fn(&Vertex) -> Pos2| {
            let (a, b, c, d) = (of(&a), of(&b), of(&c), of(&d));
            a.y == b.y && c.y == d.y && a.x == c.x && b.x == d.x
        };
        let one_colour = a.color == b.color && b.color == c.color && c.color == d.color;
        let upright = a.pos.x <= b.pos.x && a.pos.y <= c.pos.y;
        (one_colour && upright && aligned(|v| v.pos) && aligned(|v| v.uv)).then(|| Self {
            rect: Rect::from_min_max(a.pos, d.pos),
            uv: Rect::from_min_max(a.uv, d.uv),
            colour: a.color,
        })
    }

    fn fill(&self, image: &mut Image, clip: PixelRect, texture: Option<&Texture>) {
        let plain = self.uv.min == WHITE_UV && self.uv.max == WHITE_UV;
        match texture {
            Some(texture) if !plain => {
                fill::textured_rect(image, clip, (self.rect, self.uv), self.colour, texture);
            }
            _ => fill::solid_rect(image, clip, self.rect, self.colour),
        }
    }
}
