//! The phases of the weave: what each hides, and which is tight.

use egui::{Grid, Ui};
use weftscope_traces::analysis::PhaseSummary;

use crate::{
    app::Document,
    panels::{
        glossary::Term,
        widgets::{Cx, heading, mono, weak},
    },
    theme::number,
};

/// A row a phase; nothing for traces without phases.
pub(super) fn phases_ui(ui: &mut Ui, cx: &Cx<'_>, document: &Document) {
    let report = &document.explanation.reports.phases;
    if report.summary.is_empty() {
        return;
    }
    let theme = cx.theme;
    heading(ui, theme, "Phases, median of layers and ranks");
    Grid::new("phases").num_columns(6).spacing([6.0, 2.0]).show(ui, |ui| {
        for (name, help) in heads() {
            let head = weak(theme, name).font(theme.small());
            ui.label(head).on_hover_text(help);
        }
        ui.end_row();
        for row in &report.summary {
            let tight = report.tightest == Some(row.phase);
            let ink = if tight { theme.surfaces.strong } else { theme.surfaces.text };
            let number = |text: String| mono(theme, text).color(ink);
            let times = |slowdown| mono(theme, ratio(slowdown)).color(theme.surfaces.weak);
            ui.label(number(format!("{:<4}", row.phase.name())));
            ui.label(number(number::duration_fixed(row.median_compute_ns)));
            ui.label(times(row.sum.compute_slowdown));
            ui.label(number(number::duration_fixed(row.median_comm_ns)));
            ui.label(times(row.sum.comm_slowdown));
            let slack = row.median_slack_ns.map_or_else(none, number::duration_fixed);
            let slack = number(slack);
            let bad = row.median_slack_ns < Some(0) && row.judged > 0;
            ui.label(if bad { slack.color(theme.surfaces.warn) } else { slack })
                .on_hover_text(judged(row));
            ui.end_row();
        }
    });
}

/// Names of the columns and what they are.
fn heads() -> [(&'static str, String); 6] {
    let alone = |what: &str| {
        format!("{what} in place, in times of the same kernels with the GPU to themselves")
    };
    [
        ("", format!("{} The one with the least slack is bright.", Term::Phase.tooltip())),
        ("compute", "Time with computation of the phase".to_owned()),
        ("slower", alone("Computation")),
        ("comm", "Time with communication of the phase".to_owned()),
        ("slower", alone("Communication")),
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
