//! The bottom panel: one tab at a time.

use egui::{Align, Layout, Ui, UiBuilder};

use super::{
    icon::{Icon, icon_button},
    tab_ui,
    widgets::Cx,
};
use crate::app::{BottomTab, Command, PanelId, State};

/// Its tabs, and the one that is chosen.
pub(super) fn bottom_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let tab = cx.state.settings.layout.bottom_tab;
    ui.horizontal(|ui| {
        for other in tabs(cx.state) {
            if ui.selectable_label(tab == other, other.name()).clicked() {
                cx.send(Command::ShowBottom(other));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let keys = ui.ctx().format_shortcut(&PanelId::Bottom.facts().keys);
            let tooltip = format!("Fold this panel ({keys})");
            if icon_button(ui, Icon::Down, "Fold", &tooltip).clicked() {
                cx.send(Command::TogglePanel(PanelId::Bottom));
            }
        });
    });
    // Whatever a tab shows, the panel stays as high as it was drawn out.
    let rest = ui.available_rect_before_wrap();
    let mut inside = ui.new_child(UiBuilder::new().max_rect(rest));
    inside.shrink_clip_rect(rest);
    tab_ui(tab, &mut inside, cx);
    ui.advance_cursor_after_rect(rest);
}

/// The tabs that can show something.
pub(super) fn tabs(state: &State) -> impl Iterator<Item = BottomTab> {
    let has_run = has_live_run(state);
    let compares = state.comparison.is_some();
    BottomTab::ALL.into_iter().filter(move |&tab| match tab {
        BottomTab::Curve => has_run,
        BottomTab::Differences => compares,
        _ => true,
    })
}

/// Open, it stays where it is whatever is selected: a panel that came and went would move the rows.
pub(super) fn has_content(state: &State) -> bool {
    state.document().is_some()
}

/// A curve needs something to run.
fn has_live_run(state: &State) -> bool {
    #[cfg(feature = "live")]
    return state.live.is_some();
    #[cfg(not(feature = "live"))]
    {
        let _ = state;
        false
    }
}
