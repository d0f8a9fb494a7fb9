//! Guess and truth on a line, with how far off a guess may be.

use egui::{Align2, Color32, FontId, Rect, Sense, Stroke, Ui, pos2, vec2};

use crate::{
    lessons::{Asked, Value, Within, margin},
    panels::widgets::draw_as,
    theme::Theme,
};

/// Points it takes.
const HEIGHT: f32 = 64.0;
/// Points left free at both ends.
const MARGIN: f32 = 12.0;

/// Draws the line.
pub(in crate::panels) fn number_line_ui(
    ui: &mut Ui,
    theme: &Theme,
    (guess, truth, who): (Value, Value, [&str; 2]),
    (within, asked): (Within, &Asked),
) {
    let size = vec2(ui.available_width(), HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let [you, simulated] = [guess, truth].map(|value| asked.words(value));
    let said = match who[0] {
        "you" => format!("You said {you}"),
        other => format!("{other}: {you}"),
    };
    draw_as(&response, egui::Role::Image, &format!("{said}; {}: {simulated}", who[1]));
    let s = &theme.surfaces;
    let margin = margin(truth, within, asked);
    let line = Line::new(rect, [guess.number, truth.number - margin, truth.number + margin]);
    let painter = ui.painter();
    let y = rect.center().y;
    painter.hline(rect.left() + MARGIN..=rect.right() - MARGIN, y, Stroke::new(1.0, s.weak));
    let zero = painter.round_to_pixel_center(line.x(0.0));
    painter.vline(zero, y - 4.0..=y + 4.0, Stroke::new(1.0, s.weak));
    let (at, font) = (pos2(zero, y + 5.0), theme.small());
    painter.text(at, Align2::CENTER_TOP, "0", font, s.weak);
    let [from, to] = [-margin, margin].map(|off| line.x(truth.number + off));
    let zone = Rect::from_x_y_ranges(from..=to, y - 6.0..=y + 6.0);
    painter.rect_filled(zone, 2.0, s.accent.gamma_multiply(0.25));
    let font = theme.small();
    mark(
        painter,
        rect,
        line.x(truth.number),
        (y, -1.0),
        (&format!("{} {simulated}", who[1]), s.accent, &font),
    );
    mark(
        painter,
        rect,
        line.x(guess.number),
        (y, 1.0),
        (&format!("{} {you}", who[0]), s.warn, &font),
    );
}

/// A pole above or below the line, and its word, kept inside.
fn mark(
    painter: &egui::Painter,
    rect: Rect,
    x: f32,
    (y, side): (f32, f32),
    (text, ink, font): (&str, Color32, &FontId),
) {
    let x = painter.round_to_pixel_center(x);
    let top = y + side * 12.0;
    painter.line_segment([pos2(x, y), pos2(x, top)], Stroke::new(2.0, ink));
    painter.circle_filled(pos2(x, y), 3.0, ink);
    let width = painter.layout_no_wrap(text.to_owned(), font.clone(), ink).size().x;
    let half = width / 2.0;
    let at = x.clamp(rect.left() + half, (rect.right() - half).max(rect.left() + half));
    let anchor = if side < 0.0 { Align2::CENTER_BOTTOM } else { Align2::CENTER_TOP };
    painter.text(pos2(at, top + side * 2.0), anchor, text, font.clone(), ink);
}

/// From 0, or below where there are negative values, to beyond the larger.
struct Line {
    left: f32,
    width: f32,
    from: f64,
    len: f64,
}

impl Line {
    fn new(rect: Rect, values: [f64; 3]) -> Self {
        let (least, most) = values.iter().fold((0.0, 0.0), |(least, most), &value| {
            (f64::min(least, value), f64::max(most, value))
        });
        let room = 0.08 * (most - least);
        let from = if least < 0.0 { least - room } else { 0.0 };
        let len = (most + room - from).max(f64::MIN_POSITIVE);
        let (left, width) = (rect.left() + MARGIN, rect.width() - 2.0 * MARGIN);
        Self { left, width, from, len }
    }

    fn x(&self, value: f64) -> f32 {
        let share = ((value - self.from) / self.len).clamp(-0.1, 1.1);
        self.left + self.width * share as f32
    }
}
