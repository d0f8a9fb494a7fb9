//! The answer of a query: how much it is, what can be done with it, and its rows.

use egui::{ScrollArea, TextEdit, Ui};
use weftscope_traces::tables::TableFormat;

use crate::{
    app::{Command, SqlAnswer, SqlCell, SqlCommand, SqlShown, TableId},
    jobs::{ExportFormat, JobKind},
    panels::{
        table::{Cell, Head, Rows, Table},
        widgets::{Cx, name_widget, weak},
    },
    theme::number,
};

/// Points of a letter of a table, and what a column needs beside its letters.
const LETTER: f32 = 7.0;
const AROUND: f32 = 14.0;
/// Points that a column has at first, at most.
const WIDEST: f32 = 420.0;
/// Points that are left to a column of text.
const TEXT_LEAST: f32 = 160.0;
/// Rows that say how wide columns are.
const SAMPLE: usize = 100;

/// The answer, or what there is instead.
pub(super) fn answer_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let Some(answer) = state.sql.answer() else {
        let is_running = state.jobs.iter().any(|job| job.kind == JobKind::Sql);
        if matches!(state.sql.shown, SqlShown::Nothing) && !is_running {
            let text = "A query over this recording, in SQL with Perfetto's names of tables: write one, or take a ready question.";
            ui.label(weak(cx.theme, text));
        }
        return;
    };
    let units: Vec<Unit> = (0..answer.names.len()).map(|at| Unit::of(answer, at)).collect();
    let mut heads: Vec<Head<'_>> =
        units.iter().enumerate().map(|(at, unit)| head(answer, at, *unit)).collect();
    fit(&mut heads, ui.available_width() - ui.spacing().scroll.allocated_width());
    let row = |at: usize| -> Vec<Cell<'_>> {
        let cells = answer.rows.get(at).into_iter().flatten();
        cells.zip(&units).map(|(cell, unit)| unit.cell(cell)).collect()
    };
    let rows = Rows::Asked { len: answer.rows.len(), order: &state.sql.order, row: &row };
    let is_clickable = answer.leads_somewhere();
    let table = Table { id: TableId::Sql, heads: &heads, rows, is_clickable, chosen: None };
    bar_ui(ui, cx, answer, &table);
    if answer.rows.is_empty() {
        return;
    }
    let mut clicked = None;
    ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
        ui.set_width(width(&heads).max(ui.clip_rect().width()));
        clicked = table.show(ui, cx);
    });
    if let Some(row) = clicked {
        cx.sql(SqlCommand::GoTo(row));
    }
}

/// Points that the columns need together.
fn width(heads: &[Head<'_>]) -> f32 {
    heads.iter().filter_map(|head| head.width).map(|width| width + 8.0).sum()
}

/// Takes from columns of text what the columns need more than there is room for: of a number half is another number.
fn fit(heads: &mut [Head<'_>], room: f32) {
    let spare = |head: &Head<'_>| match head.width {
        Some(width) if head.is_text => (width - TEXT_LEAST).max(0.0),
        _ => 0.0,
    };
    let spares: f32 = heads.iter().map(spare).sum();
    let share = ((width(heads) - room) / spares.max(1.0)).clamp(0.0, 1.0);
    for head in heads {
        head.width = head.width.map(|width| width - spare(head) * share);
    }
}

/// How many rows in what time, and where they can go.
fn bar_ui(ui: &mut Ui, cx: &mut Cx<'_>, answer: &SqlAnswer, table: &Table<'_>) {
    ui.horizontal_wrapped(|ui| {
        ui.label(weak(cx.theme, said(answer)));
        if answer.rows.is_empty() {
            return;
        }
        table.copy_ui(ui, cx);
        ui.menu_button("Save as", |ui| {
            for (name, format) in [
                ("CSV…", TableFormat::Csv),
                ("JSON…", TableFormat::Json),
                #[cfg(not(target_arch = "wasm32"))]
                ("Parquet…", TableFormat::Parquet),
            ] {
                if ui.button(name).on_hover_text("All rows, asked anew").clicked() {
                    cx.send(Command::AskExport(ExportFormat::Rows(format)));
                }
            }
        });
        if !answer.has_times() {
            return;
        }
        let help = "Its rows as stretches in the timeline: by ts and dur, and name, rank and track where it has them";
        if ui.button("As a track").on_hover_text(help).clicked() {
            cx.sql(SqlCommand::AsTrack);
        }
        let mut name = cx.state.sql.track_name.clone();
        let edit = TextEdit::singleline(&mut name).hint_text("its name").desired_width(110.0);
        let response = ui.add(edit);
        name_widget(&response, "Name of the track");
        if response.changed() {
            cx.sql(SqlCommand::NameTrack(name));
        }
    });
}

/// `1 234 rows in 12.3 ms`, `the first 10 000 of more rows in 1.20 s`.
fn said(answer: &SqlAnswer) -> String {
    let took = number::duration_ns((answer.took_s * 1e9) as i64);
    let count = answer.rows.len() as u64;
    let mut said = match answer.has_more {
        true => format!("the first {} of more rows in {took}", number::count(count)),
        false => format!("{} in {took}", number::counted(count, "row")),
    };
    if !answer.passed_over.is_empty() {
        said += &format!("; passed over: {}", answer.passed_over.join(", "));
    }
    said
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// Durations in nanoseconds, as the column's name says.
    Ns,
    /// Numbers.
    Number,
    /// Anything.
    Text,
}

impl Unit {
    fn of(answer: &SqlAnswer, column: usize) -> Self {
        let cells = || answer.rows.iter().filter_map(|row| row.get(column));
        if cells().any(|cell| matches!(cell, SqlCell::Text(_))) {
            return Self::Text;
        }
        let name = answer.names[column].to_ascii_lowercase();
        let is_duration = name == "dur" || name.ends_with("_ns") || name.ends_with("(dur)");
        // Points in time are copied into the next query.
        if is_duration && name != "start_ns" && name != "end_ns" { Self::Ns } else { Self::Number }
    }

    fn cell<'a>(self, cell: &'a SqlCell) -> Cell<'a> {
        match (self, cell) {
            (_, SqlCell::Null) => Cell::Unknown,
            (Self::Ns, SqlCell::Int(ns)) => Cell::Exact(*ns),
            (Self::Ns, SqlCell::Real(ns)) => Cell::Duration(*ns),
            (_, SqlCell::Int(int)) => Cell::Plain(int.to_string().into()),
            (_, SqlCell::Real(real)) => Cell::Plain(real.to_string().into()),
            (_, SqlCell::Text(text)) => Cell::text(text.as_str()),
        }
    }

    fn num_letters(self, cell: &SqlCell) -> usize {
        match (self, cell) {
            (_, SqlCell::Null) => 1,
            (Self::Ns, _) => 8,
            (_, SqlCell::Int(int)) => int.to_string().len(),
            (_, SqlCell::Real(real)) => real.to_string().len(),
            (_, SqlCell::Text(text)) => text.chars().count(),
        }
    }
}

fn head(answer: &SqlAnswer, column: usize, unit: Unit) -> Head<'_> {
    let name = answer.names[column].as_str();
    let cells = answer.rows.iter().take(SAMPLE).filter_map(|row| row.get(column));
    let letters = cells.map(|cell| unit.num_letters(cell)).max().unwrap_or(0);
    // The sign of the order stands behind the name.
    let letters = letters.max(name.chars().count() + 2);
    let width = (letters as f32 * LETTER + AROUND).min(WIDEST);
    let head = match unit {
        Unit::Text => Head::text(name, ""),
        _ => Head::number(name, ""),
    };
    Head { width: Some(width), ..head }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_way_to_numbers_where_there_is_no_room() {
        let heads = |text: f32| {
            let number = |name| Head { width: Some(92.0), ..Head::number(name, "") };
            let text = Head { width: Some(text), ..Head::text("name", "") };
            [text, number("n"), number("total_ns")]
        };
        let fitted = |text, room| {
            let mut heads = heads(text);
            fit(&mut heads, room);
            heads.map(|head| head.width.unwrap())
        };
        assert_eq!(fitted(420.0, 1000.0), [420.0, 92.0, 92.0], "there is room");
        assert_eq!(fitted(420.0, 528.0), [320.0, 92.0, 92.0], "the name gives way");
        assert_eq!(fitted(420.0, 100.0), [160.0, 92.0, 92.0], "to a limit, then it scrolls");
        assert_eq!(fitted(100.0, 100.0), [100.0, 92.0, 92.0], "a short name is left alone");
    }
}
