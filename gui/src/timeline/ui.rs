//! The timeline as a widget: painted first, then pointer and keys turned into commands.

use egui::{CursorIcon, Rangef, Rect, Response, Role, Sense, Tooltip, Ui, WidgetInfo, pos2};

use super::{
    Row, RowKind, RowLayout, TimelineData, ViewCommand, ViewState,
    areas::Areas,
    cache::FrameCache,
    emphasis::Emphasis,
    hit::{Scene, hit},
    keys::keys,
    paint::{self, Pen},
    pointer::Pointer,
    tooltip::Subject,
};
use crate::theme::Theme;

/// Draws the timeline into what is left of `ui` and says what the user wants changed.
///
/// Never changes anything: the caller applies the commands with [`ViewCommand::apply`]. Prepared lists and meshes
/// are kept in egui's memory under the id of `ui`; a frame in which nothing moved builds nothing.
pub fn timeline_ui(
    ui: &mut Ui,
    data: &TimelineData,
    view: &ViewState,
    theme: &Theme,
) -> Vec<ViewCommand> {
    let whole = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(whole);
    let areas = Areas::new(whole, data);
    let layout = RowLayout::fitted(data, view, areas.plot.height());
    let emphasis = Emphasis::new(data, view);
    let painter = ui.painter_at(whole);
    let scale = areas.scale(view);
    let pen = Pen {
        data,
        view,
        theme,
        painter: &painter,
        areas,
        scale,
        layout: &layout,
        emphasis: &emphasis,
    };
    let cache = FrameCache::of(ui.ctx(), ui.scope_id().with("timeline"));
    paint_all(&pen, &mut cache.lock());
    interact(ui, &pen)
}

/// Where the row of the selected slice lies on the screen, when it does, for a timeline drawn in `whole`.
pub fn selected_y(data: &TimelineData, view: &ViewState, whole: Rect) -> Option<Rangef> {
    let track = data.trace.lane(view.selection.slice()?.lane).track;
    let areas = Areas::new(whole, data);
    let layout = RowLayout::fitted(data, view, areas.plot.height());
    let shows =
        |row: &&Row| !matches!(row.kind, RowKind::Rank(_)) && row.track(data) == Some(track);
    let row = layout.rows.iter().find(shows)?;
    let top = areas.plot.top() + row.y - view.scroll_y;
    Some(Rangef::new(top, top + row.height))
}

fn paint_all(pen: &Pen<'_>, cache: &mut FrameCache) {
    cache.update(pen);
    let s = &pen.theme.surfaces;
    pen.painter.rect_filled(pen.areas.whole, 0.0, s.panel);
    pen.painter.rect_filled(pen.areas.plot, 0.0, s.plot);
    paint::paint_ruler(pen);
    paint::paint_blocks(pen, &cache.mesh);
    for row in pen.rows() {
        paint::paint_counter(pen, row);
        paint::paint_wave_ticks(pen, row, &cache.list);
    }
    paint::paint_names(pen, &cache.list);
    paint::paint_ghost(pen);
    paint::paint_range(pen);
    paint::paint_headers(pen);
    paint::paint_marks(pen);
    paint::paint_minimap(pen, &cache.minimap);
    paint::paint_flows(pen);
    paint::paint_selected(pen);
    paint::paint_crosshair(pen);
}

fn interact(ui: &mut Ui, pen: &Pen<'_>) -> Vec<ViewCommand> {
    let (areas, view) = (pen.areas, pen.view);
    let scene = Scene { data: pen.data, view, areas: &areas, layout: pen.layout };
    let pointer = Pointer { scene };
    let mut commands = Vec::new();
    let id = ui.scope_id().with("timeline plot");
    let plot = ui.interact(areas.plot, id, Sense::click_and_drag());
    plot.widget_info(|| WidgetInfo::labeled(Role::GraphicsDocument, true, "timeline"));
    commands.extend(pointer.plot(ui, &plot));
    let minimap = ui.interact(areas.minimap, id.with("minimap"), Sense::click_and_drag());
    minimap.widget_info(|| WidgetInfo::labeled(Role::Slider, true, "minimap"));
    commands.extend(pointer.minimap(&minimap));
    headers(ui, pen, &mut commands);
    scroll_bar(ui, pen, &pointer, &mut commands);
    let at = ui.input(|input| input.pointer.hover_pos()).filter(|&at| areas.whole.contains(at));
    let over = at.filter(|_| ui.ctx().rect_contains_pointer(ui.layer_id(), areas.whole));
    if let Some(at) = over {
        commands.extend(pointer.wheel(ui, at));
    }
    let centre = view.window.start_ns + view.window.len_ns() / 2;
    let in_plot = over.filter(|at| areas.plot.x_range().contains(at.x));
    let at_ns = in_plot.map_or(centre, |at| pen.scale.time_from_x(at.x));
    commands.extend(keys(ui, view, at_ns));
    hover(ui, pen, &pointer, &plot, &mut commands);
    commands
}

/// Crosshair, hovered slice and tooltip.
fn hover(
    ui: &Ui,
    pen: &Pen<'_>,
    pointer: &Pointer<'_>,
    plot: &Response,
    commands: &mut Vec<ViewCommand>,
) {
    let at = plot.hover_pos();
    let hover = at.map(|at| pointer.hover(at));
    if hover != pen.view.hover {
        commands.push(ViewCommand::Hover(hover));
    }
    let (Some(at), Some(hover)) = (at, hover) else { return };
    if plot.dragged() {
        return;
    }
    let row = hit(pointer.scene, at).row;
    if let Some(subject) = Subject::of(&hover, row.map(|row| row.kind)) {
        Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), plot.id, egui::PopupAnchor::Pointer)
            .gap(16.0)
            .show(|ui| subject.ui(ui, pen));
    }
}

/// Folding by a click on a name; the height of SM rows by a drag on theirs.
fn headers(ui: &Ui, pen: &Pen<'_>, commands: &mut Vec<ViewCommand>) {
    let header = pen.areas.header;
    for row in pen.rows() {
        let Some(fold) = row.fold_id(pen.data) else { continue };
        let rect = Rect::from_x_y_ranges(header.x_range(), pen.row_y(row)).intersect(header);
        let response =
            ui.interact(rect, ui.scope_id().with(("timeline fold", fold)), Sense::click_and_drag());
        let name = match row.kind {
            RowKind::Rank(index) => format!("rank {}", pen.data.ranks[index].rank),
            RowKind::Sms(index) => format!("SMs of rank {}", pen.data.ranks[index].rank),
            _ => "host threads".to_owned(),
        };
        let open = pen.view.is_open(fold);
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
    }
}

/// A slim bar at the right edge when there are more rows than fit.
fn scroll_bar(ui: &Ui, pen: &Pen<'_>, pointer: &Pointer<'_>, commands: &mut Vec<ViewCommand>) {
    let plot = pen.areas.plot;
    let most = pen.layout.height - plot.height();
    if most <= 0.0 {
        if pen.view.scroll_y > 0.0 {
            commands.push(ViewCommand::Scroll(0.0));
        }
        return;
    }
    if pen.view.scroll_y > most {
        commands.push(ViewCommand::Scroll(most));
    }
    let track = Rect::from_min_max(pos2(plot.right() - 8.0, plot.top()), plot.max);
    let length = (plot.height() * plot.height() / pen.layout.height).max(24.0);
    let travel = track.height() - length;
    let top = track.top() + travel * (pen.view.scroll_y / most).min(1.0);
    let thumb = Rect::from_min_size(pos2(track.left(), top), egui::vec2(8.0, length));
    let response = ui.interact(track, ui.scope_id().with("timeline scroll"), Sense::drag());
    let s = &pen.theme.surfaces;
    let colour = if response.hovered() || response.dragged() { s.weak } else { s.hairline };
    pen.painter.rect_filled(thumb.shrink(2.0), 2.0, colour);
    if response.dragged() {
        commands.push(pointer.scroll(response.drag_delta().y * most / travel.max(1.0)));
    }
}
