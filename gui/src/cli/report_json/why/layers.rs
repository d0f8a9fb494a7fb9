//! Passes and layers, and what each leaves exposed.

use serde::Serialize;
use weftscope_traces::analysis::{
    ExposedByLayer, ExposedByOp, ExposedByReport, Pass, RankStructure, StructureBasis,
};

use crate::cli::report_json::us;

/// Ops and layers listed.
const ROWS: usize = 100;

/// What is known of the order in which a rank runs.
#[derive(Serialize)]
pub(super) struct Structure<'a> {
    rank: u32,
    basis: StructureBasis,
    /// Why layers are not known; empty where they are.
    why_unknown: &'a str,
    /// The tokens run in two sets.
    halves: bool,
    passes: Vec<PassEntry>,
    /// Computation and communication on the main stream, and how much of it lies in a layer.
    ops: usize,
    in_layers: usize,
}

#[derive(Serialize)]
struct PassEntry {
    /// `prefill`, `forward` …; empty where it is not known.
    stage: &'static str,
    layers: usize,
    start_us: f64,
    span_us: f64,
}

impl<'a> Structure<'a> {
    pub(super) fn of(rank: &'a RankStructure) -> Self {
        let pass = |pass: &Pass| PassEntry {
            stage: pass.stage.name(),
            layers: pass.layers,
            start_us: us(pass.span.start_ns),
            span_us: us(pass.span.len_ns()),
        };
        Self {
            rank: rank.rank,
            basis: rank.basis,
            why_unknown: &rank.why_unknown,
            halves: rank.halves,
            passes: rank.passes.iter().map(pass).collect(),
            ops: rank.ops,
            in_layers: rank.in_layers,
        }
    }
}

/// Exposed communication of all ranks, most first.
#[derive(Serialize)]
pub(super) struct ExposedBy<'a> {
    exposed_us: f64,
    ops: Vec<OpEntry<'a>>,
    layers: Vec<LayerEntry>,
}

#[derive(Serialize)]
struct OpEntry<'a> {
    name: &'a str,
    /// Empty where phases are not known.
    phase: &'static str,
    count: usize,
    comm_us: f64,
    exposed_us: f64,
}

#[derive(Serialize)]
struct LayerEntry {
    /// Null for what lies outside of all.
    layer: Option<u32>,
    count: usize,
    comm_us: f64,
    exposed_us: f64,
    median_exposed_us: f64,
}

impl<'a> ExposedBy<'a> {
    pub(super) fn of(report: &'a ExposedByReport) -> Self {
        let op = |row: &'a ExposedByOp| OpEntry {
            name: &row.name,
            phase: row.phase.name(),
            count: row.count,
            comm_us: us(row.comm_ns),
            exposed_us: us(row.exposed_ns),
        };
        let layer = |row: &ExposedByLayer| LayerEntry {
            layer: row.layer,
            count: row.count,
            comm_us: us(row.comm_ns),
            exposed_us: us(row.exposed_ns),
            median_exposed_us: us(row.median_exposed_ns),
        };
        Self {
            exposed_us: us(report.exposed_ns),
            ops: report.ops.iter().take(ROWS).map(op).collect(),
            layers: report.layers.iter().take(ROWS).map(layer).collect(),
        }
    }
}
