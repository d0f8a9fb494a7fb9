//! Which ops leave communication exposed.

use egui::Ui;
use weftscope_traces::{Phase, analysis::ExposedByOp, words};

use super::{
    entry::{Entry, more_ui},
    how, of_ranks,
};
use crate::{
    app::Document,
    panels::widgets::{Cx, heading},
    theme::number,
    timeline::Selection,
};

/// Ops listed.
const OPS: usize = 5;

/// One name and phase a row; nothing where all is hidden.
pub(super) fn exposed_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    let report = &document.explanation.reports.exposed_by;
    let ops = report.ops.iter().filter(|row| row.exposed_ns > 0);
    let count = ops.clone().count();
    if count == 0 {
        return;
    }
    let whose = of_ranks(document);
    heading(ui, cx.theme, &format!("Exposed{whose}, by op")).on_hover_text(
        "Communication without computation of the same rank beside it, all ranks together. Ops that overlap each other \
         share it, so the rows may add up to more.",
    );
    for row in ops.take(OPS) {
        let ExposedByOp { name, phase, count, comm_ns, exposed_ns, rank, most } = row;
        let share = number::percent_fixed(*exposed_ns as f64 / report.exposed_ns.max(1) as f64);
        let value = format!("{} {share}", number::duration_fixed(*exposed_ns));
        let of = number::duration_ns(*comm_ns);
        let hint =
            format!("{name}: exposed of {of}. Most on rank {rank}; click to go to that one.");
        let name = words::kernel(name);
        let name = match phase {
            Phase::None => format!("{count} × {name}"),
            phase => format!("{} {count} × {name}", phase.name()),
        };
        let hows = how::exposed_hows((*comm_ns, *exposed_ns), report.exposed_ns);
        Entry { name: &name, value, hint: &hint }.show(ui, cx, Selection::Slice(*most), &hows);
    }
    more_ui(ui, cx, count, OPS, "ops", "exposed-by-op");
}
