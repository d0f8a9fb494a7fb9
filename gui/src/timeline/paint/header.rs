//! The names of rows at the left edge.

use egui::{Align2, Painter, Pos2, Shape, Stroke, pos2};

use super::{Pen, text::elided};
use crate::{
    theme::number,
    timeline::{Row, RowKind},
};

/// Draws the names of rows.
pub(in crate::timeline) fn paint_headers(pen: &Pen<'_>) {
    let s = &pen.theme.surfaces;
    let painter = in_header(pen);
    let mut named_y = f32::NEG_INFINITY;
    for row in pen.rows() {
        let y = pen.row_y(row);
        match row.kind {
            RowKind::Rank(index) => rank(pen, &painter, row, index),
            RowKind::Sms(index) => heading(pen, &painter, row, &sms_title(pen, index)),
            RowKind::Hosts(_) => heading(pen, &painter, row, "host threads"),
            RowKind::Inside(_) | RowKind::Answer(_) => {
                heading(pen, &painter, row, &row.kind.name(pen.data));
            }
            RowKind::Stream(id) => {
                let name = &pen.data.trace.track(id).name;
                // Cut, `compute stream` and `comm stream` would be hard to tell apart.
                let short = name.strip_suffix(" stream").filter(|_| pen.areas.is_narrow());
                let name = short.unwrap_or(name);
                label(pen, &painter, y.min + 9.0, name, s.text);
            }
            RowKind::Host(id) => {
                let name = row.kind.short_name(pen.data, id);
                label(pen, &painter, y.min + 8.0, name, s.weak);
            }
            RowKind::Counter(index) => counter(pen, &painter, row, index),
            RowKind::Sm(id) => {
                if names_sm(pen, row, id, y.min - named_y) {
                    named_y = y.min;
                    sm(pen, &painter, row, id);
                }
            }
        }
    }
}

/// Draws the names of rows that stand apart from their ranks, and the line below them.
pub(in crate::timeline) fn paint_pinned_headers(pen: &Pen<'_>) {
    let s = &pen.theme.surfaces;
    let (area, painter) = (pen.areas.header, in_header(pen));
    for row in pen.rows() {
        let name = row.kind.full_name(pen.data);
        let y = pen.row_y(row);
        let centre = y.min + y.span().min(20.0) / 2.0;
        painter.circle_filled(pos2(area.left() + 6.0, centre), 2.0, s.accent);
        let left = area.left() + 12.0;
        name_until(pen, &painter, (pos2(left, centre), area.right() - 4.0), &name, s.text);
    }
    let y = pen.painter.round_to_pixel_center(area.bottom() + 1.5);
    let line = Stroke::new(1.0, s.accent.gamma_multiply(0.5));
    pen.painter.hline(pen.areas.whole.x_range(), y, line);
}

/// A painter of the column of names, with its ground laid.
fn in_header(pen: &Pen<'_>) -> Painter {
    let area = pen.areas.header;
    let painter = pen.painter.with_clip_rect(area.intersect(pen.painter.clip_rect()));
    painter.rect_filled(area, 0.0, pen.theme.surfaces.panel);
    painter
}

/// A name from a point on, cut with an ellipsis where the column ends.
fn name_until(
    pen: &Pen<'_>,
    painter: &Painter,
    (from, right): (Pos2, f32),
    name: &str,
    colour: egui::Color32,
) {
    let text = elided(pen, painter, name, right - from.x);
    painter.text(from, Align2::LEFT_CENTER, text, pen.theme.small(), colour);
}

/// Names of the strips on top, and the edge of the column.
pub(in crate::timeline) fn paint_corner(pen: &Pen<'_>) {
    let (s, areas) = (&pen.theme.surfaces, &pen.areas);
    let x = pen.painter.round_to_pixel_center(areas.header.right() - 1.0);
    let edge = Stroke::new(1.0, s.hairline);
    pen.painter.vline(x, areas.whole.top()..=areas.header.bottom(), edge);
    corner(pen);
}

/// Names of the strips on top.
fn corner(pen: &Pen<'_>) {
    let s = &pen.theme.surfaces;
    let x = pen.areas.header.left() + 8.0;
    let names = if pen.areas.is_narrow() {
        ["iter.", "layer", "phase"]
    } else {
        ["iteration", "layer", "phase, slack"]
    };
    for (lane, name) in names.into_iter().enumerate() {
        if let Some(row) = pen.areas.mark_row(lane) {
            let at = pos2(x, row.top() + 8.0);
            pen.painter.text(at, Align2::LEFT_CENTER, name, pen.theme.small(), s.weak);
        }
    }
    let y = pen.areas.ruler.center().y - 1.0;
    let length = number::duration_ns(pen.view.window.len_ns());
    let length = if pen.areas.is_narrow() { length } else { format!("shown {length}") };
    pen.painter.text(pos2(x, y), Align2::LEFT_CENTER, length, pen.theme.small(), s.weak);
}

fn rank(pen: &Pen<'_>, painter: &Painter, row: &Row, index: usize) {
    let s = &pen.theme.surfaces;
    let y = pen.row_y(row);
    let rows = &pen.data.ranks[index];
    if y.min > pen.areas.plot.top() + 1.0 {
        let line = painter.round_to_pixel_center(y.min);
        pen.painter.with_clip_rect(pen.areas.whole).hline(
            pen.areas.whole.x_range(),
            line,
            Stroke::new(1.0, s.grid),
        );
    }
    triangle(
        painter,
        pos2(pen.areas.header.left() + indent(pen, 12.0), y.min + 13.0),
        row.is_open,
        s.weak,
    );
    let name = row.kind.name(pen.data);
    let at = pos2(pen.areas.header.left() + indent(pen, 24.0), y.min + 13.0);
    painter.text(at, Align2::LEFT_CENTER, name, pen.theme.body(), s.strong);
    if let Some(hidden_pct) = rows.overlap.and_then(|figures| figures.overlap_pct)
        && row.height >= 36.0
    {
        let what = if pen.areas.is_narrow() { "hid." } else { "comm hidden" };
        let text = format!("{what} {}", number::percent(hidden_pct / 100.0));
        let at = pos2(pen.areas.header.left() + indent(pen, 24.0), y.min + 29.0);
        painter.text(at, Align2::LEFT_CENTER, text, pen.theme.small(), s.weak);
    }
}

fn sms_title(pen: &Pen<'_>, index: usize) -> String {
    number::counted(pen.data.ranks[index].sms.len() as u64, "SM")
}

fn heading(pen: &Pen<'_>, painter: &Painter, row: &Row, text: &str) {
    let s = &pen.theme.surfaces;
    let y = pen.row_y(row).center();
    triangle(painter, pos2(pen.areas.header.left() + indent(pen, 28.0), y), row.is_open, s.weak);
    let at = pos2(pen.areas.header.left() + indent(pen, 40.0), y);
    name_until(pen, painter, (at, pen.areas.header.right() - 4.0), text, s.text);
}

fn label(pen: &Pen<'_>, painter: &Painter, y: f32, text: &str, colour: egui::Color32) {
    let at = pos2(pen.areas.header.left() + indent(pen, 40.0), y);
    name_until(pen, painter, (at, pen.areas.header.right() - 4.0), text, colour);
}

fn counter(pen: &Pen<'_>, painter: &Painter, row: &Row, index: usize) {
    let s = &pen.theme.surfaces;
    let series = &pen.data.trace.counters[index];
    let y = pen.row_y(row).center();
    label(pen, painter, y, &series.name, s.text);
    // Name and peak share a line; a long name has it to itself.
    let has_peak = !series.value.is_empty();
    if has_peak && !pen.areas.is_narrow() && series.name.chars().count() <= 9 {
        let at = pos2(pen.areas.header.right() - 8.0, y);
        let text = number::with_unit(pen.data.counter_peaks[index], &series.unit);
        painter.text(at, Align2::RIGHT_CENTER, text, pen.theme.small(), s.weak);
    }
}

/// Every SM is named when there is room, else every eighth; of some of the SMs as many as have room, `gap` being that to
/// the name before.
fn names_sm(pen: &Pen<'_>, row: &Row, id: weftscope_traces::TrackId, gap: f32) -> bool {
    let weftscope_traces::TrackKind::Sm { sm, .. } = pen.data.trace.track(id).kind else {
        return false;
    };
    let rows = &pen.view.rows;
    if !rows.filter.is_empty() || !rows.hidden.is_empty() {
        return gap >= SM_NAME;
    }
    let every = if row.height >= SM_NAME {
        1
    } else if row.height >= 6.0 {
        4
    } else {
        8
    };
    sm.is_multiple_of(every)
}

/// Height of the name of an SM.
const SM_NAME: f32 = 11.0;

fn sm(pen: &Pen<'_>, painter: &Painter, row: &Row, id: weftscope_traces::TrackId) {
    let y = pen.row_y(row);
    let at = pos2(pen.areas.header.right() - 8.0, y.min + row.height.min(10.0) / 2.0);
    let text = &pen.data.trace.track(id).name;
    painter.text(at, Align2::RIGHT_CENTER, text, pen.theme.small(), pen.theme.surfaces.weak);
}

/// Indents shrink with the column.
fn indent(pen: &Pen<'_>, points: f32) -> f32 {
    if pen.areas.is_narrow() { points * 0.5 } else { points }
}

/// The sign that something folds: pointing right when folded, down when open.
fn triangle(painter: &Painter, centre: Pos2, open: bool, colour: egui::Color32) {
    let r = 3.5;
    let points = if open {
        [(-r, -r * 0.6), (r, -r * 0.6), (0.0, r * 0.8)]
    } else {
        [(-r * 0.6, -r), (r * 0.8, 0.0), (-r * 0.6, r)]
    };
    let points = points.map(|(x, y)| centre + egui::vec2(x, y)).to_vec();
    painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
}
