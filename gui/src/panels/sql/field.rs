//! The field that a query is written in, and what helps to write one.

use egui::{Id, Key, KeyboardShortcut, Label, Modifiers, RichText, ScrollArea, TextEdit, Ui};
use weftscope_query::{QUESTIONS, known_tables};

use super::tracks;
use crate::{
    app::{Command, SqlCommand, SqlShown},
    jobs::JobKind,
    panels::widgets::{Cx, mono, name_widget, weak},
};

const RUN: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Enter);

/// Points of a line of the field.
pub(super) const ROW: f32 = 15.0;

/// Run, stop, ready questions, tables, and the tracks where they have no room of their own.
pub(super) fn bar_ui(ui: &mut Ui, cx: &mut Cx<'_>, has_tracks: bool) {
    let state = cx.state;
    ui.horizontal(|ui| {
        let running = state.jobs.iter().find(|job| job.kind == JobKind::Sql);
        match running {
            Some(job) if !job.is_cancelled() => {
                if ui.button("Stop").clicked() {
                    cx.send(Command::CancelJob(job.id));
                }
            }
            _ => {
                let is_ready = !state.sql.query.trim().is_empty();
                let keys = crate::keys::in_words(ui.ctx(), &RUN);
                let run = ui.add_enabled(is_ready, egui::Button::new("Run"));
                if run.on_hover_text(keys).clicked() {
                    cx.sql(SqlCommand::Run);
                }
            }
        }
        ui.menu_button("Questions", |ui| {
            for question in QUESTIONS {
                let button = ui.button(question.name).on_hover_text(question.about);
                if button.clicked() {
                    cx.sql(SqlCommand::Ready(question.name));
                }
            }
        });
        ui.menu_button("Tables", |ui| tables_ui(ui, cx));
        if has_tracks && tracks::is_there(cx) {
            ui.menu_button("Tracks", |ui| tracks::tracks_ui(ui, cx));
        }
        if running.is_some() {
            ui.spinner();
        }
    });
}

/// What can stand behind `from`; a click writes its name.
fn tables_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
        for table in known_tables() {
            let (shown, columns) = match table.is_function {
                true => (
                    format!("{}({})", table.name, table.hidden.join(", ")),
                    format!("answers {}", table.columns.join(", ")),
                ),
                false => (table.name.clone(), table.columns.join(", ")),
            };
            if ui.button(&shown).on_hover_text(columns).clicked() {
                let query = &cx.state.sql.query;
                let query = match query.trim().is_empty() {
                    true => format!("select * from {shown} limit 100"),
                    false => format!("{query} {shown}"),
                };
                cx.sql(SqlCommand::Type(query));
            }
        }
    });
}

/// The query.
pub(super) fn field_ui(ui: &mut Ui, cx: &mut Cx<'_>, rows: usize) {
    let id = Id::unique("sql query");
    let has_focus = ui.memory(|memory| memory.has_focus(id));
    let asked = has_focus && ui.input_mut(|input| input.consume_shortcut(&RUN));
    let mut text = cx.state.sql.query.clone();
    let height = ROW * rows as f32;
    ScrollArea::vertical().id_salt("query").max_height(height).show(ui, |ui| {
        let edit = TextEdit::multiline(&mut text)
            .id(id)
            .font(cx.theme.mono())
            .hint_text(
                "select name, count(*), sum(dur) from gpu_slice group by name order by 3 desc",
            )
            .desired_rows(rows)
            .desired_width(f32::INFINITY);
        let response = ui.add(edit);
        name_widget(&response, "Query");
        if response.changed() {
            cx.sql(SqlCommand::Type(text));
        }
    });
    if asked {
        cx.sql(SqlCommand::Run);
    }
}

/// Why the query has no answer, and where in it.
pub(super) fn failure_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let SqlShown::Failed(failure) = &cx.state.sql.shown else { return };
    let theme = cx.theme;
    let why = match &failure.place {
        Some(place) => format!("Line {}, column {}: {}", place.line, place.column, failure.why),
        None => failure.why.clone(),
    };
    ui.add(Label::new(RichText::new(why).color(theme.surfaces.error)).wrap());
    let Some(place) = &failure.place else { return };
    // The line around the place, and a sign under it.
    let from = place.column.saturating_sub(32);
    let part: String = place.text.chars().skip(from).take(64).collect();
    let sign = format!("{}^", " ".repeat(place.column - 1 - from));
    ui.add(Label::new(mono(theme, part)).extend());
    ui.add(Label::new(weak(theme, sign).font(theme.mono())).extend());
}
