//! The ops of both, largest change first; a click goes there in both.

use egui::{Align, Label, Layout, Sense, Ui};
use egui_extras::{Column, TableBuilder};
use weftscope_traces::{
    analysis::{CompareReport, OneSidedOp, OpKey},
    words::signed_duration,
};

use crate::{
    app::{Command, CompareCommand},
    panels::widgets::{Cx, mono, weak},
    theme::number,
};

/// A row as it is written.
struct Row<'a> {
    op: &'a OpKey,
    runs: String,
    means: [String; 2],
    ratio: String,
    change_ns: f64,
}

const HEADS: [(&str, &str); 6] = [
    ("op", "A click goes to its longest run"),
    ("runs", "Runs in the first and in the second, iterations and ranks together"),
    ("first", "Mean of one run"),
    ("second", "Mean of one run"),
    ("ratio", "Second over first"),
    ("change", "Of all its runs, an iteration and rank"),
];

/// The table.
pub(super) fn ops_ui(ui: &mut Ui, cx: &mut Cx<'_>, report: &CompareReport) {
    let rows = rows(report);
    // Beside the scroll bar, which would lie on the last digits.
    ui.set_max_width(ui.available_width() - 12.0);
    let table = TableBuilder::new(ui)
        .id_salt("compared ops")
        .sense(Sense::click())
        .column(Column::remainder().at_least(96.0).clip(true))
        .columns(Column::auto().at_least(64.0), HEADS.len() - 1)
        .cell_layout(Layout::right_to_left(Align::Center));
    let table = table.header(20.0, |mut header| {
        for (column, (head, tooltip)) in HEADS.into_iter().enumerate() {
            header.col(|ui| {
                let layout = layout(column);
                ui.with_layout(layout, |ui| ui.label(weak(cx.theme, head)).on_hover_text(tooltip));
            });
        }
    });
    table.body(|body| {
        body.rows(18.0, rows.len(), |mut line| {
            let row = &rows[line.index()];
            let change = format!("{:>9}", signed_duration(row.change_ns));
            let cells =
                [&row.op.name, &row.runs, &row.means[0], &row.means[1], &row.ratio, &change];
            for (column, text) in cells.into_iter().enumerate() {
                line.col(|ui| {
                    let text = mono(cx.theme, text);
                    ui.with_layout(layout(column), |ui| {
                        ui.add(Label::new(text).truncate().selectable(false));
                    });
                });
            }
            if line.response().on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
                cx.send(Command::Compare(CompareCommand::GoTo(row.op.clone())));
            }
        });
    });
}

fn layout(column: usize) -> Layout {
    if column == 0 {
        Layout::left_to_right(Align::Center)
    } else {
        Layout::right_to_left(Align::Center)
    }
}

/// Ops of both and of one alone, largest change first.
fn rows(report: &CompareReport) -> Vec<Row<'_>> {
    let mean = |ns: f64| number::duration_fixed(ns.round() as i64);
    let none = || "—".to_owned();
    let both = report.both.iter().map(|op| Row {
        op: &op.op,
        runs: runs(op.durations.map(|durations| durations.count)),
        means: op.durations.map(|durations| mean(durations.mean_ns())),
        ratio: op.mean_ratio.map_or_else(none, number::ratio),
        change_ns: op.change_ns,
    });
    let one = |op: &'_ OneSidedOp| mean(op.durations.mean_ns());
    let removed = report.removed.iter().map(|op| Row {
        op: &op.op,
        runs: runs([op.durations.count, 0]),
        means: [one(op), none()],
        ratio: none(),
        change_ns: -op.per_iteration_ns,
    });
    let added = report.added.iter().map(|op| Row {
        op: &op.op,
        runs: runs([0, op.durations.count]),
        means: [none(), one(op)],
        ratio: none(),
        change_ns: op.per_iteration_ns,
    });
    let mut rows: Vec<Row<'_>> = both.chain(removed).chain(added).collect();
    rows.sort_by(|a, b| b.change_ns.abs().total_cmp(&a.change_ns.abs()));
    rows
}

/// `8` where both run an op as often, else `8 → 4`.
fn runs([first, second]: [usize; 2]) -> String {
    if first == second {
        return number::count(first as u64);
    }
    format!("{} → {}", number::count(first as u64), number::count(second as u64))
}
