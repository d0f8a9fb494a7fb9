//! Aggregates of a selected range: per op and per row, sortable, to copy.

use egui::Ui;
use weftscope_traces::analysis::{SelectedComm, SelectedOp, SelectedTrack};

use super::{
    table::{Cell, Head, Rows, Table},
    widgets::{Cx, weak},
};
use crate::{
    app::{Command, Document, RangeTables, TableId},
    theme::number,
    timeline::RangeSelection,
};

/// Both tables, side by side where there is room.
pub(super) fn tables_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, range: &RangeSelection) {
    let state = cx.state;
    let Some(tables) = &state.tables else {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label(weak(cx.theme, "Aggregating…"));
        });
        return;
    };
    let both = ui.available_width() >= BOTH_WIDTH;
    let shown = state.table_shown;
    ui.horizontal(|ui| {
        ui.label(weak(cx.theme, summary(tables, range)));
        for (table, name) in [(TableId::Ops, "per op"), (TableId::Rows, "per row")] {
            if !both && ui.selectable_label(shown == table, name).clicked() {
                cx.send(Command::ShowTable(table));
            }
        }
    });
    if both {
        ui.columns_const(|[left, right]| {
            table_ui(left, cx, per_op(tables));
            table_ui(right, cx, per_row(tables, document));
        });
    } else if shown == TableId::Ops {
        table_ui(ui, cx, per_op(tables));
    } else {
        table_ui(ui, cx, per_row(tables, document));
    }
}

/// `35.1 µs selected: 12 ops; communication 20.0 µs: 12.0 µs hidden, 8.00 µs exposed`.
fn summary(tables: &RangeTables, range: &RangeSelection) -> String {
    let span = number::duration_ns(range.span.len_ns());
    let count = number::counted(tables.count as u64, tables.counted.noun());
    let mut text = format!("{span} selected: {count}");
    if tables.host > 0 {
        text += &format!(", {}", number::counted(tables.host as u64, "host call"));
    }
    let SelectedComm { ranks, comm_ns, hidden_ns, exposed_ns } = tables.comm;
    if comm_ns > 0 {
        let [comm, hidden, exposed] = [comm_ns, hidden_ns, exposed_ns].map(number::duration_ns);
        let over = if ranks > 1 { format!(" over {ranks} ranks") } else { String::new() };
        text += &format!("; communication {comm}{over}: {hidden} hidden, {exposed} exposed");
    }
    text
}

/// From this width on, both tables fit beside each other without a cut digit.
const BOTH_WIDTH: f32 = 1160.0;

const OPS: &[Head<'static>] = &[
    Head::text("op", ""),
    Head::number("kind", ""),
    Head::number("count", ""),
    Head::number("inside", "Time inside the range, summed"),
    Head::number("mean", "Mean duration, whole where the range cuts it"),
    Head::number("max", "The longest, whole where the range cuts it"),
    Head::number("busy", "Share of the range on the rows where something runs"),
];

const ROWS: &[Head<'static>] = &[
    Head::text("row", ""),
    Head::number("slices", ""),
    Head::number("busy", "Time in the range with at least one slice"),
    Head::number("share", "The same as a share of the range"),
    Head::number("mean", "Mean duration, whole where the range cuts it"),
];

fn table_ui(ui: &mut Ui, cx: &mut Cx<'_>, table: Table<'_>) {
    // In a row of its own: a column of two would stretch the button.
    ui.horizontal(|ui| table.copy_ui(ui, cx));
    table.show(ui, cx);
}

fn per_op(tables: &RangeTables) -> Table<'_> {
    fn row(op: &SelectedOp) -> Vec<Cell<'_>> {
        vec![
            Cell::text(op.name.as_str()),
            Cell::text(op.kind.words()),
            Cell::Count(op.durations.count as u64),
            Cell::Duration(op.inside_ns as f64),
            Cell::Duration(op.mean_ns),
            Cell::Duration(op.durations.max_ns as f64),
            Cell::Share(op.busy_share),
        ]
    }
    let rows = tables.by_op.iter().map(row).collect();
    Table { id: TableId::Ops, heads: OPS, rows: Rows::All(rows), is_clickable: false, chosen: None }
}

fn per_row<'a>(tables: &RangeTables, document: &'a Document) -> Table<'a> {
    let name = |track| {
        let track = document.trace.track(track);
        match track.kind.rank() {
            Some(rank) => Cell::text(format!("rank {rank} · {}", track.name)),
            None => Cell::text(track.name.as_str()),
        }
    };
    let row = |row: &SelectedTrack| {
        vec![
            name(row.track),
            Cell::Count(row.slices as u64),
            Cell::Duration(row.busy_ns as f64),
            Cell::Share(row.busy_share),
            Cell::Duration(row.mean_ns),
        ]
    };
    let rows = tables.by_track.iter().map(row).collect();
    Table {
        id: TableId::Rows,
        heads: ROWS,
        rows: Rows::All(rows),
        is_clickable: false,
        chosen: None,
    }
}
