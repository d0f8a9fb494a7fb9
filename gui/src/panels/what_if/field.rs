//! Where a change is chosen or typed.

use egui::{Button, Id, Key, Label, RichText, ScrollArea, TextEdit, Ui};
use weftscope_traces::replay::{Edit, EditForm};

use crate::{
    app::{Document, WhatIfCommand},
    panels::widgets::{Cx, name_widget, strong, weak},
    what_if::machine_names,
};

/// Points of the list of kinds.
const MENU: f32 = 380.0;

/// The list of kinds, the field, and why what stands in it is no edit.
pub(super) fn field_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    let tab = &cx.state.what_if;
    let mut text = tab.typed.clone();
    ui.horizontal(|ui| {
        ui.menu_button("Add a change", |ui| kinds_ui(ui, cx, document));
        let edit = TextEdit::singleline(&mut text)
            .id(Id::unique("what-if edit"))
            .font(cx.theme.mono())
            .hint_text("or type one: weave=0.5")
            .desired_width(f32::INFINITY);
        let response = ui.add(edit);
        name_widget(&response, "Change");
        if response.changed() {
            cx.what_if(WhatIfCommand::Type(text));
        }
        if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
            cx.what_if(WhatIfCommand::AddTyped);
            response.request_focus();
        }
    });
    if let Some(wrong) = &cx.state.what_if.wrong {
        let text = RichText::new(wrong).color(cx.theme.surfaces.error);
        ui.add(Label::new(text).wrap());
    }
}

/// Every kind of change, with what it does.
fn kinds_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    ui.set_width(MENU);
    let room = ui.ctx().content_rect().height() - 160.0;
    // As high as the window has room for: a popup would give it less.
    ScrollArea::vertical().max_height(room).min_scrolled_height(room).show(ui, |ui| {
        for form in &Edit::FORMS {
            let Some(example) = example(form, document) else { continue };
            let button = ui.add(Button::new(strong(cx.theme, form.form).font(cx.theme.mono())));
            ui.indent(form.form, |ui| {
                ui.add(Label::new(weak(cx.theme, form.what).font(cx.theme.small())).wrap());
            });
            if button.clicked() {
                cx.what_if(WhatIfCommand::Add(example));
                ui.close();
            }
        }
    });
}

/// What a kind begins with, to be turned from there; `None` where it cannot be had.
fn example(form: &EditForm, document: &Document) -> Option<String> {
    let name = form.example.split('=').next().unwrap_or_default();
    let ranks = document.timeline.ranks.len().max(1);
    Some(match name {
        "machine" => format!("machine={}", machine_names().first()?),
        "tp" => format!("tp={}", 2 * ranks),
        "straggler" => format!("straggler={}:200us", document.timeline.ranks.last()?.rank),
        _ => form.example.to_owned(),
    })
}
