//! What is painted over the map: where servers and groups begin, the rank that is looked at, and who is in its group.

use egui::{Rect, Stroke, StrokeKind, Ui, pos2, vec2};

use crate::{app::ClusterView, theme::Theme};

/// Blocks that are lower than this are not parted: lines would hide what is between them.
const LEAST_BLOCK: f32 = 6.0;
/// Marks beside the map, and how low they may become.
const MARK: f32 = 4.0;
const LEAST_MARK: f32 = 2.0;

/// All of them.
pub(super) fn marks_ui(ui: &Ui, theme: &Theme, (view, map): (&ClusterView, Rect)) {
    edges_ui(ui, theme, (view, map));
    group_ui(ui, theme, (view, map));
    selected_ui(ui, theme, (view, map));
}

/// The stretch of the map of a place in the order.
fn row(view: &ClusterView, map: Rect, at: usize) -> Option<Rect> {
    let each = map.height() / view.rows.len() as f32;
    let top = map.top() + at.checked_sub(view.rows.start)? as f32 * each;
    let row = Rect::from_min_size(pos2(map.left(), top), vec2(map.width(), each));
    view.rows.contains(&at).then_some(row)
}

/// Lines where another server, or another group, begins.
fn edges_ui(ui: &Ui, theme: &Theme, (view, map): (&ClusterView, Rect)) {
    let blocks = view.edges.len() as f32 + 1.0;
    let ranks = view.ordered.len() as f32 / blocks;
    if ranks * map.height() / view.rows.len() as f32 <= LEAST_BLOCK {
        return;
    }
    let stroke = Stroke::new(1.0, theme.surfaces.weak.gamma_multiply(0.6));
    for row in view.edges.iter().filter_map(|&at| row(view, map, at)) {
        ui.painter().hline(map.x_range(), row.top(), stroke);
    }
}

/// Bars at both sides of the ranks of the group that is marked.
fn group_ui(ui: &Ui, theme: &Theme, (view, map): (&ClusterView, Rect)) {
    let Some(members) = view.marked_ranks() else { return };
    let places = view.ordered.iter().enumerate().filter(|(_, rank)| members.contains(rank));
    for row in places.filter_map(|(at, _)| row(view, map, at)) {
        let high = row.height().max(LEAST_MARK);
        for left in [map.left() - MARK - 1.0, map.right() + 1.0] {
            let bar = Rect::from_min_size(pos2(left, row.top()), vec2(MARK, high));
            ui.painter().rect_filled(bar, 0.0, theme.surfaces.accent);
        }
    }
}

/// A frame about the rank that is looked at.
fn selected_ui(ui: &Ui, theme: &Theme, (view, map): (&ClusterView, Rect)) {
    let Some(rank) = view.selected else { return };
    let Some(at) = view.ordered.iter().position(|&it| it == rank) else { return };
    if let Some(row) = row(view, map, at) {
        let stroke = Stroke::new(1.5, theme.surfaces.accent);
        ui.painter().rect_stroke(row.expand(1.0), 0.0, stroke, StrokeKind::Outside);
    }
}
