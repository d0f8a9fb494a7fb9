//! The column of names under pointer and keys: folding, the menu of a row, the height of rows.

use egui::{CursorIcon, Rect, Role, Sense, Ui, WidgetInfo};

use super::{
    Row, RowKind, ViewCommand,
    bands::Bands,
    paint::Pen,
    row_menu::{menu_ui, open_menu},
};

/// Names of the rows of both bands.
pub(super) fn header_ui(
    ui: &Ui,
    bands: &Bands,
    pens: &[Pen<'_>; 2],
    commands: &mut Vec<ViewCommand>,
) {
    let header = bands.areas.header;
    let column = ui.interact(header, ui.scope_id().with("timeline names"), Sense::click());
    let mut asked = None;
    for pen in pens {
        for row in pen.rows() {
            if fold_ui(ui, pen, row, commands) {
                asked = Some(row.kind);
            }
        }
    }
    let at = ui.input(|input| input.pointer.interact_pos());
    if column.secondary_clicked()
        && let Some(at) = at
    {
        let band = bands.at(at);
        asked = band.layout.row_at(band.y_of(at.y)).map(|row| row.kind);
    }
    let [pen, _] = pens;
    if let (Some(row), Some(at)) = (asked, at) {
        open_menu(ui, row.id(pen.data), at);
    }
    menu_ui(ui, pen.data, pen.view, commands);
}

/// Folding by a click on a name; the height of SM rows by a drag on theirs. True when its menu is asked for.
fn fold_ui(ui: &Ui, pen: &Pen<'_>, row: &Row, commands: &mut Vec<ViewCommand>) -> bool {
    let Some(fold) = row.kind.fold_id(pen.data) else { return false };
    let header = pen.areas.header;
    let rect = Rect::from_x_y_ranges(header.x_range(), pen.row_y(row)).intersect(header);
    let id = ui.scope_id().with(("timeline fold", fold, header.top().to_bits()));
    let response = ui.interact(rect, id, Sense::click_and_drag());
    let name = match row.kind {
        RowKind::Rank(index) => format!("rank {}", pen.data.ranks[index].rank),
        RowKind::Sms(index) => format!("SMs of rank {}", pen.data.ranks[index].rank),
        _ => "host threads".to_owned(),
    };
    let open = row.is_open;
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, open, &name));
    if response.clicked() {
        commands.push(ViewCommand::Toggle(fold));
    }
    if matches!(row.kind, RowKind::Sms(_)) && open {
        if response.hovered() || response.dragged() {
            ui.ctx().set_cursor_icon(CursorIcon::ResizeVertical);
        }
        if response.dragged() {
            // Forty points of travel are the whole range at a comfortable pace.
            let height = pen.view.sm_row_height + response.drag_delta().y * 0.1;
            commands.push(ViewCommand::SetRowHeight(height));
        }
    } else if response.hovered() {
        ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
    }
    response.secondary_clicked()
}
