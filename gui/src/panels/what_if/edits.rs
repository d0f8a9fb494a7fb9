//! The changes in force, one a row with what can be turned of it, and what each changes.

use egui::{Align, Label, Layout, Ui};
use weftscope_traces::replay::Edit;

use super::parameter::parameter_ui;
use crate::{
    app::{Document, WhatIfCommand},
    jobs::JobKind,
    panels::{
        icon::{Icon, icon_button},
        widgets::{Cx, mono, weak},
    },
    theme::size,
};

/// The rows, and what is done with all of them.
pub(super) fn edits_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    ui.add_space(size::GAP);
    let state = cx.state;
    for (at, edit) in state.what_if.edits.iter().enumerate() {
        row_ui(ui, cx, document, (at, edit));
    }
    let is_trying = state.jobs.iter().any(|job| job.kind == JobKind::Suggest);
    ui.horizontal(|ui| {
        let suggest = ui.add_enabled(!is_trying, egui::Button::new("Suggest"));
        let about = "Try what usually pays, and rank it by what it would bring";
        if suggest.on_hover_text(about).clicked() {
            cx.what_if(WhatIfCommand::Suggest);
        }
        if is_trying {
            ui.spinner();
            ui.label(weak(cx.theme, "Trying what would pay…"));
            return;
        }
        let undo = ui.add_enabled(state.what_if.can_undo(), egui::Button::new("Undo"));
        if undo.on_hover_text("The changes in force as before the last step").clicked() {
            cx.what_if(WhatIfCommand::Undo);
        }
        let is_any = !state.what_if.edits.is_empty();
        if ui.add_enabled(is_any, egui::Button::new("Clear")).clicked() {
            cx.what_if(WhatIfCommand::Clear);
        }
    });
}

fn row_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, (at, edit): (usize, &Edit)) {
    let text = edit.to_string();
    let name = text.split('=').next().unwrap_or_default().to_owned();
    ui.horizontal(|ui| {
        let what = Edit::FORMS.iter().find(|form| form.example.split('=').next() == Some(&name));
        let label = ui.label(mono(cx.theme, &name).color(cx.theme.surfaces.strong));
        let what = what.map_or("", |form| form.what);
        label.on_hover_text(format!("{what}. It {}", effort(edit)));
        let turned = parameter_ui(ui, cx, document, (at, edit));
        if let Some(text) = turned {
            cx.what_if(WhatIfCommand::Set(at, text));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let tooltip = "Put this change out of force";
            if icon_button(ui, Icon::Cross, &format!("Remove {name}"), tooltip).clicked() {
                cx.what_if(WhatIfCommand::Remove(at));
            }
        });
    });
    // What it changed; while the answer to a turned value is worked out, which is drawn fainter, what it changed before.
    let predicted = cx.state.what_if.predicted.as_ref();
    let note = predicted.and_then(|predicted| {
        let made = predicted.answer.edits.get(at)?;
        let is_of_it = made.split('=').next() == Some(&name);
        predicted.answer.notes.get(at).filter(|_| is_of_it)
    });
    if let Some(note) = note {
        ui.indent(("note", at), |ui| {
            ui.add(Label::new(weak(cx.theme, note).font(cx.theme.small())).wrap());
        });
    }
}

/// What it takes, as the end of a sentence that begins with `It`.
fn effort(edit: &Edit) -> String {
    let effort = edit.effort();
    let is_verb = effort.starts_with("takes") || effort.starts_with("cannot");
    if is_verb { effort.to_owned() } else { format!("is {effort}") }
}
