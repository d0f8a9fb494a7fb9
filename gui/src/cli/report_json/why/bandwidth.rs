use serde::Serialize;
use weftscope_traces::analysis::{BandwidthReport, BandwidthRow};

use crate::cli::report_json::us;

/// How fast collectives move their bytes.
#[derive(Serialize)]
pub(super) struct Bandwidth<'a> {
    rows: Vec<Row<'a>>,
    ops: usize,
    /// Communication ops with a size that is not known.
    unknown: usize,
}

/// One operation and size; GB are 10⁹ bytes.
#[derive(Serialize)]
struct Row<'a> {
    operation: &'a str,
    ranks: Option<usize>,
    bytes: Option<f64>,
    bus_bytes: f64,
    count: usize,
    total_us: f64,
    median_us: f64,
    alg_gb_per_s: Option<f64>,
    bus_gb_per_s: f64,
    best_bus_gb_per_s: f64,
    /// After the last rank had arrived.
    arrived_bus_gb_per_s: Option<f64>,
}

impl<'a> Bandwidth<'a> {
    pub(super) fn of(report: &'a BandwidthReport) -> Self {
        let BandwidthReport { rows, ops, unknown } = report;
        Self { rows: rows.iter().map(row).collect(), ops: *ops, unknown: *unknown }
    }
}

fn row(row: &BandwidthRow) -> Row<'_> {
    let gb = |bytes: f64| bytes / 1e9;
    Row {
        operation: &row.operation,
        ranks: row.ranks,
        bytes: row.bytes,
        bus_bytes: row.bus_bytes,
        count: row.count,
        total_us: us(row.total_ns),
        median_us: us(row.median_ns),
        alg_gb_per_s: row.alg_per_s.map(gb),
        bus_gb_per_s: gb(row.bus_per_s),
        best_bus_gb_per_s: gb(row.best_bus_per_s),
        arrived_bus_gb_per_s: row.arrived_bus_per_s.map(gb),
    }
}
