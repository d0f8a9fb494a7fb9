//! What cutting GEMMs in two costs in waves.

use std::{cmp::Reverse, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use super::GemmRow;
use crate::model::{Split, UnsplitFacts};

/// What cutting a GEMM in two costs in waves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CutRow {
    /// Name.
    pub name: String,
    /// The launch over the prefix and the one over the suffix: of launches that differ in grid or SMs (layer 0 has
    /// nothing beside its first GEMMs), the most frequent, on a tie the one with the fewest SMs.
    pub split: [CutLaunch; 2],
    /// The same GEMM uncut: all tokens in one launch with all SMs to itself. `None` when nothing says what that is.
    pub unsplit: Option<CutLaunch>,
    /// `unsplit` is both grids in one launch, since the recording is older than the plan's own word on it (`.weft`
    /// before version 3): a wave off where tiles are padded or cut along k.
    pub is_estimate: bool,
}

/// How one launch fills the GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CutLaunch {
    /// Thread blocks.
    pub grid: u32,
    /// SMs that it may use.
    pub sms: u32,
    /// Waves.
    pub waves: u32,
    /// Share of the last wave's slots that hold a block, 0…1.
    pub tail_occupancy: f64,
}

impl CutRow {
    /// Waves of both splits together.
    pub fn waves(&self) -> u32 {
        self.split[0].waves + self.split[1].waves
    }

    /// Waves added by the cut, 0 when it saves some; `None` where the uncut GEMM is not known.
    pub fn extra_waves(&self) -> Option<u32> {
        self.unsplit.map(|unsplit| self.waves().saturating_sub(unsplit.waves))
    }
}

/// Pairs prefix and suffix of each name. A name with several numbers of tokens a split (several batches in one trace)
/// is left out: which suffix belongs to which prefix is not known.
pub(super) fn cuts(gemms: &[GemmRow], device_sms: Option<u32>) -> Vec<CutRow> {
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
        let [first, second] = [usual(&halves[0])?, usual(&halves[1])?];
        let (unsplit, is_estimate) = match first.unsplit.filter(|_| first.unsplit == second.unsplit)
        {
            Some(facts) => (Some(planned(facts, first, device_sms)), false),
            None => (both_grids(first, second, device_sms), true),
        };
        let split = [first, second].map(launch);
        Some(CutRow { name: name.to_owned(), split, unsplit, is_estimate })
    };
    by_name.into_iter().filter_map(cut).collect()
}

/// The launch that stands for a split; `None` without any and where they are over different tokens.
fn usual<'a>(rows: &[&'a GemmRow]) -> Option<&'a GemmRow> {
    let tokens = rows.first()?.tokens;
    let usual = rows.iter().max_by_key(|row| (row.durations.count, Reverse(row.sms)))?;
    rows.iter().all(|row| row.tokens == tokens).then_some(*usual)
}

fn launch(row: &GemmRow) -> CutLaunch {
    let GemmRow { grid, sms, waves, tail_occupancy, .. } = *row;
    CutLaunch { grid, sms, waves, tail_occupancy }
}

/// As the plan says it.
fn planned(facts: UnsplitFacts, row: &GemmRow, device_sms: Option<u32>) -> CutLaunch {
    let UnsplitFacts { grid, waves, tail_occupancy } = facts;
    CutLaunch { grid, sms: device_sms.unwrap_or(row.sms), waves, tail_occupancy }
}

/// Both grids in one launch on all SMs of the device, or of the larger launch where the device does not say.
fn both_grids(first: &GemmRow, second: &GemmRow, device_sms: Option<u32>) -> Option<CutLaunch> {
    let per_sm = f64::from(slots(first)?) / f64::from(first.sms.max(1));
    let sms = device_sms.unwrap_or(first.sms.max(second.sms));
    let slots = ((per_sm * f64::from(sms)).round() as u32).max(1);
    let grid = first.grid.saturating_add(second.grid);
    let waves = grid.div_ceil(slots);
    let last = grid - slots * waves.saturating_sub(1);
    Some(CutLaunch { grid, sms, waves, tail_occupancy: f64::from(last) / f64::from(slots) })
}

/// Blocks resident at once, from the facts: the grid fills all waves but the last, and `tail` of that.
fn slots(row: &GemmRow) -> Option<u32> {
    let full = f64::from(row.waves) - 1.0 + row.tail_occupancy;
    (full > 0.0 && row.waves > 0).then(|| ((f64::from(row.grid) / full).round() as u32).max(1))
}

#[cfg(test)]
mod tests {
    use crate::analysis::{Config, CutRow, Ops, testing::trace, waves};

    fn cuts(text: &str) -> Vec<CutRow> {
        waves(&Ops::of(&trace(text), &Config::default())).cuts
    }

    fn cut(facts: [&str; 2]) -> CutRow {
        let [first, second] = facts;
        let text = format!(
            "sms 132\n rank 0\n stream 0: gemm 0..5 up s0 {first}; gemm 10..15 up s1 {second}"
        );
        cuts(&text).remove(0)
    }

    fn waves_of(cut: &CutRow) -> ([u32; 2], Option<u32>, Option<u32>) {
        let unsplit = cut.unsplit.map(|unsplit| unsplit.waves);
        (cut.split.map(|launch| launch.waves), unsplit, cut.extra_waves())
    }

    /// The worked example of the TokenWeave paper: 300 blocks on 132 SMs are 3 waves, equal halves 4, 132/168 3.
    /// Files of before the plan said what is uncut tell it by both grids.
    #[test]
    fn an_equal_cut_of_300_blocks_costs_a_wave() {
        let half = "grid=150 sms=132 waves=2 tail=0.136364";
        let equal = cut([half, half]);
        assert_eq!(waves_of(&equal), ([2, 2], Some(3), Some(1)));
        let unsplit = equal.unsplit.expect("both grids");
        assert!(equal.is_estimate && unsplit.grid == 300 && unsplit.sms == 132);
        assert!((unsplit.tail_occupancy - 36.0 / 132.0).abs() < 1e-12);
        let smart =
            cut(["grid=132 sms=132 waves=1 tail=1", "grid=168 sms=132 waves=2 tail=0.272727"]);
        assert_eq!(waves_of(&smart), ([1, 2], Some(3), Some(0)));
    }

    #[test]
    fn the_uncut_gemm_is_what_the_plan_says_and_not_a_sum_of_grids() {
        let half = "grid=160 sms=124 waves=2 tail=0.29 whole=300/3/0.2727";
        let cut = cut([half, half]);
        assert_eq!(waves_of(&cut), ([2, 2], Some(3), Some(1)));
        let unsplit = cut.unsplit.expect("told");
        assert_eq!((unsplit.grid, unsplit.sms, cut.is_estimate), (300, 132, false));
        assert_eq!(unsplit.tail_occupancy, 0.2727);
    }

    /// In layer 0 nothing communicates beside qkv, so it has 132 SMs there and 124 in the layers after: 256 blocks
    /// are two waves and three, the third 6 % full.
    #[test]
    fn launches_that_differ_are_judged_by_the_usual_one() {
        let alone = "grid=256 sms=132 waves=2 tail=0.9394 tokens=4096 whole=512/4/0.8788";
        let beside = "grid=256 sms=124 waves=3 tail=0.0645 tokens=4096 whole=512/4/0.8788";
        let two_layers = |layer_1: &str| {
            format!(
                "sms 132\n rank 0\n stream 0: gemm 0..5 qkv L0 s0 {alone}; gemm 10..15 qkv L0 s1 {alone}; \
                 gemm 20..25 qkv L1 s0 {layer_1}; gemm 30..35 qkv L1 s1 {layer_1}"
            )
        };
        let tie = cuts(&two_layers(beside));
        assert_eq!(waves_of(&tie[0]), ([3, 3], Some(4), Some(2)));
        assert_eq!(tie[0].split[0].sms, 124);
        let more = cuts(&(two_layers(beside) + &format!("; gemm 40..45 qkv L2 s0 {alone}")));
        assert_eq!(waves_of(&more[0]), ([2, 3], Some(4), Some(1)));
        let other_batch = two_layers(&beside.replace("4096", "2048"));
        assert_eq!(cuts(&other_batch), []);
    }
}
