//! The phases of the weave: what each hides, and which is tight.

use egui::{Align, Grid, Layout, RichText, Ui};

use crate::{
    app::Document,
    panels::widgets::{Cx, heading, mono, weak},
    theme::number,
};

/// A row a phase; nothing for traces without phases.
pub(super) fn phases_ui(ui: &mut Ui, cx: &Cx<'_>, document: &Document) {
    let report = &document.explanation.phases;
    if report.summary.is_empty() {
        return;
    }
    let theme = cx.theme;
    heading(ui, theme, "Phases, median of all layers and ranks");
    Grid::new("phases").num_columns(6).spacing([6.0, 2.0]).show(ui, |ui| {
        for (name, help) in HEADS {
            right(ui, weak(theme, *name).font(theme.small()), help);
        }
        ui.end_row();
        for row in &report.summary {
            let tight = report.tightest == Some(row.phase);
            let ink = if tight { theme.surfaces.strong } else { theme.surfaces.text };
            let number = |text: String| mono(theme, text).color(ink);
            right(ui, number(row.phase.name().to_owned()), "");
            right(ui, number(number::duration_ns(row.median_compute_ns)), "");
            right(ui, number(number::duration_ns(row.median_comm_ns)), "");
            let slack = number(number::duration_ns(row.median_slack_ns));
            let bad = row.median_slack_ns < 0 && row.median_comm_ns > 0;
            right(ui, if bad { slack.color(theme.surfaces.warn) } else { slack }, "");
            right(ui, number(ratio(row.sum.compute_slowdown)), "");
            right(ui, number(ratio(row.sum.comm_slowdown)), "");
            ui.end_row();
        }
    });
}

const HEADS: &[(&str, &str)] = &[
    ("", ""),
    ("compute", "Time with computation of the phase"),
    ("comm", "Time with communication of the phase"),
    ("slack", "How much longer communication could run unseen; negative: it sticks out"),
    ("comp ×", "Computation in place against alone"),
    ("comm ×", "Communication in place against alone"),
];

fn ratio(slowdown: Option<f64>) -> String {
    slowdown.map_or_else(|| "–".to_owned(), number::ratio)
}

fn right(ui: &mut Ui, text: RichText, help: &str) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let label = ui.label(text);
        if !help.is_empty() {
            label.on_hover_text(help);
        }
    });
}
