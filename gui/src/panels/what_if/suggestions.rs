//! What would pay, ranked, each a sentence that a click puts in force.

use egui::{Button, Label, RichText, Ui};
use weftscope_traces::{
    replay::{LEFT_OUT, NOTHING_PAYS, Suggestion},
    words::signed_percent,
};

use crate::{
    app::WhatIfCommand,
    panels::{
        icon::{Icon, icon_button},
        widgets::{Cx, mono, name_widget, sentence, strong, weak},
    },
    theme::size,
};

/// The sentences, once somebody has asked for them; folded once one of them was taken, so that its answer is in view.
pub(super) fn suggestions_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let tab = &cx.state.what_if;
    let Some(found) = &tab.suggestions else { return };
    ui.add_space(size::GAP);
    ui.horizontal(|ui| {
        ui.label(strong(cx.theme, "What would pay"));
        let (icon, name) = match tab.shows_suggestions {
            true => (Icon::Up, "Fold what was suggested"),
            false => (Icon::Down, "Show what was suggested"),
        };
        if icon_button(ui, icon, name, name).clicked() {
            cx.what_if(WhatIfCommand::ToggleSuggestions);
        }
    });
    if !tab.shows_suggestions {
        return;
    }
    match found {
        Err(why) => {
            ui.add(Label::new(RichText::new(why).color(cx.theme.surfaces.error)).wrap());
        }
        Ok(found) => {
            if found.is_empty() {
                sentence(ui, cx.theme, NOTHING_PAYS);
            }
            for (at, one) in found.ranked.iter().enumerate() {
                suggestion_ui(ui, cx, (at, one));
            }
            if !found.left_out.is_empty() {
                ui.add_space(size::GAP);
                sentence(ui, cx.theme, LEFT_OUT);
            }
            for one in &found.left_out {
                ui.add(Label::new(weak(cx.theme, one.in_words())).wrap());
            }
        }
    }
}

fn suggestion_ui(ui: &mut Ui, cx: &mut Cx<'_>, (at, one): (usize, &Suggestion)) {
    ui.add_space(2.0);
    let tab = &cx.state.what_if;
    let typed = tab.typed_edits();
    let is_in_force = typed == one.edits;
    ui.add(Label::new(RichText::new(&one.sentence).color(cx.theme.surfaces.text)).wrap());
    ui.horizontal(|ui| {
        let button = ui.add_enabled(!is_in_force, Button::new("Put in force").small());
        name_widget(&button, &format!("Put in force: {}", one.edits.join(", ")));
        if button.clicked() {
            cx.what_if(WhatIfCommand::Take(at));
        }
        ui.label(mono(cx.theme, signed_percent(one.change)).color(cx.theme.surfaces.strong));
        let edits = weak(cx.theme, one.edits.join(" ")).font(cx.theme.mono());
        ui.add(Label::new(edits).truncate()).on_hover_text("As the command line takes them");
    });
}
