//! Communication, op by op, by how much of it is exposed.

use egui::{Label, Ui};
use weftscope_traces::{
    Split,
    analysis::{ExposedReport, RankExposed},
};

use super::{go_to, iteration_cell, parts_ui, selected_op};
use crate::{
    app::{Document, TableId},
    panels::{
        table::{Cell, Head, Rows, Table},
        widgets::{Cx, weak},
    },
    theme::number,
};

const HEADS: &[Head<'static>] = &[
    Head::text("collective", ""),
    Head::number("rank", ""),
    Head::number("layer", "").from(420.0),
    Head::number("iteration", "In which it starts").from(760.0),
    Head::number("exposed", "Time without computation of the same rank beside it"),
    Head::number("share", "Of its duration").from(480.0),
    Head::number("duration", ""),
    Head::number(
        "waiting",
        "Time in it, exposed or not, before the last rank had arrived; not known with one rank",
    )
    .from(560.0),
    Head::number("at", "When it starts").from(700.0),
];

/// The ops, the most exposed first.
pub(super) fn exposed_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    document: &Document,
    report: &ExposedReport,
) {
    let selected = selected_op(cx, document);
    let theme = cx.theme;
    let rows = report.most.iter().map(|op| {
        let exposed_ns = op.exposed_ns as f64;
        vec![
            Cell::Named(theme.kind(op.kind, Split::Whole), &op.name),
            Cell::Count(op.rank.into()),
            op.layer.map_or(Cell::Unknown, |layer| Cell::Count(layer.into())),
            iteration_cell(document, op.rank, op.iteration),
            Cell::Duration(exposed_ns),
            Cell::Share(exposed_ns / op.duration_ns.max(1) as f64),
            Cell::Duration(op.duration_ns as f64),
            op.wait_ns.map_or(Cell::Unknown, |ns| Cell::Duration(ns as f64)),
            Cell::Time(op.start_ns),
        ]
    });
    let table = Table {
        id: TableId::Exposed,
        heads: HEADS,
        rows: Rows::All(rows.collect()),
        is_clickable: true,
        chosen: report.most.iter().position(|op| Some(op.slice) == selected),
    };
    parts_ui(ui, cx, Some(&table));
    ui.add(Label::new(weak(cx.theme, summary(report))).wrap());
    if report.most.is_empty() {
        return;
    }
    if let Some(row) = table.show(ui, cx) {
        go_to(cx, report.most[row].slice);
    }
}

/// `12.0 µs of 40.0 µs of communication is exposed, over 2 ranks (7.00 µs and 5.00 µs)`.
fn summary(report: &ExposedReport) -> String {
    let comm_ns: i64 = report.ranks.iter().map(|rank| rank.comm_ns).sum();
    let exposed_ns: i64 = report.ranks.iter().map(|rank| rank.exposed_ns).sum();
    if comm_ns == 0 {
        return "Nothing communicates here.".to_owned();
    }
    if exposed_ns == 0 {
        return "All communication is hidden.".to_owned();
    }
    let [comm, exposed] = [comm_ns, exposed_ns].map(number::duration_ns);
    let share = number::percent(exposed_ns as f64 / comm_ns as f64);
    let mut text = format!("{exposed} of {comm} of communication is exposed, {share}");
    if report.ranks.len() > 1 {
        let of = |rank: &RankExposed| {
            format!("{} on rank {}", number::duration_ns(rank.exposed_ns), rank.rank)
        };
        let ranks: Vec<String> = report.ranks.iter().map(of).collect();
        text += &format!(": {}", ranks.join(", "));
    }
    if report.count > report.most.len() {
        text += &format!("; the {} most exposed ops:", number::count(report.most.len() as u64));
    }
    text
}
