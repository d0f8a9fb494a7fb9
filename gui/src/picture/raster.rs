//! egui's primitives to pixels on the CPU: the same picture on every machine, without a graphics driver.

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

#[cfg(test)]
mod tests {
    use egui::{Color32, TextureId, pos2, vec2};

    use super::*;

    const RED: Color32 = Color32::from_rgb(200, 40, 20);

    fn canvas() -> Image {
        Image::filled(32, 24, Color32::from_rgb(10, 20, 30))
    }

    fn painted(mesh: Mesh) -> Image {
        let mut image = canvas();
        let clip_rect = Rect::from_min_size(Pos2::ZERO, vec2(32.0, 24.0));
        let primitive = Primitive::Mesh(mesh);
        Rasteriser::default().paint(&mut image, &[ClippedPrimitive { clip_rect, primitive }], 1.0);
        image
    }

    /// The same quad by the general path: triangles in an order that the fast path does not recognise.
    fn as_triangles(mesh: &Mesh) -> Mesh {
        let mut out =
            Mesh { vertices: mesh.vertices.clone(), ..Mesh::with_texture(TextureId::default()) };
        for quad in mesh.indices.chunks(6) {
            out.indices.extend([quad[2], quad[0], quad[1], quad[3], quad[4], quad[5]]);
        }
        out
    }

    #[test]
    fn rectangles_and_triangles_paint_the_same_pixels() {
        for (x, y, w, h) in [
            (1.0, 2.0, 9.0, 5.0),
            (3.4, 2.5, 7.3, 0.8),
            (0.5, 0.5, 31.0, 23.0),
            (5.2, 5.9, 0.2, 9.0),
        ] {
            let mut mesh = Mesh::default();
            let rect = Rect::from_min_size(pos2(x, y), vec2(w, h));
            mesh.add_colored_rect(rect, Color32::from_rgba_premultiplied(100, 20, 10, 128));
            assert_eq!(painted(as_triangles(&mesh)), painted(mesh), "{rect:?}");
        }
    }

    #[test]
    fn triangles_that_share_edges_paint_each_pixel_once() {
        // A fan around an odd centre; half-transparent, so a pixel painted twice would differ.
        let mut mesh = Mesh::default();
        let colour = Color32::from_rgba_premultiplied(90, 0, 0, 100);
        mesh.colored_vertex(pos2(13.3, 11.7), colour);
        let ring = [(2.0, 2.0), (29.0, 3.0), (30.5, 12.2), (28.0, 22.0), (14.0, 23.0), (1.0, 20.0)];
        for (x, y) in ring {
            mesh.colored_vertex(pos2(x, y), colour);
        }
        for k in 0..6_u32 {
            mesh.add_triangle(0, 1 + k, 1 + (k + 1) % 6);
        }
        let image = painted(mesh);
        let background = canvas().pixel(0, 0);
        let once = image.pixel(13, 11);
        for y in 0..24 {
            for x in 0..32 {
                let pixel = image.pixel(x, y);
                assert!(pixel == background || pixel == once, "{x} {y}: {pixel:?}");
            }
        }
    }

    #[test]
    fn nothing_is_painted_outside_the_clip_rectangle() {
        let mut mesh = Mesh::default();
        mesh.add_colored_rect(Rect::from_min_size(pos2(-50.0, -50.0), vec2(200.0, 200.0)), RED);
        let mut image = canvas();
        let clip_rect = Rect::from_min_size(pos2(4.0, 5.0), vec2(3.0, 2.0));
        let primitive = Primitive::Mesh(mesh);
        Rasteriser::default().paint(&mut image, &[ClippedPrimitive { clip_rect, primitive }], 1.0);
        let red = image.rgba.chunks(4).filter(|pixel| pixel[0] == 200).count();
        assert_eq!(red, 6);
        assert_eq!(image.pixel(4, 5), RED.to_array());
        assert_ne!(image.pixel(7, 5), RED.to_array());
    }

    #[test]
    fn half_transparent_colours_blend_premultiplied() {
        let mut mesh = Mesh::default();
        let rect = Rect::from_min_size(pos2(0.0, 0.0), vec2(1.0, 1.0));
        mesh.add_colored_rect(rect, Color32::from_rgba_premultiplied(100, 0, 0, 128));
        // 10·127/255 + 100, 20·127/255, 30·127/255.
        assert_eq!(painted(mesh).pixel(0, 0), [105, 10, 15, 255]);
    }
}
