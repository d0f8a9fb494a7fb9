use serde::Serialize;
use weftscope_traces::analysis::{ExposedOp, KernelStats, RankGaps, Statistics};

use super::us;

/// Exposed ops listed.
const MOST: usize = 10;

/// What the window's statistics say, in short.
#[derive(Serialize)]
pub(super) struct Short<'a> {
    /// Every kernel, most time first.
    kernels: Vec<Kernel<'a>>,
    /// The ten most exposed communication ops.
    most_exposed: Vec<Exposed<'a>>,
    /// Time in which nothing runs, by rank.
    gaps: Vec<Gaps>,
}

/// One name and one kind, all layers, splits and ranks together.
#[derive(Serialize)]
struct Kernel<'a> {
    name: &'a str,
    kind: &'static str,
    count: usize,
    total_us: f64,
    min_us: f64,
    median_us: f64,
    p99_us: f64,
    max_us: f64,
    outliers: usize,
}

#[derive(Serialize)]
struct Exposed<'a> {
    name: &'a str,
    rank: u32,
    layer: Option<u32>,
    start_us: f64,
    duration_us: f64,
    exposed_us: f64,
    wait_us: Option<f64>,
}

#[derive(Serialize)]
struct Gaps {
    rank: u32,
    count: usize,
    total_us: f64,
    /// Of it, before the call that launches the next op had returned; null where no launch is known.
    unlaunched_us: Option<f64>,
}

impl<'a> Short<'a> {
    pub(super) fn of(statistics: &'a Statistics) -> Self {
        Self {
            kernels: statistics.kernels.kernels.iter().map(kernel).collect(),
            most_exposed: statistics.exposed.most.iter().take(MOST).map(exposed).collect(),
            gaps: statistics.gaps.ranks.iter().map(gaps).collect(),
        }
    }
}

fn kernel(kernel: &KernelStats) -> Kernel<'_> {
    Kernel {
        name: &kernel.key.name,
        kind: kernel.key.kind.name(),
        count: kernel.durations.count,
        total_us: us(kernel.durations.total_ns),
        min_us: us(kernel.durations.min_ns),
        median_us: us(kernel.median_ns),
        p99_us: kernel.p99_ns / 1e3,
        max_us: us(kernel.durations.max_ns),
        outliers: kernel.outliers.count,
    }
}

fn exposed(op: &ExposedOp) -> Exposed<'_> {
    Exposed {
        name: &op.name,
        rank: op.rank,
        layer: op.layer,
        start_us: us(op.start_ns),
        duration_us: us(op.duration_ns),
        exposed_us: us(op.exposed_ns),
        wait_us: op.wait_ns.map(us),
    }
}

fn gaps(gaps: &RankGaps) -> Gaps {
    Gaps {
        rank: gaps.rank,
        count: gaps.count,
        total_us: us(gaps.total_ns),
        unlaunched_us: gaps.unlaunched_ns.map(us),
    }
}
