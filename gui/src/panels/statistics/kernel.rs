//! One kernel: its figures, how its durations lie, where they were, which are unlike the others.

use egui::{Label, RichText, ScrollArea, Sense, TextFormat, Ui, text::LayoutJob, vec2};
use weftscope_traces::{Split, analysis::KernelStats};

use super::{
    groups::{iterations_ui, ranks_ui},
    histogram::histogram_ui,
    outliers::outliers_ui,
};
use crate::{
    app::{Document, StatisticsCommand},
    panels::widgets::{Cx, weak},
    theme::number,
};

/// Narrower, and a plot would not be read.
const COLUMN_WIDTH: f32 = 250.0;

/// All of it but its name, in as many columns as there is room for.
pub(super) fn kernel_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, kernel: &KernelStats) {
    figures_ui(ui, cx, kernel);
    ScrollArea::vertical().id_salt("kernel").auto_shrink(false).show(ui, |ui| {
        let columns = (ui.available_width() / COLUMN_WIDTH).floor().clamp(1.0, 3.0) as usize;
        ui.columns(columns, |columns| {
            let last = columns.len() - 1;
            histogram_ui(&mut columns[0], cx, document, kernel);
            let middle = &mut columns[last.min(1)];
            iterations_ui(middle, cx, document, kernel);
            ranks_ui(middle, cx, kernel);
            // Under the histogram where there are two columns: it is the shorter of both.
            let place = if last == 2 { 2 } else { 0 };
            outliers_ui(&mut columns[place], cx, document, kernel);
        });
    });
}

/// Its name, on a line of its own; `back` where the table of all is not beside it.
pub(super) fn title_ui(ui: &mut Ui, cx: &mut Cx<'_>, kernel: &KernelStats, back: bool) {
    ui.horizontal(|ui| {
        if back && ui.small_button("All kernels").on_hover_text("Back to the table").clicked() {
            cx.statistics(StatisticsCommand::Choose(None));
        }
        let (swatch, _) = ui.allocate_exact_size(vec2(12.0, 12.0), Sense::hover());
        ui.painter().rect_filled(swatch, 0.0, cx.theme.kind(kernel.key.kind, Split::Whole));
        ui.label(weak(cx.theme, kernel.key.kind.words()));
        let name = RichText::new(&kernel.key.name).color(cx.theme.surfaces.strong).strong();
        ui.add(Label::new(name).truncate()).on_hover_text(&kernel.key.name);
    });
}

fn figures_ui(ui: &mut Ui, cx: &Cx<'_>, kernel: &KernelStats) {
    let durations = &kernel.durations;
    let ns = |ns: f64| number::duration_ns(ns.round() as i64);
    let figures = [
        ("count", number::count(durations.count as u64)),
        ("total", ns(durations.total_ns as f64)),
        ("of all", number::percent(kernel.share)),
        ("min", ns(durations.min_ns as f64)),
        ("median", ns(kernel.median_ns as f64)),
        ("mean", ns(kernel.mean_ns)),
        ("p99", ns(kernel.p99_ns)),
        ("max", ns(durations.max_ns as f64)),
    ];
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(14.0, 0.0);
        for (name, value) in figures {
            // Name and value in one, so that no line is broken between them.
            let mut text = LayoutJob::default();
            let format = |font, colour| TextFormat::simple(font, colour);
            text.append(name, 0.0, format(cx.theme.body(), cx.theme.surfaces.weak));
            text.append(&value, 6.0, format(cx.theme.mono(), cx.theme.surfaces.text));
            ui.add(Label::new(text).extend());
        }
    });
}
