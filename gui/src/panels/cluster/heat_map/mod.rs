//! The map itself: painted into a texture of as many rows as there is room for, scrolled, zoomed, pointed at.

mod marks;
mod picture;

use egui::{Align2, Color32, Id, Rect, Response, Sense, Ui, pos2};

use self::{marks::marks_ui, picture::picture};
use super::{facts, iteration, scale::scale_ui};
use crate::{
    app::{ClusterCommand, ClusterView, Command},
    cluster::Grid,
    panels::widgets::Cx,
    theme::{Theme, number},
};

/// Room for names of ranks, and below for those of iterations and the scale.
const LEFT: f32 = 68.0;
const BELOW: f32 = 40.0;
/// Room for marks.
const RIGHT: f32 = 6.0;
/// Rows that a turn of the wheel adds or takes, as a share.
const ZOOM: f32 = 0.0025;

/// Paints it and takes what the pointer does.
pub(super) fn heat_map_ui(ui: &mut Ui, cx: &mut Cx<'_>, (view, room): (&ClusterView, Rect)) {
    let map = Rect::from_min_max(
        pos2(room.left() + LEFT, room.top()),
        pos2(room.right() - RIGHT, room.bottom() - BELOW),
    );
    if map.width() < 8.0 || map.height() < 8.0 || view.num_columns() == 0 {
        return;
    }
    let response = ui.interact(map, Id::unique("heat map"), Sense::click_and_drag());
    crate::panels::widgets::name_widget(&response, "Heat map");
    // A row of a picture is a point high at least: more ranks share one.
    let picture = picture(ui.ctx(), cx.theme, (view, map.height() as usize));
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    ui.painter().image(picture.texture.id(), map, whole, Color32::WHITE);
    let axis =
        Rect::from_min_max(pos2(map.left(), map.bottom()), pos2(map.right(), map.bottom() + 18.0));
    rows_ui(ui, cx.theme, (view, map));
    columns_ui(ui, cx.theme, (view, axis));
    let below = Rect::from_min_max(pos2(map.left(), axis.bottom()), room.max);
    scale_ui(ui, cx.theme, (view.measure, picture.scale), below);
    marks_ui(ui, cx.theme, (view, map));
    pointed_ui(cx, (view, &picture.grid), (&response, map));
    moved(ui, cx, view, (&response, map));
}

/// Numbers of ranks beside it, as many as are legible.
fn rows_ui(ui: &Ui, theme: &Theme, (view, map): (&ClusterView, Rect)) {
    let count = view.rows.len();
    let each = map.height() / count as f32;
    let step = step(14.0 / each);
    let first = view.rows.start.next_multiple_of(step) - view.rows.start;
    for place in (first..count).step_by(step) {
        let rank = &view.cluster.ranks[view.ordered[view.rows.start + place]];
        let y = map.top() + (place as f32 + 0.5) * each;
        let at = pos2(map.left() - 8.0, y);
        if y + 6.0 <= map.bottom() {
            let text = format!("rank {}", rank.of.rank);
            let painter = ui.painter();
            painter.text(at, Align2::RIGHT_CENTER, text, theme.small(), theme.surfaces.weak);
        }
    }
}

/// Rows from one number to the next, where so many lie between two that are legible: a power of two, as servers and groups
/// have ranks.
fn step(least: f32) -> usize {
    (least.ceil() as usize).max(1).next_power_of_two()
}

/// Iterations below it, or times within one.
fn columns_ui(ui: &Ui, theme: &Theme, (view, axis): (&ClusterView, Rect)) {
    let text = |x: f32, align: Align2, text: String| {
        let at = pos2(x, axis.center().y);
        ui.painter().text(at, align, text, theme.small(), theme.surfaces.weak);
    };
    let is_within = matches!(&view.within, Some((_, Some(_))));
    let what = if is_within { "time" } else { "iteration" };
    text(axis.left() - 8.0, Align2::RIGHT_CENTER, what.to_owned());
    if let Some((_, Some(within))) = &view.within {
        for (share, align) in
            [(0.0, Align2::LEFT_CENTER), (0.5, Align2::CENTER_CENTER), (1.0, Align2::RIGHT_CENTER)]
        {
            let ns = (within.len_ns as f64 * f64::from(share)) as i64;
            text(axis.left() + axis.width() * share, align, number::duration_ns(ns));
        }
        return;
    }
    let count = view.cluster.iterations.len();
    let each = axis.width() / count as f32;
    let step = ((44.0 / each).ceil() as usize).max(1);
    for column in (0..count).step_by(step) {
        let x = axis.left() + (column as f32 + 0.5) * each;
        let name = match view.cluster.iterations[column] {
            Some(number) => number.to_string(),
            None => "all".to_owned(),
        };
        text(x, Align2::CENTER_CENTER, name);
    }
}

/// What is under the pointer, in words; a click looks at it, two look into the iteration.
fn pointed_ui(
    cx: &mut Cx<'_>,
    (view, grid): (&ClusterView, &Grid),
    (response, map): (&Response, Rect),
) {
    let Some(at) = response.hover_pos().filter(|at| map.contains(*at)) else { return };
    let share = |from: f32, len: f32, count: usize| {
        (((from / len) * count as f32) as usize).min(count.saturating_sub(1))
    };
    let row = share(at.y - map.top(), map.height(), grid.cells.len());
    let column = share(at.x - map.left(), map.width(), view.num_columns());
    // Of a cell in which nothing is known, the first rank that it stands for.
    let first = view.rows.start + row * view.rows.len() / grid.cells.len().max(1);
    let cell = grid.cells.get(row).and_then(|row| row[column]);
    let rank = view.ordered[cell.map_or(first, |cell| cell.at)];
    if response.double_clicked() && view.within.is_none() {
        cx.send(Command::Cluster(ClusterCommand::Within(Some(column))));
    } else if response.clicked() {
        cx.send(Command::Cluster(ClusterCommand::Select(Some(rank))));
    }
    let shared = view.rows.len().div_ceil(grid.cells.len().max(1));
    response.clone().on_hover_ui_at_pointer(|ui| {
        let of = &view.cluster.ranks[rank].of;
        let server = of.server.as_deref().map_or_else(String::new, |it| format!(" on {it}"));
        ui.label(format!("rank {}{server}", of.rank));
        let value = cell.map_or("not known".to_owned(), |cell| facts::share(cell.value));
        let place = match &view.within {
            Some((_, Some(within))) => {
                let ns = within.len_ns * column as i64 / view.num_columns() as i64;
                format!("at {}", number::duration_ns(ns))
            }
            _ => iteration(view, column),
        };
        ui.label(format!("{place}: {} {value}", view.measure.name()));
        if shared > 1 {
            let text = format!("the most of {shared} ranks in this row");
            ui.label(super::super::widgets::weak(cx.theme, text));
        }
    });
}

/// The wheel shows fewer ranks or more, about the pointer; dragging moves on.
fn moved(ui: &Ui, cx: &mut Cx<'_>, view: &ClusterView, (response, map): (&Response, Rect)) {
    let (count, all) = (view.rows.len(), view.ordered.len());
    let each = map.height() / count as f32;
    if response.dragged() {
        let drag = response.drag_delta().y;
        // What is less than a rank is kept for the next frame.
        let id = Id::unique("heat map drag");
        let held = ui.data(|data| data.get_temp::<f32>(id)).unwrap_or(0.0) + drag;
        let ranks = (held / each).trunc();
        ui.data_mut(|data| data.insert_temp(id, held - ranks * each));
        if ranks != 0.0 {
            let from = (view.rows.start as f32 - ranks).clamp(0.0, (all - count) as f32) as usize;
            cx.send(Command::Cluster(ClusterCommand::Rows(from..from + count)));
        }
    }
    let Some(at) = response.hover_pos() else { return };
    let wheel = ui.input(|input| input.smooth_scroll_delta().y);
    if wheel == 0.0 {
        return;
    }
    let wanted = (count as f32 * (-wheel * ZOOM).exp()).round().clamp(1.0, all as f32) as usize;
    // A step that rounding takes away is one rank.
    let wanted = match wanted == count {
        true if wheel > 0.0 => count.saturating_sub(1),
        true => (count + 1).min(all),
        false => wanted,
    };
    let share = ((at.y - map.top()) / map.height()).clamp(0.0, 1.0);
    let fixed = view.rows.start as f32 + share * count as f32;
    let from = (fixed - share * wanted as f32).round().max(0.0) as usize;
    cx.send(Command::Cluster(ClusterCommand::Rows(from..from + wanted)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_where_servers_begin() {
        // 0.7 points a rank: 20 ranks between two numbers at least.
        assert_eq!([14.0 / 0.7, 14.0 / 14.0, 14.0 / 40.0, 14.0 / 6.0].map(step), [32, 1, 1, 4]);
    }
}
