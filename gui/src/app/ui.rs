//! Where the panels lie.

use egui::{
    Align, CentralPanel, Event, Frame, Id, Key, KeyboardShortcut, Layout, Margin, Panel, Ui,
    UiBuilder,
};

use super::{
    command::Command,
    panel::{PanelId, Side},
    state::{Overlay, State},
};
use crate::{
    keys::{is_pressed, plain, take},
    panels::{self, Cx, FrameTimes, name_region},
    theme::{Theme, size},
};

/// Draws the window and returns what was asked for.
pub(crate) fn frame_ui(
    ui: &mut Ui,
    state: &State,
    theme: &Theme,
    times: &FrameTimes,
) -> Vec<Command> {
    let mut cx = Cx::new(state, theme);
    ui.ctx()
        .accesskit_node_builder(egui::accesskit_root_id(), |node| node.set_label(state.title()));
    keys(ui, &mut cx);
    let bar = Frame::new().fill(theme.surfaces.panel).inner_margin(Margin::symmetric(8, 4));
    let rows = if state.settings.layout.is_narrow() { 2.0 } else { 1.0 };
    Panel::top("top bar").exact_size(36.0 * rows).resizable(false).frame(bar).show(ui, |ui| {
        name_region(ui, "Menus and iteration");
        panels::top_bar_ui(ui, &mut cx);
    });
    foot(ui, &mut cx, bar);
    sides(ui, &mut cx);
    CentralPanel::no_frame().frame(Frame::new().fill(theme.surfaces.plot)).show(ui, |ui| {
        name_region(ui, "Timeline");
        panels::centre_ui(ui, &mut cx);
    });
    panels::palette_ui(ui, &mut cx);
    panels::help_ui(ui, &mut cx);
    panels::glossary_ui(ui, &mut cx);
    panels::explained_ui(ui, &mut cx);
    panels::path_ui(ui, &mut cx);
    panels::notices_ui(ui, &mut cx);
    panels::frame_times_ui(ui, &cx, times);
    cx.commands
}

/// The lowest line, with work that takes long at its right end: it is always there, so nothing moves under the pointer when work
/// comes and goes.
fn foot(ui: &mut Ui, cx: &mut Cx<'_>, bar: Frame) {
    let frame = bar.inner_margin(Margin::symmetric(8, 1));
    Panel::bottom("foot").exact_size(22.0).resizable(false).frame(frame).show(ui, |ui| {
        name_region(ui, "State of the recording");
        let whole = ui.available_rect_before_wrap();
        let place = UiBuilder::new().max_rect(whole);
        let mut right = ui.new_child(place.layout(Layout::right_to_left(Align::Center)));
        panels::jobs_ui(&mut right, cx);
        let rest = whole.with_max_x(right.min_rect().left());
        let place = UiBuilder::new().max_rect(rest);
        let mut left = ui.new_child(place.layout(Layout::left_to_right(Align::Center)));
        left.shrink_clip_rect(rest);
        panels::strip_ui(&mut left, cx);
        ui.advance_cursor_after_rect(whole);
    });
}

/// The panels that have something to show, or the strips that open them.
fn sides(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.settings.layout.is_narrow() {
        return narrow_sides(ui, cx);
    }
    let (state, mut is_first) = (cx.state, true);
    for &panel in PanelId::ALL.iter().filter(|&&panel| panels::has_content(panel, state)) {
        let is_low = panel.facts().side == Side::Bottom;
        if is_low && std::mem::take(&mut is_first) {
            panels::bottom_handle_ui(ui, cx);
        }
        if state.settings.layout.is_open(panel) {
            side_ui(ui, cx, panel);
        } else if !is_low {
            panels::side_handle_ui(ui, cx, panel);
        }
    }
}

/// Where there is no room beside the timeline, the one panel that is open lies below it, and a row of names opens others.
fn narrow_sides(ui: &mut Ui, cx: &mut Cx<'_>) {
    panels::narrow_handle_ui(ui, cx);
    let (state, layout) = (cx.state, &cx.state.settings.layout);
    let is_shown =
        |panel: &&PanelId| layout.is_open(**panel) && panels::has_content(**panel, state);
    let Some(&panel) = PanelId::ALL.iter().find(is_shown) else { return };
    let facts = panel.facts();
    let margin = Margin::symmetric(size::MARGIN as i8, 4);
    let frame = Frame::new().fill(cx.theme.surfaces.panel).inner_margin(margin);
    let place = Panel::bottom(Id::unique((facts.key, "narrow")));
    if facts.extent.is_none() {
        return fitted_ui(ui, cx, panel, place.frame(frame));
    }
    // The timeline keeps some of its rows.
    let height = ui.available_height();
    place
        .resizable(true)
        .default_size(height * 0.5)
        .size_range(120.0..=(height - 160.0).max(120.0))
        .frame(frame)
        .show(ui, |ui| panels::panel_ui(panel, ui, cx));
}

fn side_ui(ui: &mut Ui, cx: &mut Cx<'_>, id: PanelId) {
    let facts = id.facts();
    let (panel, margin_y) = match facts.side {
        Side::Left => (Panel::left(facts.key), 0),
        Side::Right => (Panel::right(facts.key), 0),
        Side::Bottom => (Panel::bottom(facts.key), 4),
    };
    let margin = Margin::symmetric(size::MARGIN as i8, margin_y);
    let frame = Frame::new().fill(cx.theme.surfaces.panel).inner_margin(margin);
    let Some(extent) = facts.extent else { return fitted_ui(ui, cx, id, panel.frame(frame)) };
    let mut range = extent.range;
    if facts.side == Side::Bottom {
        let left = ui.available_height() - panels::kept_height(cx.state);
        range.max = range.max.min(left).max(range.min);
    }
    panel
        .resizable(true)
        .default_size(extent.points)
        .size_range(range)
        .frame(frame)
        .show(ui, |ui| panels::panel_ui(id, ui, cx));
}

/// A panel as high as what it showed in the frame before: one left to itself keeps the most it ever had.
fn fitted_ui(ui: &mut Ui, cx: &mut Cx<'_>, panel_id: PanelId, panel: Panel) {
    const AIR: f32 = 8.0;
    let key = Id::unique((panel_id.facts().key, "height"));
    let height = ui.data(|data| data.get_temp(key)).unwrap_or(24.0);
    let shown = panel.exact_size(height).resizable(false).show(ui, |ui| {
        ui.scope(|ui| panels::panel_ui(panel_id, ui, cx)).response.rect.height() + AIR
    });
    if shown.inner != height {
        ui.data_mut(|data| data.insert_temp(key, shown.inner));
        ui.ctx().request_repaint();
    }
}

/// Keys of the named commands. A field that is being typed into gets plain keys first.
fn keys(ui: &Ui, cx: &mut Cx<'_>) {
    let typing = ui.ctx().egui_wants_keyboard_input();
    let over = cx.state.overlay != Overlay::None;
    let escape = plain(Key::Escape);
    let taken = |shortcut: &KeyboardShortcut| ui.ctx().input_mut(|input| take(input, shortcut));
    // What lies over the window goes first; otherwise menus and fields want the key too.
    let escaped = if over {
        taken(&escape)
    } else {
        !typing && ui.ctx().input(|input| is_pressed(input, &escape))
    };
    if escaped {
        cx.send(Command::Escape);
    }
    if !typing && !over && !cx.state.searching && taken(&plain(Key::Slash)) {
        cx.send(Command::ToggleSearch);
    }
    for action in super::action::actions(cx.state) {
        let Some(shortcut) = action.shortcut else { continue };
        // Ctrl+Z is the field's own.
        let alone = !shortcut.modifiers.command || shortcut.logical_key == Key::Z;
        let is_help = matches!(action.command, Command::ToggleHelp | Command::ToggleGlossary);
        if alone && (typing || (over && !is_help)) {
            continue;
        }
        if taken(&shortcut) {
            cx.send(action.command);
        }
    }
    // The sheets have no field of their own that would keep keys from the timeline under them.
    if matches!(cx.state.overlay, Overlay::Help | Overlay::Glossary) {
        ui.ctx().input_mut(|input| {
            input.events.retain(|event| !matches!(event, Event::Key { pressed: true, .. }));
        });
    }
}
