//! The ops of a kernel that take unlike the others.

use egui::{Grid, Link, Ui};
use weftscope_traces::analysis::{KernelStats, Outlier, Outliers};

use super::{go_to, iteration_name};
use crate::{
    app::Document,
    panels::widgets::{Cx, heading, mono, weak},
    theme::number,
};

const RULE: &str = "Further than one and a half times the distance of the quartiles below the first or above the third \
                    (Tukey), and more than 5 % from the median";

/// The list, each to go to.
pub(super) fn outliers_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, kernel: &KernelStats) {
    let outliers = &kernel.outliers;
    heading(ui, cx.theme, "Outliers");
    let Some([low_ns, high_ns]) = outliers.fences_ns else {
        let text = format!("Fewer than {} ops: none can be told.", Outliers::LEAST_OPS);
        ui.label(weak(cx.theme, text));
        return;
    };
    let [low, high] = [low_ns, high_ns].map(|ns| number::duration_ns(ns.max(0.0).round() as i64));
    let found = match outliers.count {
        0 => format!("None: all lie from {low} to {high}."),
        count => {
            let of = number::count(kernel.durations.count as u64);
            format!("{} of {of}, outside {low} to {high}", number::count(count as u64))
        }
    };
    ui.label(weak(cx.theme, found)).on_hover_text(RULE);
    Grid::new("outliers").num_columns(3).spacing([8.0, 0.0]).show(ui, |ui| {
        for outlier in &outliers.furthest {
            let ratio = number::ratio(outlier.of_median);
            let duration = number::duration_fixed(outlier.duration_ns);
            let link = Link::new(mono(cx.theme, duration).color(cx.theme.surfaces.accent));
            if ui.add(link).on_hover_text("Go there").clicked() {
                go_to(cx, outlier.slice);
            }
            ui.label(mono(cx.theme, ratio)).on_hover_text("Of the median");
            ui.label(weak(cx.theme, place_in_words(document, outlier)));
            ui.end_row();
        }
    });
    let rest = outliers.count - outliers.furthest.len();
    if rest > 0 {
        ui.label(weak(cx.theme, format!("and {} nearer ones", number::count(rest as u64))));
    }
}

fn place_in_words(document: &Document, outlier: &Outlier) -> String {
    let at = number::time_at(outlier.start_ns, 1000);
    match iteration_name(document, outlier.rank, outlier.iteration) {
        Some(iteration) => format!("rank {}, {iteration}, at {at}", outlier.rank),
        None => format!("rank {}, at {at}", outlier.rank),
    }
}
