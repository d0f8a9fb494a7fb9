//! A list to choose from: each name with what it is, or why it cannot be chosen.

use egui::{ComboBox, TextFormat, Ui, text::LayoutJob};

use crate::panels::widgets::{Cx, name_widget};

/// One of several values.
pub(super) struct Choice<T> {
    /// Its name.
    pub(super) name: String,
    /// What it is, or why it cannot be chosen.
    pub(super) line: Result<String, String>,
    /// What is chosen with it.
    pub(super) value: T,
}

/// A list of choices under the widget name `what`; gives the value chosen. The choices are only made while it is open.
pub(super) fn choice_ui<T>(
    ui: &mut Ui,
    cx: &Cx<'_>,
    what: &str,
    current: &str,
    choices: impl IntoIterator<Item = Choice<T>>,
) -> Option<T> {
    let mut chosen = None;
    // The whole list at once, where the window is high enough.
    let height = ui.ctx().content_rect().height() - 80.0;
    let combo = ComboBox::from_id_salt(what)
        .width(ui.available_width())
        .height(height)
        .selected_text(current)
        .truncate();
    let shown = combo.show_ui(ui, |ui| {
        ui.set_min_width(280.0);
        for choice in choices {
            let is_current = choice.name == current;
            ui.add_enabled_ui(choice.line.is_ok(), |ui| {
                if two_lines_ui(ui, cx, is_current, &choice) {
                    chosen = Some(choice.value);
                }
            });
        }
    });
    name_widget(&shown.response, what);
    // A name too long for the panel.
    shown.response.on_hover_text(current);
    chosen
}

/// A row of a list: a name, and what it is in a weaker line below. True when it was clicked.
fn two_lines_ui<T>(ui: &mut Ui, cx: &Cx<'_>, selected: bool, choice: &Choice<T>) -> bool {
    let Choice { name, line: Ok(line) | Err(line), .. } = choice;
    let mut job = LayoutJob::default();
    let colour = if ui.is_enabled() { cx.theme.surfaces.text } else { cx.theme.surfaces.weak };
    job.append(name, 0.0, TextFormat::simple(cx.theme.body(), colour));
    let format = TextFormat::simple(cx.theme.small(), cx.theme.surfaces.weak);
    job.append(&format!("\n{line}"), 0.0, format);
    let response = ui.selectable_label(selected, job);
    name_widget(&response, name);
    response.clicked()
}
