use serde::Serialize;
use weftscope_traces::{
    self as traces,
    analysis::{PhaseReport, PhaseSummary},
};

use super::us;

#[derive(Serialize)]
pub(super) struct Phases<'a> {
    /// The one with the least median slack.
    tightest: Option<&'a str>,
    summary: Vec<Phase<'a>>,
}

/// One phase; medians are over its judged instances, sums over all.
#[derive(Serialize)]
struct Phase<'a> {
    phase: &'a str,
    count: usize,
    judged: usize,
    median_compute_us: f64,
    median_comm_us: f64,
    median_slack_us: Option<f64>,
    worst_layer: Option<u32>,
    worst_layer_slack_us: Option<f64>,
    hidden_us: f64,
    exposed_us: f64,
    wait_us: Option<f64>,
    join_gap_us: f64,
    compute_slowdown: Option<f64>,
    comm_slowdown: Option<f64>,
}

impl<'a> Phases<'a> {
    pub(super) fn of(report: &'a PhaseReport) -> Self {
        Self {
            tightest: report.tightest.map(traces::Phase::name),
            summary: report.summary.iter().map(phase).collect(),
        }
    }
}

fn phase(row: &PhaseSummary) -> Phase<'_> {
    let worst = row.worst_layer;
    Phase {
        phase: row.phase.name(),
        count: row.count,
        judged: row.judged,
        median_compute_us: us(row.median_compute_ns),
        median_comm_us: us(row.median_comm_ns),
        median_slack_us: row.median_slack_ns.map(us),
        worst_layer: worst.map(|worst| worst.layer),
        worst_layer_slack_us: worst.map(|worst| us(worst.median_slack_ns)),
        hidden_us: us(row.sum.hidden_ns),
        exposed_us: us(row.sum.exposed_ns),
        wait_us: row.sum.wait_ns.map(us),
        join_gap_us: us(row.join_gap_ns),
        compute_slowdown: row.sum.compute_slowdown,
        comm_slowdown: row.sum.comm_slowdown,
    }
}
