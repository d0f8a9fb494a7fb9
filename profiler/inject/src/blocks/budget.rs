//! What stamps may cost: where all of them take more than that of the time of the kernels that leave them, the kernel that pays
//! most leaves no more, then the next.
//!
//! What a kernel pays is estimated, as in the reports ([`Cost`]).
//! The calls of its patches are made all the same, with nothing to do.

use std::collections::{HashMap, HashSet};

use weftscope_wire::{BlockStamp, Cost, TooDear};

use super::waiting::Part;

/// How long is watched before a kernel is judged, ns: what a program does again and again is in it several times.
const WINDOW_NS: i64 = 500_000_000;
/// Launches that it must hold: a program's first kernels are not those that it runs.
const LEAST_LAUNCHES: u32 = 50;

/// The budget of a device.
#[derive(Debug)]
pub struct Budget {
    /// Of the time of kernels that leave stamps; `None`: whatever they cost.
    most: Option<f64>,
    sms: u32,
    by_kernel: HashMap<u32, Cost>,
    launches: u32,
    since_host_ns: Option<i64>,
    judged: HashSet<u32>,
}

impl Budget {
    /// Of a device with so many SMs.
    pub fn new(most: Option<f64>, sms: u32) -> Self {
        let (by_kernel, judged) = Default::default();
        Self { most, sms, by_kernel, launches: 0, since_host_ns: None, judged }
    }

    /// A launch has told.
    pub fn add(&mut self, part: &Part, stamps: &[BlockStamp]) {
        if self.most.is_none() || self.judged.contains(&part.kernel) {
            return;
        }
        let told = || stamps.iter().filter(|stamp| stamp.start_device_ns != 0);
        let start_ns = told().map(|stamp| stamp.start_device_ns).min();
        let end_ns = told().map(|stamp| stamp.end_device_ns).max();
        let Some((start_ns, end_ns)) = start_ns.zip(end_ns) else { return };
        let span_ns = end_ns.saturating_sub(start_ns) as f64;
        let cost = Cost::of_launch(part.blocks.into(), part.threads, span_ns, self.sms);
        self.by_kernel.entry(part.kernel).or_default().add(cost);
        self.launches += 1;
    }

    /// Who is to leave no more stamps, once a window is over.
    pub fn verdict(&mut self, now_host_ns: i64) -> Option<TooDear> {
        let most = self.most?;
        let since_host_ns = *self.since_host_ns.get_or_insert(now_host_ns);
        if now_host_ns - since_host_ns < WINDOW_NS || self.launches < LEAST_LAUNCHES {
            return None;
        }
        let mut all = Cost::default();
        self.by_kernel.values().for_each(|&cost| all.add(cost));
        let dear = self.by_kernel.iter().filter(|(_, cost)| cost.share() > most);
        let worst = dear.max_by(|one, other| one.1.ns().total_cmp(&other.1.ns()));
        let worst = worst.filter(|_| all.share() > most).map(|(&kernel, cost)| TooDear {
            kernel,
            share: cost.share(),
            of_all: all.share(),
        });
        self.by_kernel.clear();
        (self.launches, self.since_host_ns) = (0, Some(now_host_ns));
        self.judged.extend(worst.map(|verdict| verdict.kernel));
        worst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixty launches of each kernel, by blocks and length, on ten SMs; 128 threads a block.
    fn fill(budget: &mut Budget, kernels: &[(u32, u32, u64)]) {
        for _ in 0..60 {
            for &(kernel, blocks, length_ns) in kernels {
                let part = Part { launch: 0, kernel, first: 0, blocks, threads: 128 };
                let stamp = BlockStamp { start_device_ns: 5, end_device_ns: 5 + length_ns, sm: 0 };
                budget.add(&part, &[stamp, BlockStamp::default()]);
            }
        }
    }

    #[test]
    fn the_dearest_goes_first_and_the_others_while_all_is_over_the_budget() {
        let mut budget = Budget::new(Some(0.05), 10);
        // A product that pays 1 %, an addition that pays 92 %, a norm that pays 46 % and less in all.
        let kernels = [(1, 100, 920_000), (2, 1000, 100_000), (3, 100, 20_000)];
        assert_eq!(budget.verdict(0), None);
        fill(&mut budget, &kernels);
        assert_eq!(budget.verdict(WINDOW_NS - 1), None);
        let first = budget.verdict(WINDOW_NS).unwrap();
        assert_eq!(first.kernel, 2);
        assert!((first.share - 0.92).abs() < 1e-9, "{first:?}");
        assert!((first.of_all - 110_400.0 / 1_040_000.0).abs() < 1e-9, "{first:?}");
        // What is left pays 2 % of all, though the norm is dear.
        fill(&mut budget, &kernels);
        assert_eq!(budget.verdict(2 * WINDOW_NS), None);
        fill(&mut budget, &kernels[1..]);
        assert_eq!(budget.verdict(3 * WINDOW_NS).map(|verdict| verdict.kernel), Some(3));
    }

    #[test]
    fn few_launches_and_no_budget_judge_nobody() {
        let mut few = Budget::new(Some(0.05), 10);
        let part = Part { launch: 0, kernel: 2, first: 0, blocks: 1000, threads: 128 };
        few.verdict(0);
        few.add(&part, &[BlockStamp { start_device_ns: 5, end_device_ns: 6, sm: 0 }]);
        assert_eq!(few.verdict(10 * WINDOW_NS), None);
        let mut free = Budget::new(None, 10);
        fill(&mut free, &[(2, 1000, 10)]);
        free.verdict(0);
        assert_eq!(free.verdict(10 * WINDOW_NS), None);
    }
}
