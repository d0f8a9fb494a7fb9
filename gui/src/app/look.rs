use super::{document::Document, effect::Effect, state::State, statistics::selected_kernel};
use crate::timeline::{Selection, ViewCommand};

/// Looks elsewhere in what is in view.
pub(super) fn look(state: &mut State, view: ViewCommand) -> Vec<Effect> {
    let Some(document) = state.document().cloned() else { return Vec::new() };
    let Some(current) = state.view_mut() else { return Vec::new() };
    let before = current.selection.clone();
    #[cfg(feature = "live")]
    let is_click = matches!(view, ViewCommand::Select(_));
    let is_search = matches!(&view, ViewCommand::Search(text) if !text.is_empty());
    view.apply(current, &document.timeline);
    let is_other = current.selection != before;
    if is_other {
        selected(state, &document);
    }
    #[cfg(feature = "live")]
    if is_other || is_click {
        super::lessons::take_point(state);
    }
    // What is looked for is seen in the strip, wherever it was asked for.
    state.searching |= is_search;
    Vec::new()
}

/// The selection has changed: tables of what is no longer selected go, and the kernel selected is the one chosen. No
/// panel opens and no tab is turned, so that no row moves under the pointer.
fn selected(state: &mut State, document: &Document) {
    let Some(view) = state.view() else { return };
    let kernel = selected_kernel(document, &view.selection);
    if view.selection == Selection::None {
        state.tables = None;
        state.tables_asking.forget();
    }
    if kernel.is_some() {
        state.statistics.kernel = kernel;
    }
}
