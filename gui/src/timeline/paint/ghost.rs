use egui::{Rangef, Stroke, StrokeKind};
use weftscope_traces::{Span, TrackKind};

use super::Pen;
use crate::timeline::{Ghost, Row, RowKind};

/// Draws the earlier iteration: outlines of its ops on the streams, the line of its busy SMs on the ribbons.
pub(in crate::timeline) fn paint_ghost(pen: &Pen<'_>) {
    let Some(ghost) = &pen.view.ghost else { return };
    if ghost.opacity <= 0.0 {
        return;
    }
    for row in pen.rows() {
        match row.kind {
            RowKind::Stream(id) => stream(pen, ghost, row, &pen.data.trace.track(id).kind),
            RowKind::Rank(index) => ribbon(pen, ghost, row, pen.data.ranks[index].rank),
            _ => {}
        }
    }
    if ghost.has_ends {
        ends(pen, ghost);
    }
}

/// Dashed lines through all rows where its iterations end; as many as can be told apart.
fn ends(pen: &Pen<'_>, ghost: &Ghost) {
    /// Points between two lines.
    const APART: f32 = 6.0;
    let (plot, window) = (pen.areas.plot, window(pen, ghost));
    let painter = pen.in_plot();
    let mut last_x = f32::NEG_INFINITY;
    for iteration in ghost.data.iterations().iter().filter(|span| window.contains(span.end_ns)) {
        let x = pen.scale.x_from_time(iteration.end_ns + ghost.shift_ns);
        if x - last_x < APART {
            continue;
        }
        last_x = x;
        let line = [egui::pos2(x, plot.top()), egui::pos2(x, plot.bottom())];
        let stroke = Stroke { width: 1.5, ..stroke(pen, ghost) };
        painter.extend(egui::Shape::dashed_line(&line, stroke, 6.0, 4.0));
    }
}

fn stroke(pen: &Pen<'_>, ghost: &Ghost) -> Stroke {
    Stroke::new(1.0, pen.theme.surfaces.strong.gamma_multiply(0.7 * ghost.opacity.min(1.0)))
}

/// What of the ghost's own time is on the screen.
fn window(pen: &Pen<'_>, ghost: &Ghost) -> Span {
    pen.scale.window().shifted(-ghost.shift_ns)
}

fn stream(pen: &Pen<'_>, ghost: &Ghost, row: &Row, kind: &TrackKind) {
    /// Outlines a row; more would fill it.
    const MOST: usize = 400;
    let trace = &ghost.data.trace;
    let Some(track) = trace.find_track(kind) else { return };
    let painter = pen.in_plot();
    for (depth, &lane) in trace.track(track).lanes.iter().enumerate().take(row.lanes as usize) {
        let y = pen.lane_y(row, depth);
        let slices = &trace.lane(lane).slices;
        for index in slices.range(window(pen, ghost)).take(MOST) {
            let span = slices.span(index).shifted(ghost.shift_ns);
            let rect = pen.rect(span, Rangef::new(y.min, y.max - 2.0));
            if rect.width() >= 3.0 {
                painter.rect_stroke(rect, 0.0, stroke(pen, ghost), StrokeKind::Inside);
            }
        }
    }
}

fn ribbon(pen: &Pen<'_>, ghost: &Ghost, row: &Row, rank: u32) {
    let Some(index) = ghost.data.ranks.iter().position(|rows| rows.rank == rank) else { return };
    let ribbon = &ghost.data.ribbons[index];
    let plot = pen.areas.plot;
    let columns = (plot.width() / 2.0).max(1.0) as usize;
    let full = ribbon.basis().full_scale();
    let stack = super::ribbon::stack_y(pen.row_y(row));
    let points = ribbon
        .query(window(pen, ghost), columns)
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let x = plot.left() + (index as f32 + 0.5) * plot.width() / columns as f32;
            egui::pos2(x, stack.max - (column.busy() / full).min(1.0) * stack.span())
        })
        .collect();
    pen.in_plot().add(egui::Shape::line(points, stroke(pen, ghost)));
}
