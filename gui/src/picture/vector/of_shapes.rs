//! What egui has laid out, as a drawing: rectangles stay rectangles and words stay words.

use egui::{
    Color32, Mesh, Pos2, Rect, Shape, Stroke, StrokeKind, TextureId, Vec2,
    epaint::{
        ClippedShape, ColorMode, PathShape, PathStroke, RectShape, TextShape, Vertex, WHITE_UV,
    },
};

use super::{
    Drawing,
    drawing::{Fill, Item, Line, Mark, Stripes, Words},
    face::Face,
};

/// Which textures stand for which stripes.
pub(in crate::picture) type Patterns = Vec<(TextureId, Pattern)>;

/// Stripes without their colour; see [`Stripes`].
#[derive(Clone, Copy, Debug)]
pub(in crate::picture) struct Pattern {
    /// Points along an axis after which they repeat.
    pub(in crate::picture) period: f32,
    /// Points of that which a stripe is wide.
    pub(in crate::picture) width: f32,
    /// How much of the colour lies between them, 0…1.
    pub(in crate::picture) between: f32,
}

/// A frame of `size` points as a drawing. Shapes that the program does not use (bands, callbacks, images) are left out.
pub(in crate::picture) fn drawing_of(
    shapes: &[ClippedShape],
    (size, background): (Vec2, Color32),
    patterns: &Patterns,
) -> Drawing {
    let mut taker = Taker { items: Vec::new(), clip: Rect::NOTHING, patterns };
    let page = Rect::from_min_size(Pos2::ZERO, size);
    for ClippedShape { clip_rect, shape, .. } in shapes {
        taker.clip = clip_rect.intersect(page);
        if taker.clip.is_positive() {
            taker.shape(shape);
        }
    }
    Drawing { size, background, items: taker.items }
}

struct Taker<'a> {
    items: Vec<Item>,
    clip: Rect,
    patterns: &'a Patterns,
}

impl Taker<'_> {
    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.shape(shape)),
            Shape::Rect(rect) => self.rect(rect),
            Shape::LineSegment { points, stroke } => self.line(points.to_vec(), false, *stroke),
            Shape::Path(path) => self.path(path),
            Shape::Circle(circle) => {
                let (centre, radius, fill) = (circle.center, circle.radius, circle.fill);
                if fill != Color32::TRANSPARENT {
                    self.add(circle.visual_bounding_rect(), Mark::Disc { centre, radius, fill });
                }
                if !circle.stroke.is_empty() {
                    let rect = Rect::from_center_size(centre, Vec2::splat(2.0 * radius));
                    let line = line(circle.stroke);
                    self.add(rect.expand(line.width), Mark::Frame { rect, radius, line });
                }
            }
            Shape::Text(text) => self.text(text),
            Shape::Mesh(mesh) => self.mesh(mesh),
            Shape::QuadraticBezier(curve) => {
                self.path_of(curve.flatten(None), curve.closed, &curve.stroke);
            }
            Shape::CubicBezier(curve) => {
                self.path_of(curve.flatten(None), curve.closed, &curve.stroke);
            }
            Shape::Noop | Shape::Ellipse(_) | Shape::Band(_) | Shape::Callback(_) => {}
        }
    }

    /// Leaves out what cannot be seen; clips what sticks out.
    fn add(&mut self, bounds: Rect, mark: Mark) {
        if !self.clip.expand(0.01).intersects(bounds) {
            return;
        }
        let clip = (!self.clip.expand(0.01).contains_rect(bounds)).then_some(self.clip);
        self.items.push(Item { clip, mark });
    }

    /// A rectangle with sharp corners needs no clipping: it is cut.
    fn plain(&mut self, rect: Rect, fill: Fill) {
        let rect = rect.intersect(self.clip);
        if rect.is_positive() {
            self.items.push(Item { clip: None, mark: Mark::Rect { rect, radius: 0.0, fill } });
        }
    }

    fn rect(&mut self, shape: &RectShape) {
        let RectShape { rect, fill, stroke, .. } = *shape;
        let radius = f32::from(shape.corner_radius.nw);
        if fill != Color32::TRANSPARENT && radius == 0.0 {
            self.plain(rect, Fill::Plain(fill));
        } else if fill != Color32::TRANSPARENT {
            self.add(rect, Mark::Rect { rect, radius, fill: Fill::Plain(fill) });
        }
        if !stroke.is_empty() {
            let half = stroke.width / 2.0;
            let rect = match shape.stroke_kind {
                StrokeKind::Inside => rect.shrink(half),
                StrokeKind::Middle => rect,
                StrokeKind::Outside => rect.expand(half),
            };
            self.add(rect.expand(half), Mark::Frame { rect, radius, line: line(stroke) });
        }
    }

    fn line(&mut self, points: Vec<Pos2>, closed: bool, stroke: Stroke) {
        if stroke.is_empty() || points.len() < 2 {
            return;
        }
        let bounds = Rect::from_points(&points).expand(stroke.width / 2.0);
        self.add(bounds, Mark::Polyline { points, closed, line: line(stroke) });
    }

    fn path(&mut self, path: &PathShape) {
        let PathShape { points, closed, fill, stroke } = path;
        if *fill != Color32::TRANSPARENT && points.len() > 2 {
            let mark = Mark::Polygon { points: points.clone(), fill: *fill };
            self.add(Rect::from_points(points), mark);
        }
        self.path_of(points.clone(), *closed, stroke);
    }

    fn path_of(&mut self, points: Vec<Pos2>, closed: bool, stroke: &PathStroke) {
        if let ColorMode::Solid(colour) = stroke.color {
            self.line(points, closed, Stroke::new(stroke.width, colour));
        }
    }

    /// Rectangles of one colour stay such; what else there is stays in triangles, each in its mean colour.
    fn mesh(&mut self, mesh: &Mesh) {
        let pattern = self.patterns.iter().find(|one| one.0 == mesh.texture_id).map(|one| one.1);
        let vertex = |index: u32| mesh.vertices[index as usize];
        let mut indices = mesh.indices.as_slice();
        while indices.len() >= 3 {
            if let Some(&[a, b, c, c2, b2, d]) = indices.first_chunk::<6>()
                && (c, b) == (c2, b2)
                && let Some((rect, colour)) = upright([a, b, c, d].map(vertex))
            {
                let is_plain = vertex(a).uv == WHITE_UV && vertex(d).uv == WHITE_UV;
                let fill = match pattern.filter(|_| !is_plain) {
                    Some(Pattern { period, width, between }) => {
                        Fill::Stripes(Stripes { colour, period, width, between })
                    }
                    None => Fill::Plain(colour),
                };
                if colour != Color32::TRANSPARENT {
                    self.plain(rect, fill);
                }
                indices = &indices[6..];
                continue;
            }
            let corners = [indices[0], indices[1], indices[2]].map(vertex);
            let points = corners.map(|corner| corner.pos).to_vec();
            let fill = mean(corners.map(|corner| corner.color));
            if fill != Color32::TRANSPARENT {
                self.add(Rect::from_points(&points), Mark::Polygon { points, fill });
            }
            indices = &indices[3..];
        }
    }

    /// One piece of text after another: a line of it, as far as font and colour are the same.
    fn text(&mut self, shape: &TextShape) {
        let job = &shape.galley.job;
        let mut chars = job.text.char_indices().peekable();
        let mut section = 0;
        for placed in &shape.galley.rows {
            let mut words: Option<Words> = None;
            for glyph in &placed.row.glyphs {
                // What stands for text that was cut off is no part of it, and has the form of what stands before it.
                if let Some((at, _)) = chars.next_if(|one| one.1 == glyph.chr) {
                    let holds = |one: &egui::text::LayoutSection| one.byte_range.end.0 > at;
                    section = job.sections.iter().position(holds).unwrap_or(section);
                }
                let Some(format) = job.sections.get(section).map(|one| &one.format) else { break };
                let colour = ink(shape, format.color);
                let (face, size) =
                    (Face::of(&format.font_id.family, glyph.chr), format.font_id.size);
                let at = shape.pos + placed.pos.to_vec2() + glyph.pos.to_vec2();
                let goes_on = |words: &Words| {
                    (words.face, words.size, words.colour) == (face, size, colour)
                        && words.baseline == at.y
                };
                if !words.as_ref().is_some_and(goes_on) {
                    self.words(words.take());
                }
                let turn = (shape.angle != 0.0).then_some((shape.angle, shape.pos));
                let words = words.get_or_insert_with(|| Words {
                    text: String::new(),
                    xs: Vec::new(),
                    end_x: at.x,
                    baseline: at.y,
                    size,
                    face,
                    colour,
                    turn,
                });
                words.text.push(glyph.chr);
                words.xs.push(at.x);
                words.end_x = at.x + glyph.advance_width;
            }
            self.words(words);
            if placed.ends_with_newline {
                chars.next_if(|one| one.1 == '\n');
            }
        }
    }

    fn words(&mut self, words: Option<Words>) {
        let Some(words) = words.filter(|words| !words.text.trim().is_empty()) else { return };
        let top = words.baseline - words.size;
        let bottom = words.baseline + 0.3 * words.size;
        let bounds = Rect::from_x_y_ranges(words.start_x()..=words.end_x, top..=bottom);
        // Turned words stand where there is room for them.
        let bounds = if words.turn.is_some() { self.clip } else { bounds };
        self.add(bounds, Mark::Words(words));
    }
}

fn ink(shape: &TextShape, colour: Color32) -> Color32 {
    let own = if colour == Color32::PLACEHOLDER { shape.fallback_color } else { colour };
    let colour = shape.override_text_color.unwrap_or(own);
    if shape.opacity_factor < 1.0 { colour.gamma_multiply(shape.opacity_factor) } else { colour }
}

fn line(stroke: Stroke) -> Line {
    Line { colour: stroke.color, width: stroke.width }
}

/// An upright rectangle of one colour, its corners in egui's order: left top, right top, left bottom, right bottom.
fn upright([a, b, c, d]: [Vertex; 4]) -> Option<(Rect, Color32)> {
    let (p, q, r, s) = (a.pos, b.pos, c.pos, d.pos);
    let aligned = p.y == q.y && r.y == s.y && p.x == r.x && q.x == s.x;
    let one_colour = a.color == b.color && b.color == c.color && c.color == d.color;
    (aligned && one_colour).then(|| (Rect::from_two_pos(p, s), a.color))
}

fn mean(colours: [Color32; 3]) -> Color32 {
    let channel = |of: fn(&Color32) -> u8| {
        let sum: u32 = colours.iter().map(|colour| u32::from(of(colour))).sum();
        (sum / 3) as u8
    };
    let [r, g, b, a] =
        [Color32::r, Color32::g, Color32::b, Color32::a].map(|of: fn(&Color32) -> u8| channel(of));
    Color32::from_rgba_premultiplied(r, g, b, a)
}
