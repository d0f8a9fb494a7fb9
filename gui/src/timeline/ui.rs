use egui::{Rect, Sense, Ui};

use super::{Layout, RowKind, TimeScale, TimelineData, ViewCommand, ViewState};
use crate::theme::Theme;

/// Width of the column of row names.
const HEADER_WIDTH: f32 = 148.0;

/// Draws the timeline into what is left of `ui` and says what the user wants changed.
///
/// Never changes anything: the caller applies the commands with [`ViewCommand::apply`].
pub fn timeline_ui(
    ui: &mut Ui,
    data: &TimelineData,
    view: &ViewState,
    theme: &Theme,
) -> Vec<ViewCommand> {
    let mut commands = Vec::new();
    let rect = ui.available_rect_before_wrap();
    let response = ui.allocate_rect(rect, Sense::click_and_drag());
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, theme.surfaces.plot);
    let plot = Rect::from_min_max(rect.min + egui::vec2(HEADER_WIDTH, 0.0), rect.max);
    let scale = TimeScale::new(view.window, plot.left(), plot.width());
    let layout = Layout::new(data, view);
    let mut mesh = egui::Mesh::default();
    for row in layout.visible(view.scroll_y, view.scroll_y + rect.height()) {
        let top = rect.top() + row.y - view.scroll_y;
        let Some(track) = row.track(data) else { continue };
        let track = data.trace.track(track);
        if !matches!(row.kind, RowKind::Sm(_)) {
            let at = egui::pos2(rect.left() + 8.0, top + 2.0);
            let text = theme.surfaces.text;
            painter.text(at, egui::Align2::LEFT_TOP, &track.name, theme.body(), text);
        }
        let lane_height = row.height / row.lanes.max(1) as f32;
        for (depth, &lane) in track.lanes.iter().enumerate() {
            let slices = &data.trace.lane(lane).slices;
            for index in slices.range(view.window) {
                let label = data.trace.label(slices.label[index]);
                let left = scale.x_from_time(slices.start_ns[index]).max(plot.left());
                let right = scale.x_from_time(slices.end_ns[index]).min(plot.right());
                let y = top + depth as f32 * lane_height;
                let block = Rect::from_min_max(
                    egui::pos2(left, y),
                    egui::pos2(right.max(left + 1.0), y + lane_height - 1.0),
                );
                mesh.add_colored_rect(block, theme.kind(label.kind, label.split));
            }
        }
    }
    painter.add(egui::Shape::mesh(mesh));
    if let Some(pointer) = response.hover_pos() {
        let (scroll, zoom) = ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta()));
        let factor = f64::from(-scroll.y * 0.005).exp() / f64::from(zoom);
        if (factor - 1.0).abs() > 1e-6 {
            commands.push(ViewCommand::Zoom { factor, at_ns: scale.time_from_x(pointer.x) });
        }
    }
    commands
}
