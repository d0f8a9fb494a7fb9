use egui::{Align2, Color32, Rect, Stroke, pos2, vec2};

use super::Pen;
use crate::timeline::{Sign, SignOf};

/// Points from one word to the one below it.
const LINE: f32 = 20.0;

/// Draws what a lesson says over the rows: guesses dashed, truths whole, each with its word on a ground of its own.
pub(in crate::timeline) fn paint_signs(pen: &Pen<'_>) {
    for sign in &pen.view.signs {
        paint_sign(pen, sign);
    }
}

fn paint_sign(pen: &Pen<'_>, sign: &Sign) {
    let plot = pen.areas.plot;
    let ink = ink(pen, sign.of);
    let painter = pen.in_plot();
    let [left, right] = [sign.span.start_ns, sign.span.end_ns].map(|ns| pen.scale.x_from_time(ns));
    if right < plot.left() || left > plot.right() {
        return;
    }
    if !sign.span.is_empty() {
        let rect = Rect::from_x_y_ranges(left..=right.max(left + 2.0), plot.y_range());
        // One of two that lie over each other is enough.
        if sign.of == SignOf::Truth {
            painter.rect_filled(rect, 0.0, ink.gamma_multiply(0.12));
        }
        let start = painter.round_to_pixel_center(left);
        painter.vline(start, plot.y_range(), Stroke::new(1.0, ink));
    }
    let x = painter.round_to_pixel_center(right);
    let ends = [pos2(x, plot.top()), pos2(x, plot.bottom())];
    match sign.of {
        SignOf::Truth => {
            painter.line_segment(ends, Stroke::new(2.0, ink));
        }
        SignOf::Guess => {
            painter.extend(egui::Shape::dashed_line(&ends, Stroke::new(2.0, ink), 6.0, 4.0));
        }
    }
    if sign.words.is_empty() {
        return;
    }
    // Below one another, so that two at nearly the same time can both be read.
    let row = if sign.of == SignOf::Guess { 1.0 } else { 0.0 };
    let s = &pen.theme.surfaces;
    let galley = painter.layout_no_wrap(sign.words.clone(), pen.theme.body(), s.strong);
    let size = galley.size() + vec2(12.0, 4.0);
    let top = plot.top() + 6.0 + row * LINE;
    // At the right edge the word stands left of its line.
    let from = if x + size.x > plot.right() { x - size.x } else { x };
    let ground = Rect::from_min_size(pos2(from, top), size);
    painter.rect_filled(ground, 3.0, s.panel);
    painter.rect_stroke(ground, 3.0, Stroke::new(1.0, ink), egui::StrokeKind::Inside);
    let at = Align2::LEFT_CENTER.anchor_size(ground.left_center() + vec2(6.0, 0.0), galley.size());
    painter.galley(at.min, galley, s.strong);
}

fn ink(pen: &Pen<'_>, of: SignOf) -> Color32 {
    match of {
        SignOf::Truth => pen.theme.surfaces.accent,
        SignOf::Guess => pen.theme.surfaces.warn,
    }
}
