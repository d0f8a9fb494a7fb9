//! Statistics: kernels, exposed collectives, gaps. Whatever is clicked is selected in the timeline and brought into view.

mod exposed;
mod gaps;
mod groups;
mod histogram;
mod kernel;
mod kernels;
mod outliers;

use egui::Ui;
use weftscope_traces::SliceRef;

use super::{
    table::{Cell, Table},
    widgets::{Cx, weak},
};
use crate::{
    app::{Command, Document, StatisticsCommand, StatisticsPart},
    jobs::JobKind,
    theme::size,
    timeline::{Selection, ViewCommand},
};

/// The tab of statistics.
pub(super) fn statistics_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let (tab, Some(document)) = (&state.statistics, state.document()) else { return };
    let Some(found) = &tab.found else {
        parts_ui(ui, cx, None);
        return waiting_ui(ui, cx);
    };
    match tab.part {
        StatisticsPart::Kernels => kernels::kernels_ui(ui, cx, document, &found.kernels),
        StatisticsPart::Exposed => exposed::exposed_ui(ui, cx, document, &found.exposed),
        StatisticsPart::Gaps => gaps::gaps_ui(ui, cx, document, &found.gaps),
    }
}

/// The parts, and the button that copies the table of the one shown.
fn parts_ui(ui: &mut Ui, cx: &mut Cx<'_>, table: Option<&Table<'_>>) {
    ui.horizontal(|ui| {
        for part in StatisticsPart::ALL {
            if ui.selectable_label(cx.state.statistics.part == part, part.name()).clicked() {
                cx.statistics(StatisticsCommand::Show(part));
            }
        }
        if let Some(table) = table {
            ui.add_space(size::MARGIN);
            table.copy_ui(ui, cx);
        }
    });
}

fn waiting_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let is_running = cx.state.jobs.iter().any(|job| job.kind == JobKind::Statistics);
    ui.horizontal(|ui| {
        if is_running {
            ui.spinner();
            ui.label(weak(cx.theme, "Working out statistics…"));
            return;
        }
        ui.label(weak(cx.theme, "Stopped."));
        if ui.button("Work them out").clicked() {
            cx.statistics(StatisticsCommand::Show(cx.state.statistics.part));
        }
    });
}

/// The name of a rank's iteration, as its mark has it.
fn iteration_name(document: &Document, rank: u32, iteration: Option<usize>) -> Option<&str> {
    let ranks = &document.explanation.reports.overlap.ranks;
    let of_rank = ranks.iter().find(|of| of.rank == rank)?;
    of_rank.iterations.get(iteration?).map(|of| of.iteration.name.as_str())
}

/// The same as a cell of a table.
fn iteration_cell(document: &Document, rank: u32, iteration: Option<usize>) -> Cell<'_> {
    let number = iteration.unwrap_or_default();
    let name = iteration_name(document, rank, iteration);
    name.map_or(Cell::Unknown, |name| Cell::Numbered(number, name))
}

fn go_to(cx: &mut Cx<'_>, slice: SliceRef) {
    cx.send(Command::View(ViewCommand::GoTo(Selection::Slice(slice))));
}

/// The op that is selected in the timeline; of a block, the op it belongs to.
fn selected_op(cx: &Cx<'_>, document: &Document) -> Option<SliceRef> {
    let slice = cx.state.view()?.selection.slice()?;
    document.timeline.has(slice).then(|| document.timeline.op_of(slice)).flatten()
}
