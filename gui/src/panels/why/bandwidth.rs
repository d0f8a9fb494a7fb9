//! How fast collectives move their bytes.

use egui::Ui;
use weftscope_traces::analysis::BandwidthRow;

use super::{
    entry::{Entry, heads_ui, more_ui, unknown_ui},
    how,
};
use crate::{
    app::Document,
    panels::widgets::{Cx, strong, weak},
    theme::{number, size},
    timeline::Selection,
};

/// Rows listed.
const ROWS: usize = 5;

/// One operation and size a row; nothing without communication.
pub(super) fn bandwidth_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    let report = &document.explanation.reports.bandwidth;
    if report.ops == 0 {
        return;
    }
    if report.rows.is_empty() {
        let text = "Bus bandwidth: not known; the recording does not say how many bytes the collectives move.";
        unknown_ui(ui, cx, text);
        return;
    }
    ui.add_space(size::GAP);
    let title = strong(cx.theme, "Bus bandwidth");
    heads_ui(ui, cx, title, [("median", 9), ("best", 9)]).on_hover_text(
        "As nccl-tests defines it: bytes over a link in one direction, over the time of the collective. It can be held \
         against the speed of a link.",
    );
    for row in report.rows.iter().take(ROWS) {
        let value = [row.bus_per_s, row.best_bus_per_s].map(fixed).join(" ");
        let name = name(row);
        let hint = hint(row);
        let entry = Entry { name: &name, value, hint: &hint };
        let hows = how::bandwidth_hows(row, document.trace.span_of(row.best).len_ns());
        entry.show(ui, cx, Selection::Slice(row.worst), &hows);
    }
    more_ui(ui, cx, report.rows.len(), ROWS, "sizes", "bandwidth");
    if report.unknown > 0 {
        let ops = number::counted(report.unknown as u64, "op");
        let text = format!("{ops} without a word on bytes, type or ranks.");
        ui.label(weak(cx.theme, text).font(cx.theme.small()));
    }
}

/// `412 GB/s` padded to eight characters.
fn fixed(bytes_per_s: f64) -> String {
    format!("{:>9}", number::bandwidth(bytes_per_s))
}

/// `24 × all_reduce of 67.1 MB`; where the buffer's size is not known, what goes over a link: `8 × fused_ar_norm, 94 MB a link`.
fn name(row: &BandwidthRow) -> String {
    let size = match row.bytes {
        Some(bytes) => format!(" of {}", number::bytes(bytes)),
        None => format!(", {} a link", number::bytes(row.bus_bytes)),
    };
    format!("{} × {}{size}", row.count, row.operation)
}

fn hint(row: &BandwidthRow) -> String {
    let mut text = format!("{} together", number::duration_ns(row.total_ns));
    if let Some(ranks) = row.ranks {
        text += &format!(", {ranks} ranks");
    }
    if let Some(alg) = row.alg_per_s {
        text += &format!(", algorithm bandwidth {}", number::bandwidth(alg));
    }
    match row.arrived_bus_per_s {
        Some(rate) => {
            text += &format!("; {} once the last rank has arrived", number::bandwidth(rate));
        }
        None => text += "; waiting for a late rank is not known and counts as time",
    }
    text + ". Click for the longest."
}
