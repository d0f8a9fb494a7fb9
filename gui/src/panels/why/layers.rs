//! Passes and layers, where they are known from, and what each leaves exposed; or why they are not known.

use egui::{Label, Ui};
use weftscope_traces::analysis::{ExposedByLayer, Pass, RankStructure, StructureBasis};

use super::{
    entry::{Entry, more_ui, range_of_rank, unknown_ui},
    how, of_ranks,
};
use crate::{
    app::Document,
    panels::widgets::{Cx, heading, weak},
    theme::number,
};

/// Passes listed.
const PASSES: usize = 3;
/// Layers listed.
const LAYERS: usize = 4;

/// What is known of the rank that is spoken of, and the layers that leave most exposed.
pub(super) fn layers_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    let ranks = &document.explanation.reports.structure.ranks;
    let spoken = super::spoken_of(document);
    let Some(rank) = ranks.iter().find(|rank| Some(rank.rank) == spoken) else { return };
    if rank.basis == StructureBasis::Unknown {
        unknown_ui(ui, cx, &rank.sentence());
        return;
    }
    // Labels speak for themselves.
    if rank.basis == StructureBasis::Order {
        heading(ui, cx.theme, &format!("Layers, rank {}", rank.rank));
        small_ui(ui, cx, &rank.sentence());
        passes_ui(ui, cx, document, rank);
        rank.remarks().iter().for_each(|remark| small_ui(ui, cx, remark));
    }
    exposed_ui(ui, cx, document);
}

fn small_ui(ui: &mut Ui, cx: &Cx<'_>, text: &str) {
    ui.add(Label::new(weak(cx.theme, text).font(cx.theme.small())).wrap());
}

fn passes_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, rank: &RankStructure) {
    for (at, pass) in rank.passes.iter().enumerate().take(PASSES) {
        let &Pass { stage, layers, span } = pass;
        let stage = stage.name();
        let space = if stage.is_empty() { "" } else { ", " };
        let layers = number::counted(layers as u64, "layer");
        let name = format!("pass {at}{space}{stage}: {layers}");
        let value = number::duration_fixed(span.len_ns());
        let hint = "From its first layer's start to its last one's end; click to go there";
        let hows = how::span_hows("the pass", span, document.timeline.zero_ns(None));
        let place = range_of_rank(document, rank.rank, span);
        Entry { name: &name, value, hint }.show(ui, cx, place, &hows);
    }
    more_ui(ui, cx, rank.passes.len(), PASSES, "passes", "passes");
}

fn exposed_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    let report = &document.explanation.reports.exposed_by;
    let layers = report.layers.iter().filter(|row| row.exposed_ns > 0);
    let count = layers.clone().count();
    if count == 0 {
        return;
    }
    heading(ui, cx.theme, &format!("Exposed{}, by layer", of_ranks(document)));
    for row in layers.take(LAYERS) {
        let &ExposedByLayer { layer, count, comm_ns, exposed_ns, median_exposed_ns, rank, most } =
            row;
        let name = match layer {
            Some(layer) => format!("{count} × layer {layer}"),
            None => "outside layers".to_owned(),
        };
        let share = number::percent_fixed(exposed_ns as f64 / report.exposed_ns.max(1) as f64);
        let value = format!("{} {share}", number::duration_fixed(exposed_ns));
        let median = number::duration_ns(median_exposed_ns);
        let hint = format!(
            "Of the exposed communication of all ranks; median {median} a pass. Most on rank {rank}; click to go there."
        );
        let place = range_of_rank(document, rank, most);
        let hows = how::exposed_hows((comm_ns, exposed_ns), report.exposed_ns);
        Entry { name: &name, value, hint: &hint }.show(ui, cx, place, &hows);
    }
    more_ui(ui, cx, count, LAYERS, "layers", "exposed-by-layer");
}
