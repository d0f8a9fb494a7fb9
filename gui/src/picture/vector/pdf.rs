//! A drawing as a page of PDF, the fonts in the file.

use std::collections::HashMap;

use egui::{Color32, Pos2, Rect};
use krilla::{
    Document,
    color::rgb,
    error::KrillaError,
    geom::{Path, PathBuilder, Point, Transform},
    metadata::Metadata,
    num::NormalizedF32,
    page::PageSettings,
    paint::{Fill as Paint, FillRule, Pattern, Stroke},
    surface::Surface,
    text::{Font, GlyphId, KrillaGlyph},
};

use super::{
    Drawing,
    drawing::{Fill, Item, Line, Mark, Stripes, Words, parts, stripe_corners},
    face::Face,
};
use crate::picture::Caption;

/// The file's bytes. It says nothing of when it was made: the same drawing gives the same bytes.
pub(in crate::picture) fn pdf(
    drawing: &Drawing,
    caption: &Caption,
) -> Result<Vec<u8>, KrillaError> {
    let mut document = Document::new();
    let metadata = Metadata::new()
        .title(caption.title.clone())
        .description(caption.description.clone())
        .language("en".to_owned())
        .creator(format!("weftscope {}", env!("CARGO_PKG_VERSION")));
    document.set_metadata(metadata);
    let [width, height] = [drawing.size.x, drawing.size.y].map(|side| side.max(3.0));
    let settings = PageSettings::from_wh(width, height).unwrap_or_default();
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    let mut painter = Painter { surface: &mut surface, fonts: HashMap::new() };
    painter.surface.set_fill(Some(plain(drawing.background)));
    painter.fill(rect_path(Rect::from_min_size(Pos2::ZERO, drawing.size), 0.0));
    for item in &drawing.items {
        painter.item(item);
    }
    surface.finish();
    page.finish();
    document.finish()
}

struct Painter<'a, 'b> {
    surface: &'a mut Surface<'b>,
    /// Read once each; `None` for one that cannot be.
    fonts: HashMap<Face, Option<Font>>,
}

impl Painter<'_, '_> {
    fn item(&mut self, Item { clip, mark }: &Item) {
        let clip = clip.and_then(|clip| rect_path(clip, 0.0));
        if let Some(clip) = &clip {
            self.surface.push_clip_path(clip, &FillRule::default());
        }
        self.mark(mark);
        if clip.is_some() {
            self.surface.pop();
        }
    }

    fn mark(&mut self, mark: &Mark) {
        match mark {
            Mark::Rect { rect, radius, fill } => {
                let fill = match fill {
                    Fill::Plain(colour) => plain(*colour),
                    Fill::Stripes(stripes) => self.striped(*stripes),
                };
                self.surface.set_fill(Some(fill));
                self.fill(rect_path(*rect, *radius));
            }
            Mark::Frame { rect, radius, line } => self.stroke(rect_path(*rect, *radius), *line),
            Mark::Polygon { points, fill } => {
                self.surface.set_fill(Some(plain(*fill)));
                self.fill(path(points, true));
            }
            Mark::Polyline { points, closed, line } => self.stroke(path(points, *closed), *line),
            Mark::Disc { centre, radius, fill } => {
                self.surface.set_fill(Some(plain(*fill)));
                let square = Rect::from_center_size(*centre, egui::Vec2::splat(2.0 * radius));
                self.fill(rect_path(square, *radius));
            }
            Mark::Words(words) => self.words(words),
        }
    }

    fn fill(&mut self, path: Option<Path>) {
        self.surface.set_stroke(None);
        if let Some(path) = path {
            self.surface.draw_path(&path);
        }
    }

    fn stroke(&mut self, path: Option<Path>, line: Line) {
        let Paint { paint, opacity, .. } = plain(line.colour);
        self.surface.set_fill(None);
        let stroke = Stroke { paint, opacity, width: line.width, ..Stroke::default() };
        self.surface.set_stroke(Some(stroke));
        if let Some(path) = path {
            self.surface.draw_path(&path);
        }
    }

    /// Stripes are a tile that repeats.
    fn striped(&mut self, stripes: Stripes) -> Paint {
        let Stripes { colour, period, width, between } = stripes;
        let mut builder = self.surface.stream_builder();
        let mut tile = builder.surface();
        let mut draw = |path: Option<Path>, colour| {
            tile.set_fill(Some(plain(colour)));
            if let Some(path) = path {
                tile.draw_path(&path);
            }
        };
        if between > 0.0 {
            let square = Rect::from_min_size(Pos2::ZERO, egui::Vec2::splat(period));
            draw(rect_path(square, 0.0), colour.gamma_multiply(between));
        }
        for points in stripe_corners(period, width) {
            draw(path(&points, true), colour);
        }
        tile.finish();
        let stream = builder.finish();
        let transform = Transform::identity();
        let pattern = Pattern { stream, transform, width: period, height: period };
        Paint { paint: pattern.into(), opacity: NormalizedF32::ONE, rule: FillRule::default() }
    }

    fn words(&mut self, words: &Words) {
        let font = self.fonts.entry(words.face).or_insert_with(|| {
            let bytes: &'static [u8] = words.face.bytes();
            Font::new(bytes.into(), 0)
        });
        let Some(font) = font.clone() else { return };
        let glyphs = glyphs(words);
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(plain(words.colour)));
        let turn = words.turn.map(|(angle, around)| {
            Transform::from_rotate_at(angle.to_degrees(), around.x, around.y)
        });
        if let Some(turn) = &turn {
            self.surface.push_transform(turn);
        }
        let start = Point::from_xy(words.start_x(), words.baseline);
        self.surface.draw_glyphs(start, &glyphs, font, &words.text, words.size, false);
        if turn.is_some() {
            self.surface.pop();
        }
    }
}

/// A glyph a character, each as far from the next as it was laid out; advances are in sizes of the font.
fn glyphs(words: &Words) -> Vec<KrillaGlyph> {
    let ends = words.xs.iter().skip(1).copied().chain([words.end_x]);
    let places = words.text.char_indices().zip(words.xs.iter().zip(ends));
    let glyph = |((at, chr), (&start, end)): ((usize, char), (&f32, f32))| KrillaGlyph {
        glyph_id: GlyphId::new(u32::from(words.face.glyph(chr).unwrap_or(0))),
        text_range: at..at + chr.len_utf8(),
        x_advance: (end - start) / words.size,
        x_offset: 0.0,
        y_offset: 0.0,
        y_advance: 0.0,
        location: None,
    };
    places.map(glyph).collect()
}

fn plain(colour: Color32) -> Paint {
    let ([r, g, b], opacity) = parts(colour);
    let opacity = NormalizedF32::new(opacity).unwrap_or(NormalizedF32::ONE);
    Paint { paint: rgb::Color::new(r, g, b).into(), opacity, rule: FillRule::default() }
}

fn path(points: &[Pos2], closed: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    let (first, rest) = points.split_first()?;
    builder.move_to(first.x, first.y);
    rest.iter().for_each(|point| builder.line_to(point.x, point.y));
    if closed {
        builder.close();
    }
    builder.finish()
}

/// A rectangle; where corners are rounded, each by a cubic that is a quarter of a circle to within a thousandth.
fn rect_path(rect: Rect, radius: f32) -> Option<Path> {
    let mut builder = PathBuilder::new();
    let radius = radius.min(rect.width() / 2.0).min(rect.height() / 2.0);
    let (left, right, top, bottom) = (rect.left(), rect.right(), rect.top(), rect.bottom());
    if radius <= 0.0 {
        builder.push_rect(krilla::geom::Rect::from_ltrb(left, top, right, bottom)?);
        return builder.finish();
    }
    let near = radius * (1.0 - 0.552_284_8);
    builder.move_to(left + radius, top);
    builder.line_to(right - radius, top);
    builder.cubic_to(right - near, top, right, top + near, right, top + radius);
    builder.line_to(right, bottom - radius);
    builder.cubic_to(right, bottom - near, right - near, bottom, right - radius, bottom);
    builder.line_to(left + radius, bottom);
    builder.cubic_to(left + near, bottom, left, bottom - near, left, bottom - radius);
    builder.line_to(left, top + radius);
    builder.cubic_to(left, top + near, left + near, top, left + radius, top);
    builder.close();
    builder.finish()
}
