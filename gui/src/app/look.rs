use super::{effect::Effect, state::State};
use crate::timeline::{Selection, ViewCommand};

/// Looks elsewhere in what is in view.
pub(super) fn look(state: &mut State, view: ViewCommand) -> Vec<Effect> {
    let Some(document) = state.document().cloned() else { return Vec::new() };
    let Some(current) = state.view_mut() else { return Vec::new() };
    let before = current.selection.clone();
    view.apply(current, &document.timeline);
    if current.selection != before {
        selected(state);
    }
    Vec::new()
}

/// The selection has changed: tables of what is no longer selected go. No panel opens and no tab is turned, so that
/// no row moves under the pointer.
fn selected(state: &mut State) {
    let selection = state.view().map(|view| &view.selection);
    if selection.is_none_or(|selection| *selection == Selection::None) {
        state.tables = None;
        state.tables_of = None;
    }
}
