use egui::{Color32, Painter, Pos2, Shape, Stroke, epaint::CubicBezierShape, pos2};
use weftscope_traces::SliceRef;

use super::Pen;
use crate::timeline::RowKind;

/// Draws arrows from the producers of the selected slice to it and from it to its consumers.
pub(in crate::timeline) fn paint_flows(pen: &Pen<'_>) {
    let Some(selected) = pen.view.selection.slice() else { return };
    // Arrows join ops; a block's are those of its op.
    let op = pen.data.op_of(selected).unwrap_or(selected);
    let painter = pen.in_plot();
    for producer in pen.data.producers(op) {
        arrow(pen, &painter, (producer, op), pen.theme.surfaces.accent);
    }
    for consumer in pen.data.consumers(op) {
        arrow(pen, &painter, (op, consumer), pen.theme.surfaces.strong);
    }
}

fn arrow(pen: &Pen<'_>, painter: &Painter, (from, to): (SliceRef, SliceRef), colour: Color32) {
    let trace = &pen.data.trace;
    let (Some(from_y), Some(to_y)) = (slice_y(pen, from), slice_y(pen, to)) else { return };
    // Ends far outside would make a curve of a hundred thousand points; direction is all that is seen of them.
    let plot = pen.areas.plot;
    let x =
        |t_ns: i64| pen.scale.x_from_time(t_ns).clamp(plot.left() - 200.0, plot.right() + 200.0);
    let start = pos2(x(trace.span_of(from).end_ns), from_y);
    let end = pos2(x(trace.span_of(to).start_ns), to_y);
    let reach = ((end.x - start.x).abs() * 0.5).clamp(16.0, 96.0);
    let points = [start, start + egui::vec2(reach, 0.0), end - egui::vec2(reach, 0.0), end];
    let curve = CubicBezierShape::from_points_stroke(
        points,
        false,
        Color32::TRANSPARENT,
        Stroke::new(1.5, colour),
    );
    painter.add(Shape::CubicBezier(curve));
    head(painter, end, colour);
}

fn head(painter: &Painter, tip: Pos2, colour: Color32) {
    let points = vec![tip, tip + egui::vec2(-6.0, -3.5), tip + egui::vec2(-6.0, 3.5)];
    painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
}

/// The height of a slice's lane; of its rank's ribbon while that is folded.
fn slice_y(pen: &Pen<'_>, slice: SliceRef) -> Option<f32> {
    let trace = &pen.data.trace;
    let track = trace.lane(slice.lane).track;
    let rank = trace.track(track).kind.rank();
    let mut folded = None;
    for row in &pen.layout.rows {
        match row.kind {
            RowKind::Stream(id) | RowKind::Sm(id) | RowKind::Host(id) if id == track => {
                let lanes = &trace.track(track).lanes;
                let depth = lanes.iter().position(|&lane| lane == slice.lane).unwrap_or(0);
                return Some(pen.lane_y(row, depth).center());
            }
            RowKind::Rank(index) if Some(pen.data.ranks[index].rank) == rank => {
                folded = Some(pen.row_y(row).center());
            }
            _ => {}
        }
    }
    folded
}
