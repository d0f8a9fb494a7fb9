//! The phases of the weave: what each hides, and which is tight.

use egui::{Grid, Label, Ui};
use weftscope_traces::analysis::{PhaseInstance, PhaseSummary, StructureBasis};

use super::{
    entry::{Lead, range_of_rank, row_button},
    how,
};
use crate::{
    app::Document,
    panels::{
        glossary::Term,
        widgets::{Cx, at_right, heading, mono, weak},
    },
    theme::number,
};

/// A row a phase, whose name goes to its tightest instance; nothing for traces without phases.
pub(super) fn phases_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    let report = &document.explanation.reports.phases;
    if report.summary.is_empty() {
        return;
    }
    let theme = cx.theme;
    heading(ui, theme, "Phases, median of layers and ranks");
    let slowdowns = report.summary.iter().any(|row| row.sum.compute_slowdown.is_some());
    Grid::new("phases").spacing([10.0, 2.0]).show(ui, |ui| {
        for (name, help) in heads().into_iter().filter(|head| slowdowns || head.0 != SLOWER) {
            let head = weak(theme, name).font(theme.small());
            at_right(ui, head).on_hover_text(help);
        }
        ui.end_row();
        for row in &report.summary {
            let tight = report.tightest == Some(row.phase);
            let ink = if tight { theme.surfaces.strong } else { theme.surfaces.text };
            let number = |text: String| mono(theme, text).color(ink);
            let times = |ui: &mut Ui, slowdown| {
                if slowdowns {
                    at_right(ui, mono(theme, ratio(slowdown)).color(theme.surfaces.weak));
                }
            };
            let name = number(format!("{:<4}", row.phase.name()));
            let first = ui.add(Label::new(name).selectable(false));
            at_right(ui, number(number::duration_fixed(row.median_compute_ns)));
            times(ui, row.sum.compute_slowdown);
            at_right(ui, number(number::duration_fixed(row.median_comm_ns)));
            times(ui, row.sum.comm_slowdown);
            let slack = row.median_slack_ns.map_or_else(none, number::duration_fixed);
            let slack = number(slack);
            let bad = row.median_slack_ns < Some(0) && row.judged > 0;
            let last = at_right(ui, if bad { slack.color(theme.surfaces.warn) } else { slack });
            row_ui(ui, cx, document, row, first.rect.union(last.rect));
            ui.end_row();
        }
    });
    if let Some(text) = whole(document) {
        ui.add(Label::new(weak(theme, text).font(theme.small())).wrap());
    }
}

/// A row as a button: a click goes to the instance with the least slack, or else the longest.
fn row_ui(ui: &Ui, cx: &mut Cx<'_>, document: &Document, row: &PhaseSummary, rect: egui::Rect) {
    let instances = document.explanation.reports.phases.instances.iter();
    let of_phase = instances.filter(|one| one.phase == row.phase);
    let tightness = |one: &&PhaseInstance| {
        (one.slack_ns().is_none(), one.slack_ns(), std::cmp::Reverse(one.span.len_ns()))
    };
    let Some(worst) = of_phase.min_by_key(tightness) else { return };
    let hint = match worst.slack_ns() {
        Some(_) => "Click for the instance with the least slack",
        None => "Click for the longest",
    };
    let hint = format!("{}\n{hint}", judged(row));
    let place = Lead::Place(range_of_rank(document, worst.rank, worst.span));
    let hows = how::phase_hows(document, row);
    #[cfg(test)]
    {
        let numbers = [Some(row.median_compute_ns), Some(row.median_comm_ns), row.median_slack_ns];
        let mut text: Vec<String> =
            numbers.into_iter().flatten().map(number::duration_ns).collect();
        let slower = [row.sum.compute_slowdown, row.sum.comm_slowdown];
        text.extend(slower.into_iter().flatten().map(number::ratio));
        cx.numbers.push((row.phase.name().to_owned(), text.join("  "), how::answers(&hows)));
    }
    row_button(ui, cx, ("phase", row.phase.name()), rect, (&hint, place, &hows));
}

/// What phases are where nothing is woven.
fn whole(document: &Document) -> Option<&'static str> {
    let ranks = &document.explanation.reports.structure.ranks;
    let is_whole = ranks.iter().all(|rank| rank.basis == StructureBasis::Order && !rank.halves);
    let rows = &document.explanation.reports.phases.summary;
    let communicates = rows.iter().any(|row| row.sum.comm_ns > 0);
    is_whole.then_some(if communicates {
        "A is attention, C the feed-forward block, each with the collectives that end it: nothing is woven, so what is \
         negative is how far communication sticks out."
    } else {
        "A is attention, C the feed-forward block."
    })
}

const SLOWER: &str = "slower";

/// Names of the columns and what they are.
fn heads() -> [(&'static str, String); 6] {
    let alone = |what: &str| {
        format!("{what} in place, in times of the same kernels with the GPU to themselves")
    };
    [
        ("", format!("{} The one with the least slack is bright.", Term::Phase.tooltip())),
        ("compute", "Time with computation of the phase".to_owned()),
        (SLOWER, alone("Computation")),
        ("comm", "Time with communication of the phase".to_owned()),
        (SLOWER, alone("Communication")),
        ("slack", Term::Slack.tooltip()),
    ]
}

fn none() -> String {
    format!("{:>5}   ", "–")
}

/// What the medians of a row are over, and which layer is tightest.
fn judged(row: &PhaseSummary) -> String {
    let mut text = match row.judged {
        0 => "Nothing to judge: none of it is woven.".to_owned(),
        judged => format!("{judged} of {} have both computation and communication", row.count),
    };
    if let Some(worst) = row.worst_layer {
        let slack = number::duration_ns(worst.median_slack_ns);
        text += &format!("; least in layer {}: {slack}", worst.layer);
    }
    text
}

fn ratio(slowdown: Option<f64>) -> String {
    let text = slowdown.map_or_else(|| "–".to_owned(), number::ratio);
    format!("{text:>5}")
}
