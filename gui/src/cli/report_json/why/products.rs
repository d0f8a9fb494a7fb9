use serde::Serialize;
use weftscope_traces::analysis::{Bound, ProductReport, ProductRow};

use crate::cli::report_json::us;

/// How near products come to what the GPU can do at best.
#[derive(Serialize)]
pub(super) struct Products<'a> {
    rows: Vec<Row<'a>>,
    kernels: usize,
    without_shape: usize,
    /// GPUs whose rates are not known; an empty name where the recording does not say.
    unknown_gpus: &'a [String],
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    shape: &'a str,
    /// Empty where not recorded.
    dtype: &'a str,
    count: usize,
    total_us: f64,
    median_us: f64,
    tflop_per_s: f64,
    /// The shortest time by the data sheet.
    roofline_us: Option<f64>,
    bound: Option<Bound>,
    /// The shortest over the median time, 0…1.
    of_roofline: Option<f64>,
}

impl<'a> Products<'a> {
    pub(super) fn of(report: &'a ProductReport) -> Self {
        let ProductReport { rows, kernels, without_shape, unknown_gpus } = report;
        Self {
            rows: rows.iter().map(row).collect(),
            kernels: *kernels,
            without_shape: *without_shape,
            unknown_gpus,
        }
    }
}

fn row(row: &ProductRow) -> Row<'_> {
    Row {
        name: &row.name,
        shape: &row.shape,
        dtype: &row.dtype,
        count: row.count,
        total_us: us(row.total_ns),
        median_us: us(row.median_ns),
        tflop_per_s: row.flops_per_s / 1e12,
        roofline_us: row.roofline_ns.map(|ns| ns / 1e3),
        bound: row.bound,
        of_roofline: row.of_roofline(),
    }
}
