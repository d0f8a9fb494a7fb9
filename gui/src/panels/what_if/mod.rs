//! What a recording would be, changed: the edits in force, what they make of an iteration and how far that is off, and what would pay.
//!
//! Edits are put in force as they are typed on the command line, whether by the field, the list of kinds or a value that is turned.

mod answer;
mod edits;
mod field;
mod parameter;
mod suggestions;

use egui::{ScrollArea, Ui};

use super::widgets::{Cx, heading, weak};
use crate::app::{Shown, State};

/// The left panel of a recording.
pub(super) fn what_if_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        // Whatever stands in it, the panel stays as wide as it was drawn out.
        ui.set_max_width(ui.available_width() - 2.0);
        inside_ui(ui, cx);
    });
}

/// A live run has knobs instead.
pub(super) fn has_content(state: &State) -> bool {
    matches!(state.shown, Shown::File(_)) && state.document().is_some()
}

fn inside_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(document) = cx.state.document() else { return };
    heading(ui, cx.theme, "What if");
    if !document.is_explained {
        ui.label(weak(cx.theme, "As soon as all of it is read."));
        return;
    }
    field::field_ui(ui, cx, document);
    edits::edits_ui(ui, cx, document);
    suggestions::suggestions_ui(ui, cx);
    answer::answer_ui(ui, cx, document);
    ui.add_space(12.0);
}
