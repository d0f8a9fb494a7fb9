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
    let area = pen.areas.header;
    let painter = pen.painter.with_clip_rect(area.intersect(pen.painter.clip_rect()));
    painter.rect_filled(area, 0.0, s.panel);
    for row in pen.rows() {
        let y = pen.row_y(row);
        match row.kind {
            RowKind::Rank(index) => rank(pen, &painter, row, index),
            RowKind::Sms(index) => heading(pen, &painter, row, &sms_title(pen, index)),
            RowKind::Hosts(_) => heading(pen, &painter, row, "host threads"),
            RowKind::Stream(id) => {
                let name = &pen.data.trace.track(id).name;
                label(pen, &painter, y.min + 9.0, name, s.text);
            }
            RowKind::Host(id) => {
                let name = &pen.data.trace.track(id).name;
                label(pen, &painter, y.min + 8.0, name, s.weak);
            }
            RowKind::Counter(index) => counter(pen, &painter, row, index),
            RowKind::Sm(id) => sm(pen, &painter, row, id),
        }
    }
    let x = painter.round_to_pixel_center(area.right() - 1.0);
    let top = pen.areas.whole.top();
    pen.painter.vline(x, top..=area.bottom(), Stroke::new(1.0, s.hairline));
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
    for lane in pen.data.mark_rows() {
        if let Some(row) = pen.areas.mark_row(pen.data, lane) {
            let at = pos2(x, row.top() + 8.0);
            pen.painter.text(at, Align2::LEFT_CENTER, names[lane], pen.theme.small(), s.weak);
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
    let open = row.fold_id(pen.data).is_some_and(|id| pen.view.is_open(id));
    triangle(
        painter,
        pos2(pen.areas.header.left() + indent(pen, 12.0), y.min + 13.0),
        open,
        s.weak,
    );
    let name = rows.track.map_or_else(
        || format!("rank {}", rows.rank),
        |track| pen.data.trace.track(track).name.clone(),
    );
    let at = pos2(pen.areas.header.left() + indent(pen, 24.0), y.min + 13.0);
    painter.text(at, Align2::LEFT_CENTER, name, pen.theme.body(), s.strong);
    if let Some(figures) = rows.overlap.filter(|figures| figures.comm_ns > 0) {
        let what = if pen.areas.is_narrow() { "hid." } else { "comm hidden" };
        let text = format!("{what} {}", number::percent(figures.overlap_pct / 100.0));
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
    let open = row.fold_id(pen.data).is_some_and(|id| pen.view.is_open(id));
    triangle(painter, pos2(pen.areas.header.left() + indent(pen, 28.0), y), open, s.weak);
    let at = pos2(pen.areas.header.left() + indent(pen, 40.0), y);
    painter.text(at, Align2::LEFT_CENTER, text, pen.theme.small(), s.text);
}

fn label(pen: &Pen<'_>, painter: &Painter, y: f32, text: &str, colour: egui::Color32) {
    let at = pos2(pen.areas.header.left() + indent(pen, 40.0), y);
    let text = elided(pen, painter, text, pen.areas.header.right() - 4.0 - at.x);
    painter.text(at, Align2::LEFT_CENTER, text, pen.theme.small(), colour);
}

fn counter(pen: &Pen<'_>, painter: &Painter, row: &Row, index: usize) {
    let s = &pen.theme.surfaces;
    let series = &pen.data.trace.counters[index];
    let y = pen.row_y(row).center();
    label(pen, painter, y, &series.name, s.text);
    let peak = series.value.iter().copied().fold(0.0, f64::max);
    // Name and peak share a line; a long name has it to itself.
    if !pen.areas.is_narrow() && series.name.chars().count() <= 9 {
        let at = pos2(pen.areas.header.right() - 8.0, y);
        let text = number::with_unit(peak, &series.unit);
        painter.text(at, Align2::RIGHT_CENTER, text, pen.theme.small(), s.weak);
    }
}

/// Every SM named when there is room, else every eighth.
fn sm(pen: &Pen<'_>, painter: &Painter, row: &Row, id: weftscope_traces::TrackId) {
    let weftscope_traces::TrackKind::Sm { sm, .. } = pen.data.trace.track(id).kind else { return };
    let every = if row.height >= 11.0 {
        1
    } else if row.height >= 6.0 {
        4
    } else {
        8
    };
    if sm.is_multiple_of(every) {
        let y = pen.row_y(row);
        let at = pos2(pen.areas.header.right() - 8.0, y.min + row.height.min(10.0) / 2.0);
        let text = format!("SM {sm}");
        painter.text(at, Align2::RIGHT_CENTER, text, pen.theme.small(), pen.theme.surfaces.weak);
    }
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
