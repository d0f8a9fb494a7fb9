//! The GEMMs: waves whole and split, and how full the last one is.

use egui::{Grid, Ui};
use weftscope_traces::analysis::GemmName;

use crate::{
    app::Document,
    panels::{
        glossary::Term,
        widgets::{Cx, heading, mono, weak},
    },
    theme::number,
};

/// A row a GEMM; nothing for traces whose kernels say nothing of their work.
pub(super) fn gemms_ui(ui: &mut Ui, cx: &Cx<'_>, document: &Document) {
    let report = &document.explanation.reports.waves;
    if report.gemms.is_empty() {
        return;
    }
    let theme = cx.theme;
    heading(ui, theme, "GEMMs, waves").on_hover_text(Term::Wave.tooltip());
    Grid::new("gemms").num_columns(5).spacing([8.0, 2.0]).show(ui, |ui| {
        for (name, help) in HEADS {
            let label = ui.label(weak(theme, *name).font(theme.small()));
            if !help.is_empty() {
                label.on_hover_text(*help);
            }
        }
        ui.end_row();
        for gemm in report.by_name() {
            row_ui(ui, cx, &gemm);
        }
    });
    if report.without_facts > 0 {
        let gemms = number::counted(report.without_facts as u64, "GEMM");
        let text = format!("{gemms} without a word on the grid.");
        ui.label(weak(theme, text).font(theme.small()));
    }
}

const HEADS: &[(&str, &str)] = &[
    ("", ""),
    ("whole", "Waves of the GEMM as one launch on all SMs"),
    ("split", "Waves of split 0 and of split 1 on the SMs that communication leaves them"),
    ("last wave", "How full the last wave is, split 0 and split 1"),
    ("TFLOP/s", "Rate reached, all launches together"),
];

fn row_ui(ui: &mut Ui, cx: &Cx<'_>, gemm: &GemmName<'_>) {
    let theme = cx.theme;
    let shapes: Vec<&str> = gemm.rows.iter().map(|row| row.shape.as_str()).collect();
    ui.label(gemm.name).on_hover_text(shapes.join("\n"));
    let label = ui.label(mono(theme, format!("{:>5}", gemm.waves_whole())));
    if gemm.cut.is_some_and(|cut| cut.is_estimate) {
        label.on_hover_text(
            "Both grids in one launch: the recording is older than the plan's own word on it",
        );
    }
    let split = mono(theme, gemm.waves_cut());
    let costs = gemm.cut.is_some_and(|cut| cut.extra_waves() > Some(0));
    ui.label(if costs { split.color(theme.surfaces.warn) } else { split });
    let tails: Vec<String> = gemm.tails().map(|tail| number::three(tail * 100.0)).collect();
    ui.label(mono(theme, format!("{} %", tails.join(" · "))));
    ui.label(mono(theme, format!("{:>5}", number::three(gemm.tflops()))));
    ui.end_row();
}
