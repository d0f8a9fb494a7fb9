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
    let tab = shown_tab(cx.state);
    ui.horizontal(|ui| {
        // Beside the sign that folds the panel; close together where there is little room, and in two lines where there is less.
        let room = (ui.available_width() - FOLD).max(0.0);
        ui.scope(|ui| {
            ui.set_max_width(room);
            ui.horizontal_wrapped(|ui| tabs_ui(ui, cx, room));
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let keys = crate::keys::in_words(ui.ctx(), &PanelId::Bottom.facts().keys);
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

/// Points that the sign which folds the panel takes.
const FOLD: f32 = 28.0;
/// Points from one name to the next, where all fit so and where they do not.
const APART: f32 = 24.0;
const CLOSE: f32 = 10.0;

fn tabs_ui(ui: &mut Ui, cx: &mut Cx<'_>, room: f32) {
    let shown: Vec<BottomTab> = tabs(cx.state).collect();
    let width = |tab: &BottomTab| {
        let name = tab.name().to_owned();
        ui.painter().layout_no_wrap(name, cx.theme.body(), cx.theme.surfaces.text).size().x
    };
    let names: f32 = shown.iter().map(width).sum();
    if names + APART * shown.len() as f32 > room {
        let spacing = ui.spacing_mut();
        spacing.button_padding.x = 4.0;
        spacing.item_spacing.x = CLOSE - 2.0 * spacing.button_padding.x;
    }
    let tab = shown_tab(cx.state);
    for other in shown {
        if ui.selectable_label(tab == other, other.name()).clicked() {
            cx.send(Command::ShowBottom(other));
        }
    }
}

/// The tab that is shown: the one remembered, unless it has nothing to show now.
pub(super) fn shown_tab(state: &State) -> BottomTab {
    let remembered = state.settings.layout.bottom_tab;
    if tabs(state).any(|tab| tab == remembered) { remembered } else { BottomTab::default() }
}

/// The tabs that can show something.
pub(super) fn tabs(state: &State) -> impl Iterator<Item = BottomTab> {
    let has_run = has_live_run(state);
    let compares = state.comparison.is_some();
    BottomTab::ALL.into_iter().filter(move |&tab| match tab {
        BottomTab::Curve | BottomTab::Serving | BottomTab::Neighbours => has_run,
        BottomTab::Differences => compares,
        BottomTab::Sql => crate::app::HAS_SQL,
        _ => true,
    })
}

/// Open, it stays where it is whatever is selected: a panel that came and went would move the rows.
pub(super) fn has_content(state: &State) -> bool {
    state.document().is_some()
}

/// A curve needs something to run, and so does serving.
fn has_live_run(state: &State) -> bool {
    #[cfg(feature = "live")]
    return state.live.is_some();
    #[cfg(not(feature = "live"))]
    {
        let _ = state;
        false
    }
}
