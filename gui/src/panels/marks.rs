//! The marks of a recording, one a line.

use egui::{Grid, ScrollArea, Ui};

use super::widgets::{Cx, mono, weak};
use crate::{
    app::{Command, MarkStore, Shown},
    theme::number,
    timeline::ViewCommand,
};

/// All marks with their lengths, and how far each is from the one before.
pub(super) fn marks_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let Some(view) = state.view() else { return };
    let marks = view.marks.list();
    let place = kept(cx);
    if marks.is_empty() {
        let text = "No marks: M marks the selection, or the time under the pointer when nothing is selected.";
        ui.label(weak(cx.theme, text));
        ui.label(weak(cx.theme, place).font(cx.theme.small()));
        return;
    }
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        Grid::new("marks").num_columns(6).spacing([16.0, 4.0]).show(ui, |ui| {
            for heading in ["mark", "at", "long", "after the one before", "note", ""] {
                ui.label(weak(cx.theme, heading));
            }
            ui.end_row();
            let mut before: Option<i64> = None;
            for (at, mark) in marks.iter().enumerate() {
                let name = if mark.name.is_empty() { "unnamed" } else { &mark.name };
                if ui.link(name).on_hover_text("Go there").clicked() {
                    cx.send(Command::View(ViewCommand::ShowMark(at)));
                }
                let start_ns = mark.span.start_ns;
                ui.label(mono(cx.theme, number::time_at(start_ns - view.zero_ns, 1)));
                let long = match mark.span.len_ns() {
                    0 => String::new(),
                    length => number::duration_ns(length),
                };
                ui.label(mono(cx.theme, long));
                let since = before.map(|before| number::duration_ns(start_ns - before));
                ui.label(mono(cx.theme, since.unwrap_or_default()));
                ui.label(mark.note.lines().next().unwrap_or_default()).on_hover_text(&mark.note);
                ui.horizontal(|ui| {
                    if ui.small_button("Edit").clicked() {
                        cx.send(Command::View(ViewCommand::ShowMark(at)));
                        cx.send(Command::View(ViewCommand::OpenMark(Some(at))));
                    }
                    if ui.small_button("Delete").clicked() {
                        cx.send(Command::View(ViewCommand::RemoveMark(at)));
                    }
                });
                ui.end_row();
                before = Some(start_ns);
            }
        });
        ui.label(weak(cx.theme, place).font(cx.theme.small()));
    });
}

/// Where they are kept.
fn kept(cx: &Cx<'_>) -> String {
    let session = "Kept for this session only.".to_owned();
    let Shown::File(id) = cx.state.shown else { return session };
    match cx.state.open_document(id).map(|open| &open.marks) {
        Some(MarkStore::Beside { path, .. } | MarkStore::Reading(path)) => {
            format!("Kept in {}", path.display())
        }
        Some(MarkStore::Session) | None => session,
    }
}
