//! What is measured on the ruler: the time under the pointer, how far that is from the selection, and how long the selected
//! range is.

use egui::{Rangef, Rect, Stroke, pos2};
use weftscope_traces::Span;

use super::{Flag, Pen, ruler::tick_step_ns};
use crate::{theme::number, timeline::Selection};

/// Narrowest band of uncertainty that is drawn, in points.
const UNCERTAIN_WIDTH: f32 = 3.0;
/// Points from an edge of the selection within which there is no distance to speak of.
const AT_EDGE: f32 = 2.0;

/// What is measured, and where its figures stand on the ruler, beside the flags.
pub(in crate::timeline) struct Measures {
    /// Time under the pointer, where that is in view, and its place.
    pointed: Option<(i64, f32)>,
    figures: Vec<(Rect, String)>,
    /// What of the ruler flags and figures take.
    pub(in crate::timeline) taken: Vec<Rangef>,
}

impl Measures {
    pub(in crate::timeline) fn of(pen: &Pen<'_>, flags: &[Flag]) -> Self {
        let taken = flags.iter().map(|flag| flag.rect.x_range()).collect();
        let at_ns = pen.view.hover.map(|hover| hover.time_ns).or(pen.view.echo_ns);
        let place = |at_ns| pen.painter.round_to_pixel_center(pen.scale.x_from_time(at_ns));
        let pointed = at_ns.map(|at_ns| (at_ns, place(at_ns)));
        let pointed = pointed.filter(|(_, x)| pen.areas.plot.x_range().contains(*x));
        let mut measures = Self { pointed, figures: Vec::new(), taken };
        if let Some((at_ns, x)) = pointed {
            measures.add(pen, x, time(pen, at_ns));
        }
        if let Some((x_range, length_ns)) = selected_range(pen) {
            measures.add(pen, x_range.center(), number::duration_ns(length_ns));
        }
        measures
    }

    /// A figure around `x`, or as near as there is room.
    fn add(&mut self, pen: &Pen<'_>, x: f32, text: String) {
        let rect = place(pen, x, &text, &self.taken);
        self.taken.push(rect.x_range());
        self.figures.push((rect, text));
    }
}

/// Draws the line under the pointer across all rows, and the figures on the ruler.
pub(in crate::timeline) fn paint_measures(pen: &Pen<'_>, measures: &Measures) {
    let s = &pen.theme.surfaces;
    if let Some((at_ns, x)) = measures.pointed {
        if let Some(ns) = uncertainty(pen) {
            uncertain_band(pen, at_ns, ns);
        }
        let line = Stroke::new(1.0, s.accent.gamma_multiply(0.6));
        pen.painter.vline(x, pen.areas.ruler.bottom()..=pen.areas.plot.bottom(), line);
    }
    if let Some((x_range, _)) = selected_range(pen) {
        let y = pen.areas.ruler.bottom() - 1.5;
        pen.painter.hline(x_range, y, Stroke::new(3.0, s.accent));
    }
    for (rect, text) in &measures.figures {
        draw(pen, *rect, text);
    }
}

fn uncertainty(pen: &Pen<'_>) -> Option<i64> {
    pen.data.trace.meta.clock_uncertainty_ns().filter(|&ns| ns > 0)
}

/// `28.3 ms ± 179 ns   174 µs in`.
fn time(pen: &Pen<'_>, at_ns: i64) -> String {
    let step = (tick_step_ns(&pen.scale) / 100).max(1);
    let mut text = number::time_at(at_ns - pen.view.zero_ns, step);
    if let Some(ns) = uncertainty(pen) {
        text += &format!(" ± {}", number::duration_ns(ns));
    }
    if let Some(distance) = distance(pen, at_ns) {
        text += &format!("   {distance}");
    }
    text
}

/// Where the selected range is in view, and how long it is.
fn selected_range(pen: &Pen<'_>) -> Option<(Rangef, i64)> {
    let span = pen.view.selection.range()?.span;
    let rect = pen.rect(span, pen.areas.plot.y_range());
    (rect.width() > 0.0).then(|| (rect.x_range(), span.len_ns()))
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

/// Shades the times that the one under the pointer may be on another rank, once that is wider than the line itself.
fn uncertain_band(pen: &Pen<'_>, at_ns: i64, ns: i64) {
    let span = Span::new(at_ns.saturating_sub(ns), at_ns.saturating_add(ns));
    let rect = pen.rect(span, pen.areas.plot.y_range());
    if rect.width() >= UNCERTAIN_WIDTH {
        let fill = pen.theme.surfaces.accent.gamma_multiply(0.12);
        pen.in_plot().rect_filled(rect, 0.0, fill);
    }
}

/// Where a figure stands on the ruler: around `x`, or as near as the ruler and what is taken of it allow.
fn place(pen: &Pen<'_>, x: f32, text: &str, taken: &[Rangef]) -> Rect {
    let ink = pen.theme.surfaces.strong;
    let galley = pen.painter.layout_no_wrap(text.to_owned(), pen.theme.mono(), ink);
    let (ruler, size) = (pen.areas.ruler, galley.size() + egui::vec2(8.0, 2.0));
    let left = free(ruler.x_range(), x - size.x / 2.0, size.x, taken);
    Rect::from_min_size(pos2(left, ruler.center().y - size.y / 2.0), size)
}

/// Where so wide a figure begins: at `wanted`, else at the nearest place in `room` that meets nothing taken; where there is
/// none it lies over what is taken.
fn free(room: Rangef, wanted: f32, width: f32, taken: &[Rangef]) -> f32 {
    const AIR: f32 = 4.0;
    let fits = |left: &f32| *left >= room.min && left + width <= room.max;
    let is_free = |left: &f32| {
        let own = Rangef::new(left - AIR / 2.0, left + width + AIR / 2.0);
        !taken.iter().any(|taken| own.intersects(*taken))
    };
    let inside = wanted.clamp(room.min, (room.max - width).max(room.min));
    let beside = taken.iter().flat_map(|taken| [taken.min - AIR - width, taken.max + AIR]);
    let places = std::iter::once(inside).chain(beside);
    let far = |left: &f32| (left - wanted).abs();
    let free = places.filter(|left| fits(left) && is_free(left));
    free.min_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or(inside)
}

fn draw(pen: &Pen<'_>, rect: Rect, text: &str) {
    let s = &pen.theme.surfaces;
    pen.painter.rect_filled(rect, 2.0, s.accent_fill);
    let galley = pen.painter.layout_no_wrap(text.to_owned(), pen.theme.mono(), s.strong);
    pen.painter.galley(rect.min + egui::vec2(4.0, 1.0), galley, s.strong);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_clear_of_what_stands_on_the_ruler() {
        let room = Rangef::new(0.0, 100.0);
        let taken = [Rangef::new(40.0, 60.0)];
        assert_eq!(free(room, 10.0, 20.0, &[]), 10.0);
        assert_eq!(free(room, 10.0, 20.0, &taken), 10.0, "not in the way");
        assert_eq!(free(room, 30.0, 20.0, &taken), 16.0, "left of it");
        assert_eq!(free(room, 50.0, 20.0, &taken), 64.0, "right of it");
        assert_eq!(free(room, 95.0, 20.0, &taken), 80.0, "within the ruler");
        let full = [Rangef::new(10.0, 50.0), Rangef::new(55.0, 95.0)];
        assert_eq!(free(room, 30.0, 20.0, &full), 30.0, "nowhere else");
    }

    #[test]
    fn distances_are_from_the_nearer_edge_outside_and_from_the_start_inside() {
        let span = Span::new(100, 200);
        let sides = [0, 99, 100, 150, 200, 260].map(|at| side(span, at));
        let expected =
            [(100, "before"), (1, "before"), (0, "in"), (50, "in"), (0, "after"), (60, "after")];
        assert_eq!(sides, expected);
    }
}
