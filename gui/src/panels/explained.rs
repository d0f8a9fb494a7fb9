//! What is selected, in sentences, over the lower edge of the timeline: what is explained stays in sight, and a click on
//! something else explains that.

use egui::{Align2, Id, Ui, Window, vec2};

use super::{
    glossed::glossed_ui,
    widgets::{Cx, weak},
};
use crate::{
    app::{Command, Overlay},
    timeline::Selection,
};

const WIDTH: f32 = 560.0;
/// Points from the lower edge of the window.
const ABOVE: f32 = 64.0;

/// The sheet, while it is open.
pub(crate) fn explained_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.overlay != Overlay::Explanation {
        return;
    }
    let mut is_open = true;
    let width = WIDTH.min(ui.ctx().content_rect().width() - 32.0);
    let window = Window::new("Explain this")
        .id(Id::unique("explain this"))
        .open(&mut is_open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -ABOVE));
    window.show(ui.ctx(), |ui| {
        ui.set_width(width);
        sentences_ui(ui, cx);
    });
    if !is_open {
        cx.send(Command::ToggleExplanation);
    }
}

fn sentences_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let theme = cx.theme;
    let is_explained = cx.state.document().is_some_and(|document| document.is_explained);
    let selection = cx.state.view().map(|view| &view.selection);
    if !is_explained || selection.is_none_or(|selection| *selection == Selection::None) {
        let text = if is_explained {
            "Nothing is selected: click an op or a block, or drag over a stretch of time."
        } else {
            "There is nothing to explain yet."
        };
        ui.label(weak(theme, text));
        return;
    }
    let Some(sentences) = &cx.state.explaining.sentences else {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label(weak(theme, "Working it out…"));
        });
        return;
    };
    for (at, sentence) in sentences.iter().enumerate() {
        let ink = if at == 0 { theme.surfaces.strong } else { theme.surfaces.text };
        glossed_ui(ui, theme, sentence, (theme.body(), ink));
    }
    if ui.small_button("Copy").on_hover_text("All of it as text").clicked() {
        cx.send(Command::Copy(sentences.join("\n")));
    }
}
