//! Products of matrices against what the GPU can do at best.

use egui::Ui;
use weftscope_traces::analysis::{ProductReport, ProductRow};

use super::{
    entry::{Entry, heads_ui, more_ui, unknown_ui},
    how,
};
use crate::{
    app::Document,
    panels::widgets::{Cx, strong, weak},
    theme::{number, size},
    timeline::Selection,
};

/// Shapes listed.
const ROWS: usize = 5;

/// One shape a row; what is not known in a line. Of planned products the table of waves speaks.
pub(super) fn products_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    let reports = &document.explanation.reports;
    let report = &reports.products;
    if report.kernels == 0 || !reports.waves.gemms.is_empty() {
        return;
    }
    if report.rows.is_empty() {
        let text = "Products: no shapes are recorded (PyTorch does with record_shapes=True), so their rates are not known.";
        unknown_ui(ui, cx, text);
        return;
    }
    ui.add_space(size::GAP);
    let title = strong(cx.theme, "Products");
    heads_ui(ui, cx, title, [("TFLOP/s", 7), ("of best", 7)]).on_hover_text(
        "Products of matrices whose shapes are recorded: the rate of the median, and the shortest time that the GPU's data \
         sheet allows over the median time",
    );
    for row in report.rows.iter().take(ROWS) {
        let share = row.of_roofline().map_or_else(|| format!("{:>7}", "–"), number::percent_fixed);
        let value = format!("{:>7} {share}", number::three(row.flops_per_s / 1e12));
        let name = format!("{} × {}", row.count, row.shape);
        let entry = Entry { name: &name, value, hint: &hint(row) };
        entry.show(ui, cx, Selection::Slice(row.longest), &how::product_hows(row));
    }
    more_ui(ui, cx, report.rows.len(), ROWS, "shapes", "products");
    for text in unknown(report) {
        ui.add(egui::Label::new(weak(cx.theme, text).font(cx.theme.small())).wrap());
    }
}

fn hint(row: &ProductRow) -> String {
    let ProductRow { name, dtype, total_ns, median_ns, .. } = row;
    let dtype = if dtype.is_empty() { "type not recorded" } else { dtype };
    let [total, median] = [*total_ns, *median_ns].map(number::duration_ns);
    let best = match (row.roofline_ns, row.bound) {
        (Some(ns), Some(bound)) => {
            let best = number::duration_ns(ns.round() as i64);
            format!("at best {best}, by {}", bound.name())
        }
        _ => "what is best is not known".to_owned(),
    };
    format!("{name}, {dtype}: {total} together, median {median}, {best}. Click for the longest.")
}

/// What could not be told, a sentence each.
fn unknown(report: &ProductReport) -> Vec<String> {
    let without = (report.without_shape > 0).then(|| {
        let kernels = number::counted(report.without_shape as u64, "product");
        format!("{kernels} without a recorded shape.")
    });
    let gpus = report.unknown_gpus.iter().map(|name| match name.as_str() {
        "" => "The recording does not name the GPU, so what is best is not known.".to_owned(),
        name => format!("What {name} can do at best is not known here."),
    });
    without.into_iter().chain(gpus).collect()
}
