use egui::{FontSelection, Key, KeyboardShortcut, Modifiers, Rect, TextEdit, Ui, vec2};

use super::{
    icon::{Icon, icon_button},
    widgets::{Cx, name_widget, weak},
};
use crate::{
    app::{Command, Document, State},
    keys::take,
    timeline::{ViewCommand, ViewState, filter_rect},
};

/// Goes to the field.
pub(super) const FILTER_KEY: KeyboardShortcut =
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::F);

/// A field over the names of rows that leaves only those with its text in them, for a timeline drawn in `whole`.
pub(super) fn row_filter_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (document, view): (&Document, &ViewState),
    whole: Rect,
) {
    let Some(place) = filter_rect(&document.timeline, whole) else { return };
    let mut text = view.rows.filter.clone();
    let room = if text.is_empty() { 0.0 } else { 20.0 };
    let hint = if place.width() < 100.0 { "Filter" } else { "Filter rows" };
    let edit = TextEdit::singleline(&mut text)
        .font(FontSelection::FontId(cx.theme.small()))
        .hint_text(weak(cx.theme, hint).font(cx.theme.small()))
        .desired_width(place.width());
    let field = Rect::from_min_max(place.min + vec2(4.0, 3.0), place.max - vec2(6.0 + room, 3.0));
    let response = ui.put(field, edit);
    name_widget(&response, "Filter rows");
    if ui.input_mut(|input| take(input, &FILTER_KEY)) {
        response.request_focus();
    }
    if response.changed() {
        cx.send(Command::View(ViewCommand::FilterRows(text)));
    }
    let tooltip = "Only rows with this in their names, such as comm, DRAM or SM 17 (Ctrl+Shift+F)";
    response.on_hover_text(tooltip);
    if room > 0.0 {
        let cross = Rect::from_min_max(field.right_top() + vec2(0.0, -1.0), place.max);
        let clear = |ui: &mut Ui| icon_button(ui, Icon::Cross, "Clear the row filter", "All rows");
        if ui.scope_builder(egui::UiBuilder::new().max_rect(cross), clear).inner.clicked() {
            cx.send(Command::View(ViewCommand::FilterRows(String::new())));
        }
    }
}

/// `3 rows hidden · only rows with hbm`, at the foot of the window; a click shows all.
pub(super) fn hidden_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(text) = hidden(cx.state) else { return };
    let text = weak(cx.theme, text).font(cx.theme.small()).color(cx.theme.surfaces.accent);
    if ui.link(text).on_hover_text("Show all rows").clicked() {
        cx.send(Command::View(ViewCommand::ShowAllRows));
    }
}

/// What is not shown; `None` when everything is.
fn hidden(state: &State) -> Option<String> {
    let (document, view) = (state.document()?, state.view()?);
    let hidden = match view.rows.num_hidden(&document.timeline) {
        0 => None,
        count => Some(format!("{} hidden", crate::theme::number::counted(count as u64, "row"))),
    };
    let filter = &view.rows.filter;
    let filtered = (!filter.is_empty()).then(|| format!("only rows with “{filter}”"));
    let parts: Vec<String> = hidden.into_iter().chain(filtered).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}
