//! Queries: the field to write one in, its answer as a table, and the tracks that answers became.

mod answer;
mod field;
mod tracks;

use egui::{Ui, UiBuilder};

use super::widgets::Cx;
use crate::theme::size;

/// From this width on, field and answer stand beside each other.
const BOTH_WIDTH: f32 = 720.0;

/// The tab of queries.
pub(super) fn sql_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if ui.available_width() < BOTH_WIDTH {
        field::bar_ui(ui, cx, true);
        field::field_ui(ui, cx, 2);
        field::failure_ui(ui, cx);
        return answer::answer_ui(ui, cx);
    }
    let whole = ui.available_rect_before_wrap();
    let left = (whole.width() * 0.38).clamp(320.0, 620.0);
    let (left, right) = whole.split_left_right_at_x(whole.left() + left);
    let right = right.with_min_x(right.left() + 2.0 * size::MARGIN);
    ui.scope_builder(UiBuilder::new().max_rect(left).id_salt("query"), |ui| {
        field::bar_ui(ui, cx, false);
        field::failure_ui(ui, cx);
        tracks::tracks_ui(ui, cx);
        // As high as there is room; a longer query scrolls.
        let rows = (ui.available_height() / field::ROW).max(2.0) as usize;
        field::field_ui(ui, cx, rows);
    });
    ui.scope_builder(UiBuilder::new().max_rect(right).id_salt("answer"), |ui| {
        answer::answer_ui(ui, cx);
    });
}
