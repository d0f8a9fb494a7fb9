//! The kernels, and what is known of the one chosen.

use egui::{Ui, UiBuilder};
use weftscope_traces::{
    Split,
    analysis::{KernelReport, KernelStats},
};

use super::{
    kernel::{kernel_ui, title_ui},
    parts_ui,
};
use crate::{
    app::{Document, StatisticsCommand, TableId},
    panels::{
        table::{Cell, Head, Rows, Table},
        widgets::{Cx, weak},
    },
    theme::{Theme, size},
};

/// From this width on, the table and what is known of a kernel fit beside each other.
const BOTH_WIDTH: f32 = 720.0;

/// Table and kernel beside each other; where there is no room, the table until a kernel is chosen.
pub(super) fn kernels_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, report: &KernelReport) {
    let both = ui.available_width() >= BOTH_WIDTH;
    let chosen = cx.state.statistics.kernel.as_ref().and_then(|key| report.find(key));
    let shown = if both { chosen.or(report.kernels.first()) } else { chosen };
    let table = table(cx.theme, report, shown);
    parts_ui(ui, cx, Some(&table));
    let Some(kernel) = shown else {
        if report.kernels.is_empty() {
            ui.label(weak(cx.theme, "Nothing runs on a stream of a GPU here."));
        } else {
            table_ui(ui, cx, report, table);
        }
        return;
    };
    if !both {
        title_ui(ui, cx, kernel, true);
        return kernel_ui(ui, cx, document, kernel);
    }
    let whole = ui.available_rect_before_wrap();
    let left = (whole.width() * 0.46).clamp(340.0, 960.0);
    let (left, right) = whole.split_left_right_at_x(whole.left() + left);
    let right = right.with_min_x(right.left() + 2.0 * size::MARGIN);
    ui.scope_builder(UiBuilder::new().max_rect(left).id_salt("table"), |ui| {
        table_ui(ui, cx, report, table);
    });
    ui.scope_builder(UiBuilder::new().max_rect(right).id_salt("kernel"), |ui| {
        title_ui(ui, cx, kernel, false);
        kernel_ui(ui, cx, document, kernel);
    });
}

const HEADS: &[Head<'static>] = &[
    Head::text("kernel", "What has one name and one kind: all layers, splits and ranks together"),
    Head::number("count", "Ops"),
    Head::number("total", "Sum of their durations"),
    Head::number("share", "Of the sum over all kernels").from(430.0),
    Head::number("median", ""),
    Head::number("p99", "99 of 100 are no longer").from(500.0),
    Head::number("max", "The longest"),
];

fn table<'a>(theme: &Theme, report: &'a KernelReport, marked: Option<&KernelStats>) -> Table<'a> {
    let rows = report.kernels.iter().map(|kernel| {
        vec![
            Cell::Named(theme.kind(kernel.key.kind, Split::Whole), &kernel.key.name),
            Cell::Count(kernel.durations.count as u64),
            Cell::Duration(kernel.durations.total_ns as f64),
            Cell::Share(kernel.share),
            Cell::Duration(kernel.median_ns as f64),
            Cell::Duration(kernel.p99_ns),
            Cell::Duration(kernel.durations.max_ns as f64),
        ]
    });
    let is_marked = |kernel: &KernelStats| marked.is_some_and(|marked| marked.key == kernel.key);
    Table {
        id: TableId::Kernels,
        heads: HEADS,
        rows: Rows::All(rows.collect()),
        is_clickable: true,
        chosen: report.kernels.iter().position(is_marked),
    }
}

fn table_ui(ui: &mut Ui, cx: &mut Cx<'_>, report: &KernelReport, table: Table<'_>) {
    if let Some(row) = table.show(ui, cx) {
        let key = report.kernels[row].key.clone();
        cx.statistics(StatisticsCommand::Choose(Some(key)));
    }
}
