//! How do the GEMMs fill the machine?

use std::collections::BTreeMap;

use serde::Serialize;

use super::{DurationStats, Ops};
use crate::model::{Kind, OpFacts, Split, Trace};

/// Wave arithmetic and achieved rates of every GEMM whose label carries facts.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WaveReport {
    /// Per name, split and shape, by name.
    pub gemms: Vec<GemmRow>,
    /// GEMMs that were cut in two, by name.
    pub cuts: Vec<CutRow>,
    /// GEMM ops whose labels carry no facts (imports), which nothing can be said about.
    pub without_facts: usize,
}

/// One GEMM in one split, all layers, ranks and iterations together.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

/// What cutting a GEMM in two costs in waves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CutRow {
    /// Name.
    pub name: String,
    /// Waves of the prefix and of the suffix.
    pub split_waves: [u32; 2],
    /// Waves of both grids as one launch on the same SMs.
    pub unsplit_waves: u32,
    /// The same on all SMs of the device; `None` when the device does not say how many it has.
    pub unsplit_waves_all_sms: Option<u32>,
}

impl CutRow {
    /// Waves added by the cut; 0 for a cut that satisfies `waves(first) + waves(second) ≤ waves(unsplit)`.
    pub fn extra_waves(&self) -> u32 {
        (self.split_waves[0] + self.split_waves[1]).saturating_sub(self.unsplit_waves)
    }
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
                row.1.alone_ns += alone_ns;
            }
        }
    }
    let gemms: Vec<GemmRow> = rows.into_iter().map(|(key, row)| gemm(key, &row)).collect();
    let cuts = cuts(&gemms, device_sms(trace));
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
        durations: sums.durations,
        mean_ns: sums.durations.mean_ns(),
        // flop/ns is GFLOP/s; byte/ns is GB/s.
        tflops: sums.flops / total_ns / 1e3,
        gb_per_s: sums.hbm_bytes / total_ns,
        slowdown: (sums.alone_ns > 0).then(|| sums.known_ns as f64 / sums.alone_ns as f64),
    }
}

/// Pairs prefix and suffix of each name. A name with several shapes a split (several batches in one trace) is left
/// out: which suffix belongs to which prefix is not known.
fn cuts(gemms: &[GemmRow], device_sms: Option<u32>) -> Vec<CutRow> {
    let mut by_name: BTreeMap<&str, [Vec<&GemmRow>; 2]> = BTreeMap::new();
    for row in gemms {
        let half = match row.split {
            Split::Whole => continue,
            Split::First => 0,
            Split::Second => 1,
        };
        by_name.entry(&row.name).or_default()[half].push(row);
    }
    let cut = |(name, halves): (&str, [Vec<&GemmRow>; 2])| {
        let ([first], [second]) = (&halves[0][..], &halves[1][..]) else { return None };
        let slots = slots(first)?;
        let grid = first.grid + second.grid;
        let per_sm = f64::from(slots) / f64::from(first.sms.max(1));
        let all_slots = device_sms.map(|sms| ((per_sm * f64::from(sms)).round() as u32).max(1));
        Some(CutRow {
            name: name.to_owned(),
            split_waves: [first.waves, second.waves],
            unsplit_waves: grid.div_ceil(slots),
            unsplit_waves_all_sms: all_slots.map(|slots| grid.div_ceil(slots)),
        })
    };
    by_name.into_iter().filter_map(cut).collect()
}

/// Blocks resident at once, from the facts: the grid fills all waves but the last, and `tail` of that.
fn slots(row: &GemmRow) -> Option<u32> {
    let full = f64::from(row.waves) - 1.0 + row.tail_occupancy;
    (full > 0.0 && row.waves > 0).then(|| ((f64::from(row.grid) / full).round() as u32).max(1))
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
    }

    /// The worked example of the TokenWeave paper: 300 blocks on 132 SMs are 3 waves, equal halves 4, 132/168 3.
    #[test]
    fn an_equal_cut_of_300_blocks_costs_a_wave() {
        let cut = |first: (u32, u32, f64), second: (u32, u32, f64)| {
            let half = |split, (grid, waves, tail): (u32, u32, f64), at| {
                format!(
                    "gemm {at}..{} up s{split} grid={grid} sms=132 waves={waves} tail={tail}",
                    at + 5
                )
            };
            let text = format!(
                "sms 132\n rank 0\n stream 0: {}; {}",
                half(0, first, 0),
                half(1, second, 10)
            );
            waves(&Ops::of(&trace(&text), &Config::default())).cuts.remove(0)
        };
        let equal = cut((150, 2, 18.0 / 132.0), (150, 2, 18.0 / 132.0));
        assert_eq!((equal.split_waves, equal.unsplit_waves, equal.extra_waves()), ([2, 2], 3, 1));
        let smart = cut((132, 1, 1.0), (168, 2, 36.0 / 132.0));
        assert_eq!((smart.split_waves, smart.extra_waves()), ([1, 2], 0));
        assert_eq!(smart.unsplit_waves_all_sms, Some(3));
    }
}
