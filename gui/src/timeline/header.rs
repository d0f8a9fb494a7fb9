//! The column of names under pointer and keys: folding, the menu of a row, the height of rows.

use egui::{CursorIcon, Pos2, Rect, Role, Sense, Ui, WidgetInfo};

use super::{
    HeightOf, Row, RowId, RowKind, ViewCommand,
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
    column.widget_info(|| WidgetInfo::labeled(Role::Pane, true, "names of rows"));
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
    edge_ui(ui, pens, commands);
}

/// Points that SM rows grow by a point of travel: they are thin, and forty points are their whole range.
const SM_PACE: f32 = 0.1;

/// Points above and below the lower edge of a name that grab it.
const GRIP: f32 = 3.0;

/// A row whose edge is being dragged.
#[derive(Clone)]
struct Grabbed {
    row: RowId,
    /// Its height when that began.
    points: f32,
    /// Points that its kind grows by a point of travel.
    pace: f32,
    /// Rows scroll so that its upper edge stays.
    scrolls: bool,
}

/// The height of rows by a drag of the lower edge of a name; a double click gives back the first height.
fn edge_ui(ui: &Ui, pens: &[Pen<'_>; 2], commands: &mut Vec<ViewCommand>) {
    let id = ui.scope_id().with("row edge");
    let grabbed: Option<Grabbed> = ui.data(|data| data.get_temp(id));
    // A drag has gone some way before it counts as one: until then it is where it began.
    let (at, origin) =
        ui.input(|input| (input.pointer.interact_pos(), input.pointer.press_origin()));
    let Some((pen, row)) = edge(pens, grabbed.as_ref(), origin.or(at)) else {
        ui.data_mut(|data| data.remove::<Grabbed>(id));
        return;
    };
    let Some(of) = HeightOf::of(row.kind) else { return };
    let y = pen.row_y(row).max;
    let grip = Rect::from_x_y_ranges(pen.areas.header.x_range(), y - GRIP..=y + GRIP);
    let response = ui.interact(grip, id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, "height of rows"));
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeVertical);
        let line = egui::Stroke::new(1.0, pen.theme.surfaces.accent);
        pen.painter.hline(grip.x_range(), pen.painter.round_to_pixel_center(y), line);
    }
    if response.double_clicked() {
        commands.push(ViewCommand::ResetRowHeight(of));
    }
    let (true, Some(at), Some(origin)) = (response.dragged(), at, origin) else {
        ui.data_mut(|data| data.remove::<Grabbed>(id));
        return;
    };
    let grabbed = grabbed.unwrap_or_else(|| Grabbed::new(pen, row, std::ptr::eq(pen, &pens[1])));
    let points = grabbed.points + (at.y - origin.y) * grabbed.pace;
    commands.push(ViewCommand::SetRowHeight(of, points));
    if grabbed.scrolls {
        let limits = of.limits();
        let by = points.clamp(*limits.start(), *limits.end()) - row.height / lanes(row);
        let scroll = (pen.scroll_y + by * lanes_above(pen, row)).max(0.0);
        commands.push(ViewCommand::Scroll(scroll));
    }
    ui.data_mut(|data| data.insert_temp(id, grabbed));
}

impl Grabbed {
    /// So that the edge stays under the pointer: rows of the kind above it grow too. Where there are more rows than fit they
    /// are scrolled up by as much, else what the pointer travels is shared by all of them.
    fn new(pen: &Pen<'_>, row: &Row, is_scrolling_band: bool) -> Self {
        let scrolls = is_scrolling_band && pen.layout.height > pen.areas.plot.height();
        let above = if scrolls { 0.0 } else { lanes_above(pen, row) };
        let is_sm = matches!(row.kind, RowKind::Sm(_));
        let pace = if is_sm { SM_PACE } else { 1.0 / (above + lanes(row)) };
        let points = row.height / lanes(row);
        Self { row: row.kind.id(pen.data), points, pace, scrolls }
    }
}

/// The row whose edge is grabbed, else the one whose edge is under the pointer.
fn edge<'a>(
    pens: &'a [Pen<'_>; 2],
    grabbed: Option<&Grabbed>,
    at: Option<Pos2>,
) -> Option<(&'a Pen<'a>, &'a Row)> {
    let mut edges = pens.iter().flat_map(|pen| pen.rows().iter().map(move |row| (pen, row)));
    if let Some(grabbed) = grabbed {
        return edges.find(|(pen, row)| row.kind.id(pen.data) == grabbed.row);
    }
    let at = at?;
    edges.find(|(pen, row)| {
        HeightOf::of(row.kind).is_some()
            && row.height >= 2.0 * GRIP
            && pen.areas.header.contains(at)
            && (at.y - pen.row_y(row).max).abs() <= GRIP
    })
}

/// Parts of a row that are each as high as its kind: lanes lie one under another, slots of an SM over one another.
fn lanes(row: &Row) -> f32 {
    match row.kind {
        RowKind::Stream(_) | RowKind::Host(_) => row.lanes.max(1) as f32,
        _ => 1.0,
    }
}

/// The same of all rows of its kind above a row.
fn lanes_above(pen: &Pen<'_>, row: &Row) -> f32 {
    let above = pen.layout.rows.iter().take_while(|other| other.y < row.y);
    above.filter(|other| HeightOf::of(other.kind) == HeightOf::of(row.kind)).map(lanes).sum()
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
        RowKind::Inside(index) => format!("inside SMs of rank {}", pen.data.ranks[index].rank),
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
            let height = pen.view.heights.sm + response.drag_delta().y * SM_PACE;
            commands.push(ViewCommand::SetRowHeight(HeightOf::Sm, height));
        }
    } else if response.hovered() {
        ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
    }
    response.secondary_clicked()
}
