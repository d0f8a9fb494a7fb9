//! How do the GEMMs fill the machine?

mod by_name;
mod cuts;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use by_name::GemmName;
pub use cuts::{CutLaunch, CutRow};

use super::{DurationStats, Ops};
use crate::model::{Kind, OpFacts, Split, Trace, UnsplitFacts};

/// Wave arithmetic and achieved rates of every GEMM whose label carries facts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaveReport {
    /// Per name, split and shape, by name.
    pub gemms: Vec<GemmRow>,
    /// GEMMs that were cut in two, by name.
    pub cuts: Vec<CutRow>,
    /// GEMM ops whose labels carry no facts (imports), which nothing can be said about.
    pub without_facts: usize,
}

/// One GEMM in one split, all layers, ranks and iterations together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GemmRow {
    /// Name, e.g. `gate_up`.
    pub name: String,
    /// Which tokens.
    pub split: Split,
    /// Shape in words.
    pub shape: String,
    /// Tokens, padding included.
    pub tokens: u32,
    /// Thread blocks.
    pub grid: u32,
    /// SMs it may use.
    pub sms: u32,
    /// Waves.
    pub waves: u32,
    /// Share of the last wave's slots that hold a block.
    pub tail_occupancy: f64,
    /// Of one over a split: the same uncut, where the recording says it.
    pub unsplit: Option<UnsplitFacts>,
    /// Durations.
    #[serde(flatten)]
    pub durations: DurationStats,
    /// Mean duration.
    pub mean_ns: f64,
    /// Achieved floating-point rate, TFLOP/s.
    pub tflops: f64,
    /// Achieved device-memory rate, GB/s, each input read once.
    pub gb_per_s: f64,
    /// `mean ÷ isolated duration`, when the latter is known.
    pub slowdown: Option<f64>,
}

/// Waves of every GEMM.
pub fn waves(ops: &Ops<'_>) -> WaveReport {
    let trace = ops.trace;
    let mut without_facts = 0;
    let mut rows: BTreeMap<Key, (OpFacts, Sums)> = BTreeMap::new();
    for rank in &ops.ranks {
        for op in &rank.ops {
            if op.kind != Kind::Gemm {
                continue;
            }
            let label = trace.label(op.label);
            let Some(facts) = &label.facts else {
                without_facts += 1;
                continue;
            };
            let key = (label.name.clone(), label.split, facts.tokens, facts.grid, facts.sms);
            let row = rows.entry(key).or_insert_with(|| ((**facts).clone(), Sums::default()));
            let duration_ns = op.span.len_ns();
            row.1.durations.add(duration_ns);
            row.1.flops += facts.flops;
            row.1.hbm_bytes += facts.hbm_bytes;
            if let Some(alone_ns) = facts.alone_ns {
                row.1.known_ns += duration_ns;
                row.1.alone_ns = row.1.alone_ns.saturating_add(alone_ns);
            }
        }
    }
    let gemms: Vec<GemmRow> = rows.into_iter().map(|(key, row)| gemm(key, &row)).collect();
    let cuts = cuts::cuts(&gemms, device_sms(trace));
    WaveReport { gemms, cuts, without_facts }
}

/// Name, split, tokens, grid, SMs: what makes two launches the same work.
type Key = (String, Split, u32, u32, u32);

#[derive(Default)]
struct Sums {
    durations: DurationStats,
    flops: f64,
    hbm_bytes: f64,
    known_ns: i64,
    alone_ns: i64,
}

fn gemm((name, split, ..): Key, (facts, sums): &(OpFacts, Sums)) -> GemmRow {
    let total_ns = sums.durations.total_ns.max(1) as f64;
    GemmRow {
        name,
        split,
        shape: facts.shape.clone(),
        tokens: facts.tokens,
        grid: facts.grid,
        sms: facts.sms,
        waves: facts.waves,
        tail_occupancy: facts.tail_occupancy,
        unsplit: facts.unsplit,
        durations: sums.durations,
        mean_ns: sums.durations.mean_ns(),
        // flop/ns is GFLOP/s; byte/ns is GB/s.
        tflops: sums.flops / total_ns / 1e3,
        gb_per_s: sums.hbm_bytes / total_ns,
        slowdown: (sums.alone_ns > 0).then(|| sums.known_ns as f64 / sums.alone_ns as f64),
    }
}

fn device_sms(trace: &Trace) -> Option<u32> {
    trace.meta.ranks.iter().map(|info| info.device.sms).find(|&sms| sms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Config, testing::trace};

    #[test]
    fn rates_of_a_gemm_over_its_layers() {
        let trace = trace(
            "rank 0
             stream 0: gemm 0..100 up L0 op=1 grid=300 sms=132 waves=3 tail=0.27 flops=2e6 bytes=4000 alone=80; gemm 100..300 up L1 op=9 grid=300 sms=132 waves=3 tail=0.27 flops=2e6 bytes=4000 alone=120; gemm 400..410 imported",
        );
        let report = waves(&Ops::of(&trace, &Config::default()));
        assert_eq!(report.without_facts, 1);
        let row = &report.gemms[0];
        assert_eq!((row.durations.count, row.mean_ns), (2, 150.0));
        assert!((row.tflops - 4e6 / 300.0 / 1e3).abs() < 1e-9);
        assert!((row.gb_per_s - 8000.0 / 300.0).abs() < 1e-9);
        assert_eq!(row.slowdown, Some(1.5));
        let [up] = &report.by_name()[..] else { panic!("one name") };
        assert_eq!(
            (up.waves_whole(), up.waves_cut(), up.tflops()),
            ("3".into(), "–".into(), row.tflops)
        );
    }
}
