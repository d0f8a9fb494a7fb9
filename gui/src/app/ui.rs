//! Where the panels lie.

use egui::{CentralPanel, Frame, Margin, Panel, ScrollArea, Ui};

use super::{
    command::Command,
    settings::BottomTab,
    state::{Overlay, State},
};
use crate::{
    panels::{self, Cx, FrameTimes},
    theme::{Theme, size},
    timeline::Selection,
};

/// Draws the window and returns what was asked for.
pub(crate) fn frame_ui(
    ui: &mut Ui,
    state: &State,
    theme: &Theme,
    times: &FrameTimes,
) -> Vec<Command> {
    let mut cx = Cx::new(state, theme);
    keys(ui, &mut cx);
    let bar = Frame::new().fill(theme.surfaces.panel).inner_margin(Margin::symmetric(8, 4));
    Panel::top("top bar")
        .exact_size(36.0)
        .resizable(false)
        .frame(bar)
        .show(ui, |ui| panels::top_bar_ui(ui, &mut cx));
    foot(ui, &mut cx, bar);
    sides(ui, &mut cx);
    CentralPanel::no_frame()
        .frame(Frame::new().fill(theme.surfaces.plot))
        .show(ui, |ui| panels::centre_ui(ui, &mut cx));
    panels::palette_ui(ui, &mut cx);
    panels::help_ui(ui, &mut cx);
    panels::path_ui(ui, &mut cx);
    panels::notices_ui(ui, &mut cx);
    panels::frame_times_ui(ui, &cx, times);
    cx.commands
}

fn foot(ui: &mut Ui, cx: &mut Cx<'_>, bar: Frame) {
    Panel::bottom("foot")
        .exact_size(22.0)
        .resizable(false)
        .frame(bar.inner_margin(Margin::symmetric(8, 2)))
        .show(ui, |ui| ui.horizontal_centered(|ui| panels::strip_ui(ui, cx)));
    if panels::has_bars(cx) {
        Panel::bottom("jobs").resizable(false).frame(bar).show(ui, |ui| panels::jobs_ui(ui, cx));
    }
}

fn sides(ui: &mut Ui, cx: &mut Cx<'_>) {
    let layout = cx.state.settings.layout;
    let margin = Margin::symmetric(size::MARGIN as i8, 0);
    let frame = Frame::new().fill(cx.theme.surfaces.panel).inner_margin(margin);
    #[cfg(feature = "live")]
    if layout.knobs && cx.state.live.is_some() && cx.state.shown == super::document::Shown::Live {
        Panel::left("knobs").default_size(264.0).size_range(220.0..=380.0).frame(frame).show(
            ui,
            |ui| {
                ScrollArea::vertical().auto_shrink(false).show(ui, |ui| panels::knobs_ui(ui, cx));
            },
        );
    }
    if layout.why && cx.state.document().is_some() {
        Panel::right("why").default_size(344.0).size_range(240.0..=520.0).frame(frame).show(
            ui,
            |ui| {
                ScrollArea::both().auto_shrink(false).show(ui, |ui| panels::why_ui(ui, cx));
            },
        );
    }
    let is_selected = cx.state.view().is_some_and(|view| view.selection != Selection::None);
    let has_content = is_selected || layout.bottom_tab != BottomTab::Details;
    if layout.bottom && has_content && cx.state.document().is_some() {
        let frame = frame.inner_margin(Margin::symmetric(size::MARGIN as i8, 4));
        Panel::bottom("bottom").default_size(220.0).size_range(120.0..=480.0).frame(frame).show(
            ui,
            |ui| {
                panels::bottom_ui(ui, cx);
            },
        );
    }
}

/// Keys of the named commands. A field that is being typed into gets plain keys first.
fn keys(ui: &Ui, cx: &mut Cx<'_>) {
    let typing = ui.ctx().egui_wants_keyboard_input();
    let escape = ui.ctx().input(|input| input.key_pressed(egui::Key::Escape));
    if escape && (!typing || cx.state.overlay != Overlay::None) {
        cx.send(Command::Escape);
    }
    let slash = ui
        .ctx()
        .input_mut(|input| !typing && input.consume_key(egui::Modifiers::NONE, egui::Key::Slash));
    if slash && !cx.state.searching {
        cx.send(Command::ToggleSearch);
    }
    for action in super::action::actions(cx.state) {
        let Some(shortcut) = action.shortcut else { continue };
        let plain = !shortcut.modifiers.command;
        if (plain && typing)
            || (plain && cx.state.overlay != Overlay::None && action.command != Command::ToggleHelp)
        {
            continue;
        }
        if ui.ctx().input_mut(|input| input.consume_shortcut(&shortcut)) {
            cx.send(action.command);
        }
    }
}
