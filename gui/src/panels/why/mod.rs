//! Why an iteration takes as long as it does: a sentence, then its reasons, the most general first.

mod accounts;
mod bandwidth;
mod communication;
#[cfg(feature = "live")]
mod comparison;
mod cost;
mod entry;
mod exposed;
mod gemms;
mod how;
mod layers;
mod path;
mod phases;
mod products;
#[cfg(test)]
mod tests;

use egui::{ScrollArea, Ui, Vec2};

use super::{
    glossed::glossed_ui,
    widgets::{Cx, heading, weak},
};
use crate::app::{Document, RankPlaces, Shown, State};

/// The right panel.
pub(super) fn why_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let mut area = ScrollArea::both().auto_shrink(false);
    if is_newly_shown(ui, cx.state.shown) {
        area = area.scroll_offset(Vec2::ZERO);
    }
    area.show(ui, |ui| {
        // The last signs stand out by a pixel, which what scrolls sideways would cut; a table that is wider scrolls.
        ui.set_max_width(ui.available_width() - 2.0);
        reasons_ui(ui, cx);
    });
}

/// Another recording than in the frame before, or the first since the start: how far down the panel was read, which is kept
/// from start to start, says nothing of it, and would hide its sentence.
fn is_newly_shown(ui: &Ui, shown: Shown) -> bool {
    let key = ui.scope_id().with("shown");
    ui.data_mut(|data| data.get_temp_mut_or_default::<Option<Shown>>(key).replace(shown))
        != Some(shown)
}

/// There is something to explain.
pub(super) fn has_content(state: &State) -> bool {
    state.document().is_some()
}

fn reasons_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let Some(document) = state.document() else { return };
    if !document.is_explained {
        heading(ui, cx.theme, "Why");
        ui.label(weak(cx.theme, "Worked out as soon as all of it is read."));
        return;
    }
    sentence_ui(ui, cx, document);
    #[cfg(feature = "live")]
    comparison::comparison_ui(ui, cx);
    accounts::accounts_ui(ui, cx, document);
    communication::communication_ui(ui, cx, document);
    layers::layers_ui(ui, cx, document);
    phases::phases_ui(ui, cx, document);
    exposed::exposed_ui(ui, cx, document);
    bandwidth::bandwidth_ui(ui, cx, document);
    path::path_ui(ui, cx, document);
    gemms::gemms_ui(ui, cx, document);
    products::products_ui(ui, cx, document);
    cost::cost_ui(ui, cx, document);
    ui.add_space(12.0);
}

/// The rank with the most exposed communication, which is the one that others wait for.
fn spoken_of(document: &Document) -> Option<u32> {
    let ranks = document.explanation.reports.overlap.ranks.iter();
    ranks.max_by_key(|rank| rank.total.exposed_comm_ns).map(|rank| rank.rank)
}

/// Whose figures are that are summed over ranks, as the end of a heading; with one rank it goes without saying.
fn of_ranks(document: &Document) -> &'static str {
    if document.explanation.reports.overlap.ranks.len() > 1 { " of all ranks" } else { "" }
}

/// Where to look first for the sums of a rank.
fn places_of(document: &Document, rank: u32) -> Option<&RankPlaces> {
    document.explanation.places.iter().find(|places| places.rank == rank)
}

fn sentence_ui(ui: &mut Ui, cx: &Cx<'_>, document: &Document) {
    let verdict = &document.explanation.verdict;
    heading(ui, cx.theme, "Why");
    let theme = cx.theme;
    glossed_ui(ui, theme, &verdict.sentence, (theme.body(), theme.surfaces.strong));
    for detail in verdict.details.iter().take(3) {
        glossed_ui(ui, theme, detail, (theme.small(), theme.surfaces.weak));
    }
}
