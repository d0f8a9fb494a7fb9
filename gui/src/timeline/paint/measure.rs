//! What is measured on the ruler: the time under the pointer, how far that is from the selection, and how long the selected
//! range is.

use egui::{Rect, Stroke, pos2};
use weftscope_traces::Span;

use super::{Pen, ruler::tick_step_ns};
use crate::{theme::number, timeline::Selection};

/// Narrowest band of uncertainty that is drawn, in points.
const UNCERTAIN_WIDTH: f32 = 3.0;
/// Points from an edge of the selection within which there is no distance to speak of.
const AT_EDGE: f32 = 2.0;

/// Draws the line under the pointer across all rows, and the figures on the ruler.
pub(in crate::timeline) fn paint_measures(pen: &Pen<'_>) {
    let pointed = pen.view.hover.map(|hover| hover.time_ns).or(pen.view.echo_ns);
    let taken = pointed.and_then(|at_ns| crosshair(pen, at_ns));
    range_length(pen, taken);
}

/// The crosshair; says what of the ruler it takes.
fn crosshair(pen: &Pen<'_>, at_ns: i64) -> Option<Rect> {
    let plot = pen.areas.plot;
    let x = pen.painter.round_to_pixel_center(pen.scale.x_from_time(at_ns));
    if x < plot.left() || x > plot.right() {
        return None;
    }
    let uncertainty = pen.data.trace.meta.clock_uncertainty_ns().filter(|&ns| ns > 0);
    if let Some(ns) = uncertainty {
        uncertain_band(pen, at_ns, ns);
    }
    let line = Stroke::new(1.0, pen.theme.surfaces.accent.gamma_multiply(0.6));
    pen.painter.vline(x, pen.areas.ruler.bottom()..=plot.bottom(), line);
    let step = (tick_step_ns(&pen.scale) / 100).max(1);
    let mut text = number::time_at(at_ns - pen.view.zero_ns, step);
    if let Some(ns) = uncertainty {
        text += &format!(" ± {}", number::duration_ns(ns));
    }
    if let Some(distance) = distance(pen, at_ns) {
        text += &format!("   {distance}");
    }
    let rect = place(pen, x, &text);
    draw(pen, rect, text);
    Some(rect)
}

/// `135 µs after`: from the selection to a time; within it from its start.
fn distance(pen: &Pen<'_>, at_ns: i64) -> Option<String> {
    let span = match &pen.view.selection {
        Selection::None => return None,
        Selection::Slice(slice) => pen.data.has(*slice).then(|| pen.data.trace.span_of(*slice))?,
        Selection::Range(range) => range.span,
    };
    let points = |edge_ns: i64| ((at_ns - edge_ns) as f64 / pen.scale.ns_per_point()).abs();
    if points(span.start_ns).min(points(span.end_ns)) <= f64::from(AT_EDGE) {
        return None;
    }
    let (ns, side) = side(span, at_ns);
    Some(format!("{} {side}", number::duration_ns(ns)))
}

/// How far a time is from a span, and on which side of it.
fn side(span: Span, at_ns: i64) -> (i64, &'static str) {
    if at_ns < span.start_ns {
        (span.start_ns - at_ns, "before")
    } else if at_ns >= span.end_ns {
        (at_ns - span.end_ns, "after")
    } else {
        (at_ns - span.start_ns, "in")
    }
}

/// The length of the selected range, beside what the ruler has already.
fn range_length(pen: &Pen<'_>, taken: Option<Rect>) {
    let Some(range) = pen.view.selection.range() else { return };
    let span = pen.rect(range.span, pen.areas.plot.y_range());
    if span.width() <= 0.0 {
        return;
    }
    let y = pen.areas.ruler.bottom() - 1.5;
    pen.painter.hline(span.x_range(), y, Stroke::new(3.0, pen.theme.surfaces.accent));
    let text = number::duration_ns(range.span.len_ns());
    let mut rect = place(pen, span.center().x, &text);
    if let Some(taken) = taken.filter(|taken| taken.x_range().intersects(rect.x_range())) {
        let ruler = pen.areas.ruler;
        let left = taken.left() - 4.0 - rect.width();
        let x = if left >= ruler.left() { left } else { taken.right() + 4.0 };
        rect = rect.translate(egui::vec2(x - rect.left(), 0.0));
    }
    draw(pen, rect, text);
}

/// Shades the times that the one under the pointer may be on another rank, once that is wider than the line itself.
fn uncertain_band(pen: &Pen<'_>, at_ns: i64, ns: i64) {
    let span = Span::new(at_ns.saturating_sub(ns), at_ns.saturating_add(ns));
    let rect = pen.rect(span, pen.areas.plot.y_range());
    if rect.width() >= UNCERTAIN_WIDTH {
        let fill = pen.theme.surfaces.accent.gamma_multiply(0.12);
        pen.in_plot().rect_filled(rect, 0.0, fill);
    }
}

/// Where a figure stands on the ruler, around `x` and within it.
fn place(pen: &Pen<'_>, x: f32, text: &str) -> Rect {
    let ink = pen.theme.surfaces.strong;
    let galley = pen.painter.layout_no_wrap(text.to_owned(), pen.theme.mono(), ink);
    let (ruler, size) = (pen.areas.ruler, galley.size() + egui::vec2(8.0, 2.0));
    let left = (x - size.x / 2.0).clamp(ruler.left(), (ruler.right() - size.x).max(ruler.left()));
    Rect::from_min_size(pos2(left, ruler.center().y - size.y / 2.0), size)
}

fn draw(pen: &Pen<'_>, rect: Rect, text: String) {
    let s = &pen.theme.surfaces;
    pen.painter.rect_filled(rect, 2.0, s.accent_fill);
    let galley = pen.painter.layout_no_wrap(text, pen.theme.mono(), s.strong);
    pen.painter.galley(rect.min + egui::vec2(4.0, 1.0), galley, s.strong);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_from_the_nearer_edge_outside_and_from_the_start_inside() {
        let span = Span::new(100, 200);
        let sides = [0, 99, 100, 150, 200, 260].map(|at| side(span, at));
        let expected =
            [(100, "before"), (1, "before"), (0, "in"), (50, "in"), (0, "after"), (60, "after")];
        assert_eq!(sides, expected);
    }
}
