//! The GEMMs: waves whole and split, and how full the last one is.

use egui::{Grid, Ui};
use weftscope_traces::{Split, analysis::WaveReport};

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
    ("split", "Waves of split 0 and of split 1 on the SMs they have"),
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
    let of = |split| rows.iter().copied().find(|gemm| gemm.split == split);
    let parts = [of(Split::First), of(Split::Second)];
    let whole = of(Split::Whole);
    let shapes: Vec<&str> = rows.iter().map(|gemm| gemm.shape.as_str()).collect();
    ui.label(name).on_hover_text(shapes.join("\n"));
    let (waves_whole, extra) = match (whole, cut) {
        (Some(whole), _) => (whole.waves.to_string(), false),
        (None, Some(cut)) => {
            let waves = cut.unsplit_waves_all_sms.unwrap_or(cut.unsplit_waves);
            (waves.to_string(), cut.split_waves[0] + cut.split_waves[1] > waves)
        }
        (None, None) => ("–".to_owned(), false),
    };
    ui.label(mono(theme, format!("{waves_whole:>5}")));
    let split = match parts {
        [Some(first), Some(second)] => format!("{} + {}", first.waves, second.waves),
        _ => "–".to_owned(),
    };
    let split = mono(theme, split);
    ui.label(if extra { split.color(theme.surfaces.warn) } else { split });
    let tails: Vec<String> = whole
        .into_iter()
        .chain(parts.into_iter().flatten())
        .map(|gemm| format!("{:.0}", gemm.tail_occupancy * 100.0))
        .collect();
    ui.label(mono(theme, format!("{} %", tails.join(" · "))));
    let mean = rows.iter().map(|gemm| gemm.tflops).sum::<f64>() / rows.len().max(1) as f64;
    ui.label(mono(theme, format!("{:>5}", number::three(mean))));
    ui.end_row();
}
