use serde::Serialize;
use weftscope_traces::{
    Split,
    analysis::{CutRow, GemmRow, WaveReport},
};

#[derive(Serialize)]
pub(super) struct Waves<'a> {
    gemms: Vec<Gemm<'a>>,
    cuts: Vec<Cut<'a>>,
    /// GEMMs whose labels say nothing of their grid.
    without_facts: usize,
}

/// One GEMM in one split, all launches alike together.
#[derive(Serialize)]
struct Gemm<'a> {
    name: &'a str,
    split: Split,
    shape: &'a str,
    tokens: u32,
    grid: u32,
    sms: u32,
    waves: u32,
    tail_occupancy: f64,
    count: usize,
    mean_us: f64,
    tflops: f64,
    gb_per_s: f64,
    slowdown: Option<f64>,
}

#[derive(Serialize)]
struct Cut<'a> {
    #[serde(flatten)]
    row: &'a CutRow,
    /// Null where the uncut GEMM is not known.
    extra_waves: Option<u32>,
}

impl<'a> Waves<'a> {
    pub(super) fn of(report: &'a WaveReport) -> Self {
        let cut = |row: &'a CutRow| Cut { row, extra_waves: row.extra_waves() };
        Self {
            gemms: report.gemms.iter().map(gemm).collect(),
            cuts: report.cuts.iter().map(cut).collect(),
            without_facts: report.without_facts,
        }
    }
}

fn gemm(row: &GemmRow) -> Gemm<'_> {
    Gemm {
        name: &row.name,
        split: row.split,
        shape: &row.shape,
        tokens: row.tokens,
        grid: row.grid,
        sms: row.sms,
        waves: row.waves,
        tail_occupancy: row.tail_occupancy,
        count: row.durations.count,
        mean_us: row.mean_ns / 1e3,
        tflops: row.tflops,
        gb_per_s: row.gb_per_s,
        slowdown: row.slowdown,
    }
}
