//! What lies over the blocks: the crosshair with its doubt, the selected range, the selected slice.

use egui::{Rangef, Rect, Stroke, StrokeKind, pos2};
use weftscope_traces::{SliceRef, Span};

use super::{Pen, ruler::tick_step_ns};
use crate::{theme::number, timeline::RowKind};

/// Narrowest band of uncertainty that is drawn, in points.
const UNCERTAIN_WIDTH: f32 = 3.0;

/// Draws the line under the pointer across all rows, with its time on the ruler.
pub(in crate::timeline) fn paint_crosshair(pen: &Pen<'_>) {
    let pointed = pen.view.hover.map(|hover| hover.time_ns).or(pen.view.echo_ns);
    let Some(at_ns) = pointed else { return };
    let s = &pen.theme.surfaces;
    let plot = pen.areas.plot;
    let x = pen.painter.round_to_pixel_center(pen.scale.x_from_time(at_ns));
    if x < plot.left() || x > plot.right() {
        return;
    }
    let uncertainty = pen.data.trace.meta.clock_uncertainty_ns().filter(|&ns| ns > 0);
    if let Some(ns) = uncertainty {
        uncertain_band(pen, at_ns, ns);
    }
    let line = Stroke::new(1.0, s.accent.gamma_multiply(0.6));
    pen.painter.vline(x, pen.areas.ruler.bottom()..=plot.bottom(), line);
    let step = (tick_step_ns(&pen.scale) / 100).max(1);
    let text = number::time_at(at_ns - pen.view.zero_ns, step);
    match uncertainty {
        Some(ns) => flag(pen, x, &format!("{text} ± {}", number::duration_ns(ns))),
        None => flag(pen, x, &text),
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

/// A figure on the ruler, kept inside it.
fn flag(pen: &Pen<'_>, x: f32, text: &str) {
    let s = &pen.theme.surfaces;
    let ruler = pen.areas.ruler;
    let galley = pen.painter.layout_no_wrap(text.to_owned(), pen.theme.mono(), s.strong);
    let size = galley.size() + egui::vec2(8.0, 2.0);
    let left = (x - size.x / 2.0).clamp(ruler.left(), (ruler.right() - size.x).max(ruler.left()));
    let rect = Rect::from_min_size(pos2(left, ruler.center().y - size.y / 2.0), size);
    pen.painter.rect_filled(rect, 2.0, s.accent_fill);
    pen.painter.galley(rect.min + egui::vec2(4.0, 1.0), galley, s.strong);
}

/// Draws the intervals the user marked.
pub(in crate::timeline) fn paint_marked(pen: &Pen<'_>) {
    for &span in &pen.view.marked {
        interval(pen, span, pen.areas.plot.y_range(), 0.06);
    }
}

/// Shades the selected range over the rows it covers; over all of them when none of those is on the screen.
pub(in crate::timeline) fn paint_range(pen: &Pen<'_>) {
    let Some(range) = pen.view.selection.range() else { return };
    let rows = pen.layout.rows.iter().filter(|row| {
        let own = match row.kind {
            RowKind::Counter(_) | RowKind::Sms(_) | RowKind::Hosts(_) => None,
            _ => row.track(pen.data),
        };
        own.is_some_and(|track| range.tracks.contains(&track))
    });
    let mut y: Option<Rangef> = None;
    for row in rows {
        let own = pen.row_y(row);
        y = Some(y.map_or(own, |y| Rangef::new(y.min.min(own.min), y.max.max(own.max))));
    }
    interval(pen, range.span, y.unwrap_or(pen.areas.plot.y_range()), 0.14);
}

/// Draws the length of the selected range on the ruler.
pub(in crate::timeline) fn paint_range_length(pen: &Pen<'_>) {
    let Some(range) = pen.view.selection.range() else { return };
    let rect = pen.rect(range.span, pen.areas.plot.y_range());
    if rect.width() > 0.0 {
        let text = number::duration_ns(range.span.len_ns());
        let y = pen.areas.ruler.bottom() - 1.5;
        pen.painter.hline(rect.x_range(), y, Stroke::new(3.0, pen.theme.surfaces.accent));
        if pen.view.hover.is_none() || rect.width() > 120.0 {
            flag(pen, rect.center().x, &text);
        }
    }
}

fn interval(pen: &Pen<'_>, span: Span, y: Rangef, strength: f32) {
    let accent = pen.theme.surfaces.accent;
    let rect = pen.rect(span, y);
    if rect.width() <= 0.0 {
        return;
    }
    let painter = pen.in_plot();
    painter.rect_filled(rect, 0.0, accent.gamma_multiply(strength));
    for x in [rect.left(), rect.right()] {
        painter.vline(painter.round_to_pixel_center(x), y, Stroke::new(1.0, accent));
    }
}

/// Outlines the selected slice, and fainter the one under the pointer.
pub(in crate::timeline) fn paint_selected(pen: &Pen<'_>) {
    let s = &pen.theme.surfaces;
    if let Some(slice) = pen.view.hover.and_then(|hover| hover.slice) {
        outline(pen, slice, Stroke::new(1.0, s.strong.gamma_multiply(0.7)));
    }
    if let Some(slice) = pen.view.selection.slice() {
        outline(pen, slice, Stroke::new(2.0, s.strong));
        if let Some(op) = pen.data.op_of(slice).filter(|&op| op != slice) {
            outline(pen, op, Stroke::new(1.0, s.strong));
        }
    }
}

fn outline(pen: &Pen<'_>, slice: SliceRef, stroke: Stroke) {
    let trace = &pen.data.trace;
    let Some(lane) = trace.lanes.get(slice.lane.0 as usize) else { return };
    if slice.index as usize >= lane.slices.len() {
        return;
    }
    for row in pen.rows() {
        if row.kind.slices_of() != Some(lane.track) {
            continue;
        }
        let lanes = &trace.track(lane.track).lanes;
        let depth = lanes.iter().position(|&lane| lane == slice.lane).unwrap_or(0);
        let y = pen.lane_y(row, depth);
        let rect = pen.rect(trace.span_of(slice), y);
        let rect = Rect::from_min_size(rect.min, rect.size().max(egui::vec2(2.0, 2.0)));
        pen.in_plot().rect_stroke(rect, 0.0, stroke, StrokeKind::Outside);
    }
}
