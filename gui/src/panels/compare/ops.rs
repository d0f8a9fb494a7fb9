//! The ops of both, largest change first; a click goes there in both.

use egui::{Frame, Margin, Ui};
use weftscope_traces::analysis::{CompareReport, ComparedOp, OneSidedOp, OpKey};

use super::causes::heads;
use crate::{
    app::{Command, CompareCommand, TableId},
    panels::{
        table::{Cell, Head, Rows, Table},
        widgets::Cx,
    },
    theme::number,
};

fn heads_of([first, second]: [&'static str; 2]) -> [Head<'static>; 6] {
    [
        Head::text("op", "A click goes to its longest run"),
        Head::number("runs", "Runs in either of the two, iterations and ranks together"),
        Head::number(first, "Mean of all these runs"),
        Head::number(second, "Mean of all these runs"),
        Head::number("ratio", "The mean right over the mean left"),
        Head::number(
            "change",
            "What its runs add to the median iteration, mean of the ranks, as in the causes",
        ),
    ]
}

/// The table.
pub(super) fn ops_ui(ui: &mut Ui, cx: &mut Cx<'_>, report: &CompareReport) {
    let rows = rows(report);
    let ops: Vec<&OpKey> = rows.iter().map(|(op, ..)| *op).collect();
    let rows = rows.into_iter().map(|(_, _, cells)| cells).collect();
    let heads = heads_of(heads(cx.state));
    let table = Table {
        id: TableId::Differences,
        heads: &heads,
        rows: Rows::All(rows),
        is_clickable: true,
        chosen: None,
    };
    ui.horizontal(|ui| table.copy_ui(ui, cx));
    // Beside the scroll bar, which would lie on the last digits.
    let margin = Margin { right: 12, ..Margin::ZERO };
    let clicked = Frame::new().inner_margin(margin).show(ui, |ui| table.show(ui, cx)).inner;
    if let Some(op) = clicked.and_then(|at| ops.get(at).copied()) {
        cx.send(Command::Compare(CompareCommand::GoTo(op.clone())));
    }
}

/// Ops of both and of one alone, largest change first: which, how much, and the cells.
fn rows(report: &CompareReport) -> Vec<(&OpKey, f64, Vec<Cell<'_>>)> {
    let both = report.both.iter().map(|op| (&op.op, op.change_ns, of_both(op)));
    let alone = |op: &'_ OneSidedOp| Cell::Duration(op.durations.mean_ns());
    let removed = report.removed.iter().map(|op| {
        let change_ns = -op.per_iteration_ns;
        (&op.op, change_ns, of_one(op, [op.durations.count, 0], [alone(op), Cell::Unknown]))
    });
    let added = report.added.iter().map(|op| {
        let change_ns = op.per_iteration_ns;
        (&op.op, change_ns, of_one(op, [0, op.durations.count], [Cell::Unknown, alone(op)]))
    });
    let mut rows: Vec<_> = both.chain(removed).chain(added).collect();
    rows.sort_by(|(_, a, _), (_, b, _)| b.abs().total_cmp(&a.abs()));
    for (_, change_ns, cells) in &mut rows {
        cells.push(Cell::Change(*change_ns));
    }
    rows
}

fn of_both(op: &ComparedOp) -> Vec<Cell<'_>> {
    let [first, second] = op.durations.map(|durations| Cell::Duration(durations.mean_ns()));
    let ratio = op.mean_ratio.map_or(Cell::Unknown, Cell::Ratio);
    let runs = runs(op.durations.map(|durations| durations.count));
    vec![Cell::text(&op.op.name), Cell::text(runs), first, second, ratio]
}

fn of_one<'a>(
    op: &'a OneSidedOp,
    counts: [usize; 2],
    [first, second]: [Cell<'a>; 2],
) -> Vec<Cell<'a>> {
    vec![Cell::text(&op.op.name), Cell::text(runs(counts)), first, second, Cell::Unknown]
}

/// `8` where both run an op as often, else `8 → 4`.
fn runs([first, second]: [usize; 2]) -> String {
    if first == second {
        return number::count(first as u64);
    }
    format!("{} → {}", number::count(first as u64), number::count(second as u64))
}
