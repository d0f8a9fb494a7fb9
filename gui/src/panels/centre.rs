//! The centre: the batch as a bar, and below it the timeline.

use egui::Ui;

use super::{
    empty::empty_ui, pair::pair_ui, row_filter::row_filter_ui, search::search_ui,
    selection_card::selection_card_ui, token_bar::token_bar_ui, widgets::Cx,
};
use crate::{app::Command, timeline::timeline_ui};

/// The largest thing in the window.
pub(crate) fn centre_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    #[cfg(not(target_arch = "wasm32"))]
    if state.shown == crate::app::Shown::Cluster
        && let Some(cluster) = &state.cluster
    {
        return super::cluster::cluster_ui(ui, cx, cluster);
    }
    let (Some(document), Some(view)) = (state.document(), state.view()) else {
        empty_ui(ui, cx);
        return;
    };
    ui.spacing_mut().item_spacing.y = 0.0;
    token_bar_ui(ui, cx);
    search_ui(ui, cx, &view.search);
    let whole = match &state.comparison {
        Some(comparison) => pair_ui(ui, cx, comparison, (document, view)),
        None => {
            let whole = ui.available_rect_before_wrap();
            for command in timeline_ui(ui, &document.timeline, view, cx.theme) {
                cx.send(Command::View(command));
            }
            whole
        }
    };
    row_filter_ui(ui, cx, (document, view), whole);
    selection_card_ui(ui, cx, (document, view), whole);
}
