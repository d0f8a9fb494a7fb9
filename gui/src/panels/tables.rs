//! Aggregates of a selected range: per op and per row, sortable, to copy.

use egui::{Align, Layout, Ui};
use egui_extras::{Column, TableBuilder};
use weftscope_traces::analysis::SelectedComm;

use super::widgets::{Cx, mono, weak};
use crate::{
    app::{Command, Document, RangeTables, SortKey, TableId, TableSort},
    theme::number,
    timeline::RangeSelection,
};

/// A cell: what it sorts by, and how it is written.
struct Cell {
    sort: f64,
    text: String,
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self { sort: f64::NAN, text: text.into() }
    }

    fn number(sort: f64, text: String) -> Self {
        Self { sort, text }
    }

    fn duration(ns: f64) -> Self {
        Self::number(ns, number::duration_fixed(ns.round() as i64))
    }
}

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
            table_ui(left, cx, TableId::Ops, OPS, op_rows(tables));
            table_ui(right, cx, TableId::Rows, ROWS, track_rows(tables, document));
        });
    } else if shown == TableId::Ops {
        table_ui(ui, cx, TableId::Ops, OPS, op_rows(tables));
    } else {
        table_ui(ui, cx, TableId::Rows, ROWS, track_rows(tables, document));
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

const OPS: &[&str] = &["op", "kind", "count", "inside", "mean", "max", "busy"];
const ROWS: &[&str] = &["row", "slices", "busy", "share", "mean"];

fn op_rows(tables: &RangeTables) -> Vec<Vec<Cell>> {
    let row = |op: &weftscope_traces::analysis::SelectedOp| {
        vec![
            Cell::text(&op.name),
            Cell::text(op.kind.name()),
            Cell::number(op.durations.count as f64, number::count(op.durations.count as u64)),
            Cell::duration(op.inside_ns as f64),
            Cell::duration(op.mean_ns),
            Cell::duration(op.durations.max_ns as f64),
            Cell::number(op.busy_share, number::percent_fixed(op.busy_share)),
        ]
    };
    tables.by_op.iter().map(row).collect()
}

fn track_rows(tables: &RangeTables, document: &Document) -> Vec<Vec<Cell>> {
    let name = |track| {
        let track = document.trace.track(track);
        match track.kind.rank() {
            Some(rank) => format!("rank {rank} · {}", track.name),
            None => track.name.clone(),
        }
    };
    let row = |row: &weftscope_traces::analysis::SelectedTrack| {
        vec![
            Cell::text(name(row.track)),
            Cell::number(row.slices as f64, number::count(row.slices as u64)),
            Cell::duration(row.busy_ns as f64),
            Cell::number(row.busy_share, number::percent_fixed(row.busy_share)),
            Cell::duration(row.mean_ns),
        ]
    };
    tables.by_track.iter().map(row).collect()
}

fn sorted(mut rows: Vec<Vec<Cell>>, sort: Option<TableSort>) -> Vec<Vec<Cell>> {
    let Some(TableSort { column, key }) = sort else { return rows };
    rows.sort_by(|a, b| {
        let (Some(a), Some(b)) = (a.get(column), b.get(column)) else {
            return std::cmp::Ordering::Equal;
        };
        let order = if a.sort.is_nan() { a.text.cmp(&b.text) } else { a.sort.total_cmp(&b.sort) };
        if key == SortKey::Descending { order.reverse() } else { order }
    });
    rows
}

fn table_ui(ui: &mut Ui, cx: &mut Cx<'_>, id: TableId, heads: &[&str], rows: Vec<Vec<Cell>>) {
    let sort = cx.state.table_sort(id);
    let rows = sorted(rows, sort);
    ui.horizontal(|ui| {
        if ui.button("Copy as TSV").on_hover_text("For a spreadsheet").clicked() {
            cx.send(Command::Copy(tsv(heads, &rows)));
        }
    });
    ui.push_id(id, |ui| {
        let table = TableBuilder::new(ui)
            .column(Column::remainder().at_least(96.0).clip(true))
            .columns(Column::auto().at_least(58.0), heads.len() - 1)
            .cell_layout(Layout::right_to_left(Align::Center));
        let table = table.header(20.0, |mut header| {
            for (column, head) in heads.iter().enumerate() {
                header.col(|ui| {
                    let sign = match sort.filter(|sort| sort.column == column) {
                        Some(TableSort { key: SortKey::Ascending, .. }) => " ▲",
                        Some(_) => " ▼",
                        None => "",
                    };
                    let text = weak(cx.theme, format!("{head}{sign}"));
                    let button = egui::Button::new(text).frame_when_inactive(false);
                    if ui.add(button).on_hover_text("Sort by this").clicked() {
                        cx.send(Command::SortTable(id, column));
                    }
                });
            }
        });
        table.body(|body| {
            body.rows(18.0, rows.len(), |mut row| {
                let cells = &rows[row.index()];
                for (column, cell) in cells.iter().enumerate() {
                    row.col(|ui| {
                        let text = mono(cx.theme, &cell.text);
                        if column == 0 {
                            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                                ui.add(egui::Label::new(text).truncate());
                            });
                        } else {
                            ui.label(text);
                        }
                    });
                }
            });
        });
    });
}

fn tsv(heads: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut lines = vec![heads.join("\t")];
    lines.extend(rows.iter().map(|row| {
        let cells: Vec<&str> = row.iter().map(|cell| cell.text.trim()).collect();
        cells.join("\t")
    }));
    lines.join("\n")
}
