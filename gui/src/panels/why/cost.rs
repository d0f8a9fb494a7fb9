//! What the weave itself costs: splitting, and sharing the machine.

use egui::Ui;
use weftscope_traces::{Split, analysis::CutRow};

use super::{
    entry::{Entry, Lead},
    gemms::kernel_of,
    how,
};
use crate::{
    app::Document,
    panels::{
        glossary::Term,
        widgets::{Cx, heading},
    },
    theme::number,
};

/// Split tax and contention tax; nothing where durations alone are not known.
pub(super) fn cost_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    let summary = &document.explanation.reports.phases.summary;
    let theme = cx.theme;
    let mut contention_ns = 0.0;
    let mut compute_ns = 0.0;
    for row in summary {
        if let Some(slowdown) = row.sum.compute_slowdown.filter(|&slowdown| slowdown > 0.0) {
            let in_place_ns = row.sum.compute_ns as f64;
            compute_ns += in_place_ns;
            contention_ns += in_place_ns * (1.0 - 1.0 / slowdown);
        }
    }
    let ranks = document.trace.meta.ranks.len().max(1) as f64;
    let cuts = &document.explanation.reports.waves.cuts;
    let extra: Vec<&CutRow> = cuts.iter().filter(|cut| cut.extra_waves() > Some(0)).collect();
    let is_split =
        document.explanation.reports.waves.gemms.iter().any(|gemm| gemm.split != Split::Whole);
    if compute_ns == 0.0 && !is_split {
        return;
    }
    heading(ui, theme, "What overlapping costs");
    if compute_ns > 0.0 {
        let ns = (contention_ns / ranks).round() as i64;
        let places = document.explanation.places.iter();
        let most = places.filter_map(|of| of.most_contended).max_by_key(|&(_, ns)| ns);
        let lead = || Lead::op(most.map(|(slice, _)| slice));
        let hint =
            format!("{} Click for the op that loses most by it.", Term::Contention.tooltip());
        let value = number::duration_fixed(ns);
        let [time, share] = how::contention_hows(summary, ranks);
        let entry = Entry { name: "contention, a rank", value, hint: &hint };
        entry.show_how(ui, cx, lead(), &[time]);
        let value = number::percent_fixed(contention_ns / compute_ns);
        let entry = Entry { name: "of its computation", value, hint: &hint };
        entry.show_how(ui, cx, lead(), &[share]);
    }
    if is_split {
        let value = format!("{} of {}", extra.len(), cuts.len());
        let most = extra.iter().max_by_key(|cut| cut.extra_waves());
        let hint = most.map_or("", |_| "Click for the durations of the one that gains most");
        let entry = Entry { name: "GEMMs that gain a wave", value, hint };
        let hows = how::gain_hows(cuts.len(), extra.len());
        entry.show_how(ui, cx, most.map(|cut| kernel_of(&cut.name)), &hows);
    }
    #[cfg(feature = "live")]
    split_tax_ui(ui, cx);
}

/// Split tax as the difference to running unsplit: computation alone, split, against `nocomm`.
#[cfg(feature = "live")]
fn split_tax_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    use crate::panels::doubt::with_covered;
    use weftscope_engine::spec::StrategyKind;

    let state = cx.state;
    let Some(live) = state.live.as_ref() else { return };
    if state.shown != crate::app::Shown::Live {
        return;
    }
    let (Some(shown), Some(floor)) = (live.shown(), live.baseline_ns(StrategyKind::NoComm)) else {
        return;
    };
    let gap_ns = shown.duration_ns - floor;
    let hint = "Iteration time over the same batch without any communication: what communication, splitting and sharing \
                still cost together. Negative: fusing the norm wins more than they cost.";
    let doubt = shown.document.trace.meta.doubt();
    let hint = with_covered(hint, doubt, (shown.duration_ns, Some(floor)));
    let value = number::duration_fixed(gap_ns);
    let names = ["the run in view", "nocomm, same batch"];
    let how = how::difference_how("against nocomm", names, [shown.duration_ns, floor]);
    Entry { name: "against nocomm", value, hint: &hint }.show_how(ui, cx, None, &[how]);
    let is_split = shown.plan.decision.split.is_some();
    if let Some(unsplit_ns) =
        live.unsplit_in_view_ns().filter(|_| is_split && shown.alone_compute_ns > 0)
    {
        let value = number::duration_fixed(shown.alone_compute_ns - unsplit_ns);
        let hint = format!(
            "{} Held against the batch unsplit and unfused: negative when fusing the norms wins more.",
            Term::SplitTax.tooltip()
        );
        let names = ["ops of a rank, isolated", "the same uncut and unfused"];
        let how = how::difference_how("split tax", names, [shown.alone_compute_ns, unsplit_ns]);
        Entry { name: "split tax, a rank", value, hint: &hint }.show_how(ui, cx, None, &[how]);
    }
}
