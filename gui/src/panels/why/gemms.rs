//! The GEMMs: waves whole and split, and how full the last one is.

use egui::{Grid, Ui};
use weftscope_traces::{
    Split,
    analysis::{CutRow, WaveReport},
};

use crate::{
    app::Document,
    panels::widgets::{Cx, heading, mono, weak},
    theme::number,
};

/// A row a GEMM; nothing for traces whose kernels say nothing of their work.
pub(super) fn gemms_ui(ui: &mut Ui, cx: &Cx<'_>, document: &Document) {
    let report = &document.explanation.reports.waves;
    if report.gemms.is_empty() {
        return;
    }
    let theme = cx.theme;
    heading(ui, theme, "GEMMs, waves");
    Grid::new("gemms").num_columns(5).spacing([8.0, 2.0]).show(ui, |ui| {
        for (name, help) in HEADS {
            let label = ui.label(weak(theme, *name).font(theme.small()));
            if !help.is_empty() {
                label.on_hover_text(*help);
            }
        }
        ui.end_row();
        for name in names(report) {
            row_ui(ui, cx, report, name);
        }
    });
    if report.without_facts > 0 {
        let text = format!("{} GEMMs say nothing of their grid.", report.without_facts);
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

fn names(report: &WaveReport) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for gemm in &report.gemms {
        if !names.contains(&gemm.name.as_str()) {
            names.push(&gemm.name);
        }
    }
    names
}

fn row_ui(ui: &mut Ui, cx: &Cx<'_>, report: &WaveReport, name: &str) {
    let theme = cx.theme;
    let rows: Vec<_> = report.gemms.iter().filter(|gemm| gemm.name == name).collect();
    let cut = report.cuts.iter().find(|cut| cut.name == name);
    let whole = rows.iter().find(|gemm| gemm.split == Split::Whole);
    let shapes: Vec<&str> = rows.iter().map(|gemm| gemm.shape.as_str()).collect();
    ui.label(name).on_hover_text(shapes.join("\n"));
    let waves_whole = match (whole, cut) {
        (Some(whole), _) => whole.waves.to_string(),
        (None, Some(cut)) => uncut(cut),
        (None, None) => "–".to_owned(),
    };
    let label = ui.label(mono(theme, format!("{waves_whole:>5}")));
    if cut.is_some_and(|cut| cut.is_estimate) {
        label.on_hover_text(
            "Both grids in one launch: the recording is older than the plan's own word on it",
        );
    }
    let split = cut.map_or_else(
        || "–".to_owned(),
        |cut| format!("{} + {}", cut.split[0].waves, cut.split[1].waves),
    );
    let split = mono(theme, split);
    let costs = cut.is_some_and(|cut| cut.extra_waves() > Some(0));
    ui.label(if costs { split.color(theme.surfaces.warn) } else { split });
    let tails: Vec<String> = whole
        .map(|gemm| gemm.tail_occupancy)
        .into_iter()
        .chain(cut.into_iter().flat_map(|cut| cut.split).map(|launch| launch.tail_occupancy))
        .map(|tail| format!("{:.0}", tail * 100.0))
        .collect();
    ui.label(mono(theme, format!("{} %", tails.join(" · "))));
    let mean = rows.iter().map(|gemm| gemm.tflops).sum::<f64>() / rows.len().max(1) as f64;
    ui.label(mono(theme, format!("{:>5}", number::three(mean))));
    ui.end_row();
}

/// Waves of a cut GEMM as one launch.
fn uncut(cut: &CutRow) -> String {
    let about = if cut.is_estimate { "≈" } else { "" };
    cut.unsplit.map_or_else(|| "–".to_owned(), |unsplit| format!("{about}{}", unsplit.waves))
}
