//! Looking for a name in the timeline.

use egui::{Key, Margin, Modifiers, TextEdit, Ui};

use super::icon::{Icon, icon_button};
use super::widgets::{Cx, mono, name_widget};
use crate::{
    app::Command,
    timeline::{Search, ViewCommand},
};

/// The strip of the search, when it is open.
pub(super) fn search_ui(ui: &mut Ui, cx: &mut Cx<'_>, search: &Search) {
    if !cx.state.searching {
        return;
    }
    let frame =
        egui::Frame::new().fill(cx.theme.surfaces.panel).inner_margin(Margin::symmetric(12, 2));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| strip_ui(ui, cx, search));
    });
}

fn strip_ui(ui: &mut Ui, cx: &mut Cx<'_>, search: &Search) {
    let mut text = search.query.clone();
    let edit = TextEdit::singleline(&mut text).hint_text("Find an op by name").desired_width(240.0);
    let response = ui.add(edit);
    name_widget(&response, "Search");
    if response.changed() {
        cx.send(Command::View(ViewCommand::Search(text)));
    }
    let enter = ui.input(|input| input.key_pressed(Key::Enter));
    if response.lost_focus() && enter {
        let back = ui.input(|input| input.modifiers.contains(Modifiers::SHIFT));
        cx.send(Command::View(ViewCommand::SearchStep(if back { -1 } else { 1 })));
        response.request_focus();
    } else if ui.memory(|memory| memory.focused().is_none()) {
        response.request_focus();
    }
    let hits = search.hits.len();
    let at = search.current.map_or(0, |current| current + 1);
    let text = if search.query.is_empty() { String::new() } else { format!("{at} of {hits}") };
    ui.label(mono(cx.theme, text));
    if icon_button(ui, Icon::Left, "Previous hit", "Shift+Enter").clicked() {
        cx.send(Command::View(ViewCommand::SearchStep(-1)));
    }
    if icon_button(ui, Icon::Right, "Next hit", "Enter").clicked() {
        cx.send(Command::View(ViewCommand::SearchStep(1)));
    }
    if icon_button(ui, Icon::Cross, "Close search", "Esc").clicked() {
        cx.send(Command::ToggleSearch);
    }
}
