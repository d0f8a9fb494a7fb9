//! What the colours of the timeline mean, below it.

use egui::{ScrollArea, Ui, scroll_area::ScrollBarVisibility};

use super::{
    icon::{Icon, icon_button},
    pair::kept_height,
    widgets::Cx,
};
use crate::{
    app::{Command, PanelId, State},
    timeline,
};

/// As many lines as the width asks for; in a low window that two timelines share a single one, to be scrolled.
pub(super) fn legend_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let is_low = kept_height(cx.state) > 0.0 && ui.ctx().content_rect().height() < LOW;
    if is_low {
        // A bar would take a line of its own; what is cut at the edge says that there is more.
        ui.style_mut().always_scroll_the_only_direction = true;
        let line = ScrollArea::horizontal().id_salt("legend");
        line.scroll_bar_visibility(ScrollBarVisibility::AlwaysHidden).show(ui, |ui| {
            ui.horizontal(|ui| entries_ui(ui, cx));
        });
    } else {
        ui.horizontal_wrapped(|ui| entries_ui(ui, cx));
    }
}

/// Windows below this height have none to spare.
const LOW: f32 = 800.0;

fn entries_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(document) = cx.state.document() else { return };
    ui.spacing_mut().item_spacing = egui::vec2(4.0, 2.0);
    let keys = crate::keys::in_words(ui.ctx(), &PanelId::Legend.facts().keys);
    let tooltip = format!("Fold the legend ({keys})");
    if icon_button(ui, Icon::Down, "Fold the legend", &tooltip).clicked() {
        cx.send(Command::TogglePanel(PanelId::Legend));
    }
    timeline::legend_ui(ui, &document.timeline, cx.theme);
    let ghost = cx.state.view().and_then(|view| view.ghost.as_ref());
    if let Some(ghost) = ghost.filter(|ghost| ghost.opacity > 0.0) {
        timeline::ghost_legend_ui(ui, ghost, cx.theme);
    }
}

/// Colours mean something where there is a timeline.
pub(super) fn has_content(state: &State) -> bool {
    state.document().is_some()
}
