use egui::{Align2, Color32, Painter, Rect, pos2};

use super::Pen;

/// Points left and right of a name.
const MARGIN: f32 = 4.0;
/// Letters of a name that must be left for it to be cut at all.
const LEAST_LETTERS: usize = 2;

/// Writes the first of `forms` that fits; when none does, as much of the last as fits and an ellipsis. Nothing when
/// that would be a letter.
pub(super) fn name_in(
    pen: &Pen<'_>,
    painter: &Painter,
    rect: Rect,
    forms: &[&str],
    colour: Color32,
) {
    // Names stay readable while their band is scrolled half out on the left.
    let left = rect.left().max(pen.areas.plot.left());
    let room = rect.right().min(pen.areas.plot.right()) - left - 2.0 * MARGIN;
    let write = |text: &str| {
        let galley = painter.layout_no_wrap(text.to_owned(), pen.theme.small(), colour);
        let fits = galley.size().x <= room;
        if fits {
            let at = pos2(left + MARGIN, rect.center().y);
            let at = Align2::LEFT_CENTER.anchor_size(at, galley.size());
            painter.galley(at.min, galley, colour);
        }
        fits
    };
    for form in forms {
        // Half a point size is under the width of the narrowest usual letter: no need to lay out what cannot fit.
        if form.chars().count() as f32 * 3.0 <= room && write(form) {
            return;
        }
    }
    if let Some(cut) = forms.last().and_then(|name| cut(pen, painter, name, room)) {
        write(&cut);
    }
}

/// `name` in the small font, cut where it is wider than `room` points.
pub(super) fn elided(pen: &Pen<'_>, painter: &Painter, name: &str, room: f32) -> String {
    let width: f32 = letter_widths(pen, painter, name).iter().sum();
    if width <= room { name.to_owned() } else { cut(pen, painter, name, room).unwrap_or_default() }
}

/// As much of `name` as fits into `room` points with an ellipsis, by the widths of its letters: cheaper than laying
/// it out, and the same text for several widths, so that what was laid out in the frame before serves this one.
fn cut(pen: &Pen<'_>, painter: &Painter, name: &str, room: f32) -> Option<String> {
    let ellipsis = painter.fonts_mut(|fonts| fonts.glyph_width(&pen.theme.small(), '…'));
    // A letter is never wider than its size: kerning cannot push the result over the edge.
    let mut left = room - ellipsis - 1.0;
    let fits = |width: &&f32| {
        left -= **width;
        left >= 0.0
    };
    let kept = letter_widths(pen, painter, name).iter().take_while(fits).count();
    let text: String = name.chars().take(kept).collect();
    (kept >= LEAST_LETTERS).then(|| format!("{}…", text.trim_end()))
}

/// The width of each letter. Those that no font of the program has are 0 to egui until they are laid out, in a font of the
/// system or as boxes.
fn letter_widths(pen: &Pen<'_>, painter: &Painter, name: &str) -> Vec<f32> {
    let font = pen.theme.small();
    let mut widths: Vec<f32> = painter
        .fonts_mut(|fonts| name.chars().map(|letter| fonts.glyph_width(&font, letter)).collect());
    for (width, letter) in widths.iter_mut().zip(name.chars()).filter(|(width, _)| **width == 0.0) {
        let galley = painter.layout_no_wrap(letter.to_string(), font.clone(), Color32::PLACEHOLDER);
        *width = galley.size().x;
    }
    widths
}
