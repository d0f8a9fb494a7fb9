//! Time in which a rank runs nothing.

use egui::{Label, Ui};
use weftscope_traces::{
    Split, TrackId,
    analysis::{Gap, GapReport, IdleCause, RankGaps},
};

use super::{iteration_cell, parts_ui};
use crate::{
    app::{Command, Document, TableId},
    panels::{
        table::{Cell, Head, Rows, Table},
        widgets::{Cx, weak},
    },
    theme::{Theme, number},
    timeline::{RangeSelection, Selection, ViewCommand},
};

const HEADS: &[Head<'static>] = &[
    Head::text("next op", "The op that starts where the gap ends"),
    Head::text("after", "The op that ends where the gap begins").from(560.0),
    Head::number("rank", ""),
    Head::number("iteration", "In which it starts").from(760.0),
    Head::number("gap", "How long nothing runs on any stream of the rank"),
    Head::number(
        "cause",
        "What was waited for most of it: the launch of the next op, the host before that, another stream or rank, the GPU \
         between two kernels. Not known where nothing recorded tells.",
    ),
    Head::number("delay", "From the end of the call that launched the next op to the op's start")
        .from(480.0),
    Head::number("at", "When it begins").from(680.0),
];

/// The gaps, the longest first.
pub(super) fn gaps_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, report: &GapReport) {
    let selected = cx.state.view().and_then(|view| view.selection.range());
    let chosen = selected.and_then(|range| {
        let is_same = |gap: &Gap| gap.span == range.span && range.tracks == tracks(document, gap);
        report.longest.iter().position(is_same)
    });
    let rows = report.longest.iter().map(|gap| row(cx.theme, document, gap)).collect();
    let table = Table {
        id: TableId::Gaps,
        heads: HEADS,
        rows: Rows::All(rows),
        is_clickable: true,
        chosen,
    };
    parts_ui(ui, cx, Some(&table));
    ui.add(Label::new(weak(cx.theme, summary(report))).wrap());
    if report.longest.is_empty() {
        return;
    }
    if let Some(row) = table.show(ui, cx) {
        let gap = &report.longest[row];
        let range = RangeSelection { span: gap.span, tracks: tracks(document, gap) };
        cx.send(Command::View(ViewCommand::GoTo(Selection::Range(range))));
    }
}

fn row<'a>(theme: &Theme, document: &'a Document, gap: &'a Gap) -> Vec<Cell<'a>> {
    let cause = gap.cause.filter(|cause| *cause != IdleCause::Unknown);
    let cause = cause.map_or("–", IdleCause::name);
    vec![
        Cell::Named(theme.kind(gap.after.kind, Split::Whole), &gap.after.name),
        Cell::Named(theme.kind(gap.before.kind, Split::Whole), &gap.before.name),
        Cell::Count(gap.rank.into()),
        iteration_cell(document, gap.rank, gap.iteration),
        Cell::Duration(gap.span.len_ns() as f64),
        Cell::text(cause),
        gap.launch.map_or(Cell::Unknown, |launch| Cell::Duration(launch.delay_ns as f64)),
        Cell::Time(gap.span.start_ns),
    ]
}

/// The streams of a gap's rank.
fn tracks(document: &Document, gap: &Gap) -> Vec<TrackId> {
    let rank = document.timeline.ranks.iter().find(|rows| rows.rank == gap.rank);
    rank.map(|rows| rows.streams.clone()).unwrap_or_default()
}

/// `Idle: rank 0 12.0 µs in 4 gaps, 8.00 µs of it before the next op was launched; rank 1 …`.
fn summary(report: &GapReport) -> String {
    let of = |rank: &RankGaps| {
        let (total, count) =
            (number::duration_ns(rank.total_ns), number::counted(rank.count as u64, "gap"));
        let late = rank.unlaunched_ns.map_or(String::new(), |ns| {
            format!(", {} of it before the next op was launched", number::duration_ns(ns))
        });
        format!("rank {} {total} in {count}{late}", rank.rank)
    };
    let count: usize = report.ranks.iter().map(|rank| rank.count).sum();
    if count == 0 {
        return "No rank ever runs nothing between its first and its last op.".to_owned();
    }
    let ranks: Vec<String> = report.ranks.iter().filter(|rank| rank.count > 0).map(of).collect();
    let mut text = format!("Idle: {}", ranks.join("; "));
    if count > report.longest.len() {
        text += &format!("; the {} longest:", number::count(report.longest.len() as u64));
    }
    text
}
