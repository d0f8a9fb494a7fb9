//! What lies over the blocks: what is marked, the selected range, the selected slice.

use egui::{Rangef, Rect, Stroke, StrokeKind};
use weftscope_traces::{SliceRef, Span};

use super::Pen;
use crate::timeline::RowKind;

/// Draws what the user marked over the rows: stretches shaded, instants as lines.
pub(in crate::timeline) fn paint_marked(pen: &Pen<'_>) {
    for mark in pen.view.marks.list() {
        if mark.span.is_empty() {
            instant(pen, mark.span.start_ns);
        } else {
            interval(pen, mark.span, pen.areas.plot.y_range(), 0.06);
        }
    }
}

/// Shades the selected range over the rows it covers; over all of them when none of those is on the screen.
pub(in crate::timeline) fn paint_range(pen: &Pen<'_>) {
    let Some(range) = pen.view.selection.range() else { return };
    let rows = pen.layout.rows.iter().filter(|row| {
        let own = match row.kind {
            RowKind::Counter(_)
            | RowKind::Sms(_)
            | RowKind::Inside(_)
            | RowKind::Hosts(_)
            | RowKind::Answer(_) => None,
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

fn instant(pen: &Pen<'_>, at_ns: i64) {
    let x = pen.painter.round_to_pixel_center(pen.scale.x_from_time(at_ns));
    let plot = pen.areas.plot;
    if plot.x_range().contains(x) {
        let line = Stroke::new(1.0, pen.theme.surfaces.accent.gamma_multiply(0.8));
        pen.painter.vline(x, plot.y_range(), line);
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
