//! The GEMMs: waves whole and split, and how full the last one is.

use egui::{Grid, Label, Ui};
use weftscope_traces::{
    Kind,
    analysis::{GemmName, KernelKey},
};

use super::{
    entry::{Lead, row_button},
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

/// A row a GEMM; nothing for traces whose kernels say nothing of their work.
pub(super) fn gemms_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    let report = &document.explanation.reports.waves;
    if report.gemms.is_empty() {
        return;
    }
    let theme = cx.theme;
    heading(ui, theme, "GEMMs, waves").on_hover_text(Term::Wave.tooltip());
    Grid::new("gemms").spacing([8.0, 2.0]).show(ui, |ui| {
        for (name, help) in HEADS {
            let label = at_right(ui, weak(theme, *name).font(theme.small()));
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

fn row_ui(ui: &mut Ui, cx: &mut Cx<'_>, gemm: &GemmName<'_>) {
    let theme = cx.theme;
    let first = ui.add(Label::new(gemm.name).selectable(false));
    at_right(ui, mono(theme, gemm.waves_whole()));
    let split = mono(theme, gemm.waves_cut());
    let costs = gemm.cut.is_some_and(|cut| cut.extra_waves() > Some(0));
    at_right(ui, if costs { split.color(theme.surfaces.warn) } else { split });
    let tails: Vec<String> = gemm.tails().map(|tail| number::three(tail * 100.0)).collect();
    at_right(ui, mono(theme, format!("{} %", tails.join(" · "))));
    let last = at_right(ui, mono(theme, number::three(gemm.tflops())));
    let rect = first.rect.union(last.rect);
    let hows = how::gemm_hows(gemm);
    #[cfg(test)]
    {
        let tflops = number::three(gemm.tflops());
        let tails: Vec<String> = gemm.tails().map(number::percent).collect();
        let text =
            format!("{}  {}  {}  {tflops}", gemm.waves_whole(), gemm.waves_cut(), tails.join("  "));
        cx.numbers.push((gemm.name.to_owned(), text, how::answers(&hows)));
    }
    let lead = (&*hint(gemm), kernel_of(gemm.name), &*hows);
    row_button(ui, cx, ("gemm", gemm.name), rect, lead);
    ui.end_row();
}

/// What is known of a GEMM, all of its launches together.
pub(super) fn kernel_of(name: &str) -> Lead {
    Lead::Kernel(KernelKey { name: name.to_owned(), kind: Kind::Gemm })
}

fn hint(gemm: &GemmName<'_>) -> String {
    let mut lines: Vec<&str> = gemm.rows.iter().map(|row| row.shape.as_str()).collect();
    if gemm.cut.is_some_and(|cut| cut.is_estimate) {
        lines.push(
            "whole: both grids in one launch; the recording is older than the plan's own word on it",
        );
    }
    lines.push("Click for its durations.");
    lines.join("\n")
}
