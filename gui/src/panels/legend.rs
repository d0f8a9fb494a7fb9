//! What the colours of the timeline mean, below it.

use egui::Ui;

use super::{
    icon::{Icon, icon_button},
    widgets::Cx,
};
use crate::{
    app::{Command, PanelId, State},
    timeline,
};

/// As many lines as the width asks for.
pub(super) fn legend_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(document) = cx.state.document() else { return };
    ui.horizontal_wrapped(|ui| {
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
    });
}

/// Colours mean something where there is a timeline.
pub(super) fn has_content(state: &State) -> bool {
    state.document().is_some()
}
