//! The phases of the weave: what each hides, and which is tight.

use egui::{Grid, Ui};

use crate::{
    app::Document,
    panels::widgets::{Cx, heading, mono, weak},
    theme::number,
};

/// A row a phase; nothing for traces without phases.
pub(super) fn phases_ui(ui: &mut Ui, cx: &Cx<'_>, document: &Document) {
    let report = &document.explanation.reports.phases;
    if report.summary.is_empty() {
        return;
    }
    let theme = cx.theme;
    heading(ui, theme, "Phases, median of all layers and ranks");
    Grid::new("phases").num_columns(6).spacing([6.0, 2.0]).show(ui, |ui| {
        for (name, help) in HEADS {
            let head = weak(theme, *name).font(theme.small());
            ui.label(head).on_hover_text(*help);
        }
        ui.end_row();
        for row in &report.summary {
            let tight = report.tightest == Some(row.phase);
            let ink = if tight { theme.surfaces.strong } else { theme.surfaces.text };
            let number = |text: String| mono(theme, text).color(ink);
            ui.label(number(format!("{:<4}", row.phase.name())));
            ui.label(number(number::duration_fixed(row.median_compute_ns)));
            ui.label(number(number::duration_fixed(row.median_comm_ns)));
            let slack = number(number::duration_fixed(row.median_slack_ns));
            let bad = row.median_slack_ns < 0 && row.median_comm_ns > 0;
            ui.label(if bad { slack.color(theme.surfaces.warn) } else { slack });
            ui.label(number(ratio(row.sum.compute_slowdown)));
            ui.label(number(ratio(row.sum.comm_slowdown)));
            ui.end_row();
        }
    });
}

const HEADS: &[(&str, &str)] = &[
    ("", "Phase; the one with the least slack is bright"),
    ("compute", "Time with computation of the phase"),
    ("comm", "Time with communication of the phase"),
    ("slack", "How much longer communication could run unseen; negative: it sticks out"),
    ("comp", "Computation in place, in times of the same kernels alone"),
    ("comm", "Communication in place, in times of the same kernels alone"),
];

fn ratio(slowdown: Option<f64>) -> String {
    let text = slowdown.map_or_else(|| "–".to_owned(), number::ratio);
    format!("{text:>5}")
}
