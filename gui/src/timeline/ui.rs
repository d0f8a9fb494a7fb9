//! The timeline as a widget: painted first, then pointer and keys turned into commands.

use egui::{Popup, Rangef, Rect, Response, Role, Sense, Tooltip, Ui, WidgetInfo, pos2};

use super::{
    TimelineData, ViewCommand, ViewState,
    areas::Areas,
    bands::{Band, Bands},
    cache::{FrameCache, remember},
    emphasis::Emphasis,
    flag::flags_ui,
    header::header_ui,
    hit::{Scene, hit},
    keys::keys,
    paint::{self, Flag, Measures, Pen},
    plot_menu,
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
    let bands = Bands::new(whole, data, view);
    let emphasis = Emphasis::new(data, view);
    let painter = ui.painter_at(whole);
    let whole = Pen {
        data,
        view,
        theme,
        painter: &painter,
        areas: bands.areas,
        scale: bands.areas.scale(view),
        layout: &bands.rest.layout,
        scroll_y: bands.rest.scroll_y,
        emphasis: &emphasis,
    };
    let rows = bands.both().map(|Band { areas, layout, scroll_y }| Pen {
        areas: *areas,
        layout,
        scroll_y: *scroll_y,
        ..whole
    });
    let caches = ["timeline pinned", "timeline"]
        .map(|name| FrameCache::of(ui.ctx(), ui.scope_id().with(name)));
    let [mut pinned, mut rest] = caches.each_ref().map(|cache| cache.lock());
    let flags = paint::flags(&whole);
    paint_all(&whole, &rows, &flags, [&mut pinned, &mut rest]);
    let mut commands = interact(ui, &whole, &bands, &rows);
    flags_ui(ui, &whole, &flags, &mut commands);
    commands
}

/// Where the row of the selected slice lies on the screen, when it does, for a timeline drawn in `whole`.
pub fn selected_y(data: &TimelineData, view: &ViewState, whole: Rect) -> Option<Rangef> {
    let track = data.trace.lane(view.selection.slice()?.lane).track;
    let Bands { rest, .. } = Bands::new(whole, data, view);
    let row = rest.layout.rows.iter().find(|row| row.kind.slices_of() == Some(track))?;
    let top = rest.areas.plot.top() + row.y - rest.scroll_y;
    Some(Rangef::new(top, top + row.height))
}

/// Where a timeline drawn in `whole` leaves room for the field that filters rows; `None` when it is too low.
pub fn filter_rect(data: &TimelineData, whole: Rect) -> Option<Rect> {
    let areas = Areas::new(whole, data);
    let rect = Rect::from_x_y_ranges(areas.header.x_range(), areas.minimap.y_range());
    (rect.height() >= 20.0).then_some(rect)
}

fn paint_all(pen: &Pen<'_>, bands: &[Pen<'_>; 2], flags: &[Flag], caches: [&mut FrameCache; 2]) {
    let [pinned, rest] = bands;
    let [pinned_cache, rest_cache] = caches;
    let s = &pen.theme.surfaces;
    pen.painter.rect_filled(pen.areas.whole, 0.0, s.panel);
    pen.painter.rect_filled(pen.areas.plot, 0.0, s.plot);
    let measures = Measures::of(pen, flags);
    paint::paint_ruler(pen, &measures.taken);
    if paint_rows(rest, rest_cache) {
        remember(rest);
    }
    // After the rows: a new trace empties the cache.
    rest_cache.minimap.update(pen);
    paint::paint_headers(rest);
    paint::paint_flows(rest);
    paint::paint_selected(rest);
    if !pinned.layout.rows.is_empty() {
        paint_rows(pinned, pinned_cache);
        paint::paint_pinned_headers(pinned);
        paint::paint_selected(pinned);
    }
    paint::paint_marked(pen);
    paint::paint_signs(pen);
    paint::paint_corner(pen);
    paint::paint_flags(pen, flags);
    paint::paint_marks(pen);
    paint::paint_minimap(pen, &rest_cache.minimap);
    paint::paint_measures(pen, &measures);
}

/// Draws the rows of one band; true when they are not as they were.
fn paint_rows(pen: &Pen<'_>, cache: &mut FrameCache) -> bool {
    let moved = cache.update(pen);
    paint::paint_blocks(pen, &cache.mesh);
    for row in pen.rows() {
        paint::paint_counter(pen, row);
        paint::paint_wave_ticks(pen, row, &cache.list);
    }
    paint::paint_names(pen, &cache.list);
    paint::paint_ghost(pen);
    paint::paint_range(pen);
    moved
}

fn interact(ui: &Ui, pen: &Pen<'_>, bands: &Bands, rows: &[Pen<'_>; 2]) -> Vec<ViewCommand> {
    let (areas, view) = (pen.areas, pen.view);
    let pointer = Pointer { scene: Scene { data: pen.data, view, bands } };
    let mut commands = Vec::new();
    let id = ui.scope_id().with("timeline plot");
    let plot = ui.interact(areas.plot, id, Sense::click_and_drag());
    plot.widget_info(|| WidgetInfo::labeled(Role::GraphicsDocument, true, "timeline"));
    commands.extend(pointer.plot(ui, &plot));
    if let Some(at) = plot.interact_pointer_pos().filter(|_| plot.secondary_clicked()) {
        commands.extend(plot_menu::open_menu(ui, pointer.scene, at));
    }
    plot_menu::menu_ui(ui, pen.data, view, &mut commands);
    let minimap = ui.interact(areas.minimap, id.with("minimap"), Sense::click_and_drag());
    minimap.widget_info(|| WidgetInfo::labeled(Role::Slider, true, "minimap"));
    commands.extend(pointer.minimap(&minimap));
    header_ui(ui, bands, rows, &mut commands);
    scroll_bar(ui, pen, &pointer, &mut commands);
    let at = ui.input(|input| input.pointer.hover_pos()).filter(|&at| areas.whole.contains(at));
    let over = at.filter(|_| ui.ctx().rect_contains_pointer(ui.layer_id(), areas.whole));
    if let Some(at) = over {
        commands.extend(pointer.wheel(ui, at));
    }
    let centre = view.window.start_ns + view.window.len_ns() / 2;
    let in_plot = over.filter(|at| areas.plot.x_range().contains(at.x));
    let at_ns = in_plot.map_or(centre, |at| pen.scale.time_from_x(at.x));
    commands.extend(keys(ui, view, at_ns, bands.most_scroll()));
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
    // Not over a menu that is open.
    if plot.dragged() || Popup::is_any_open(ui.ctx()) {
        return;
    }
    let row = hit(pointer.scene, at).row;
    if let Some(subject) = Subject::of(&hover, row.map(|row| row.kind)) {
        Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), plot.id, egui::PopupAnchor::Pointer)
            .gap(16.0)
            .show(|ui| subject.ui(ui, pen));
    }
}

/// A slim bar at the right edge when there are more rows than fit.
fn scroll_bar(ui: &Ui, pen: &Pen<'_>, pointer: &Pointer<'_>, commands: &mut Vec<ViewCommand>) {
    let rest = &pointer.scene.bands.rest;
    let plot = rest.areas.plot;
    let most = pointer.scene.bands.most_scroll();
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
    let length = (plot.height() * plot.height() / rest.layout.height).max(24.0);
    let travel = track.height() - length;
    let top = track.top() + travel * (pen.view.scroll_y / most).min(1.0);
    let thumb = Rect::from_min_size(pos2(track.left(), top), egui::vec2(8.0, length));
    let response = ui.interact(track, ui.scope_id().with("timeline scroll"), Sense::drag());
    response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, true, "rows"));
    let s = &pen.theme.surfaces;
    let colour = if response.hovered() || response.dragged() { s.weak } else { s.hairline };
    pen.painter.rect_filled(thumb.shrink(2.0), 2.0, colour);
    if response.dragged() {
        commands.push(pointer.scroll(response.drag_delta().y * most / travel.max(1.0)));
    }
}
