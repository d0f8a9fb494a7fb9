//! What stamps cost the program, as far as it can be told without running it twice: estimated ([`Cost`]).

use std::collections::BTreeMap;

use weftscope_traces::words::percent;
use weftscope_wire::{Cost, Launch, TooDear, cost::WARP_NS};

use super::{Process, sheet::kernel_name};

/// Kernels that pay more than this share of their time are named.
const MUCH: f64 = 0.05;
/// So many of them.
const NAMED: usize = 3;

/// Adds up over launches that left stamps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costs {
    all: Cost,
    by_kernel: BTreeMap<String, Cost>,
}

impl Costs {
    /// A launch of a kernel that ran for `span_ns` on a device of so many SMs.
    pub fn add(&mut self, kernel: &str, launch: &Launch, span_ns: i64, sms: usize) {
        let blocks: f64 = launch.grid.iter().map(|&count| f64::from(count)).product();
        let threads: u32 = launch.block.iter().product();
        let cost = Cost::of_launch(blocks, threads, span_ns as f64, sms as u32);
        self.all.add(cost);
        match self.by_kernel.get_mut(kernel) {
            Some(known) => known.add(cost),
            None => {
                self.by_kernel.insert(kernel.to_owned(), cost);
            }
        }
    }

    /// In words; empty when nothing was stamped.
    pub fn words(&self) -> String {
        if self.all.is_empty() {
            return String::new();
        }
        let share = percent(self.all.share());
        let mut words = format!(
            "stamps cost about {share} of the time of the kernels that left them, at {WARP_NS} ns of an SM's time a warp \
             (estimated, not measured in this run)"
        );
        let mut dear: Vec<(&String, &Cost)> =
            self.by_kernel.iter().filter(|(_, cost)| cost.share() > MUCH).collect();
        dear.sort_by(|one, other| other.1.ns().total_cmp(&one.1.ns()));
        for (at, (kernel, cost)) in dear.iter().take(NAMED).enumerate() {
            let before = if at == 0 { "; dear are " } else { ", " };
            let name = kernel.split(['(', '<']).next().unwrap_or_default();
            words += &format!("{before}{name} ({} of its time)", percent(cost.share()));
        }
        words
    }
}

/// That a kernel leaves stamps no more, in words.
pub(super) fn too_dear(process: &Process, dear: &TooDear) -> String {
    format!(
        "launched by itself, {} leaves no stamps from some time on: they took about {} of its time, all together {}, more than the \
         budget",
        kernel_name(process, dear.kernel),
        percent(dear.share),
        percent(dear.of_all)
    )
}

#[cfg(test)]
mod tests {
    use weftscope_wire::{Event, Kernel};

    use super::{super::made::launch, *};

    fn share(grid: u32, threads: u32, span_ns: i64) -> f64 {
        let launch = Launch { grid: [grid, 1, 1], block: [threads, 1, 1], ..launch(0, 0) };
        let mut cost = Costs::default();
        cost.add("k", &launch, span_ns, 132);
        cost.all.share()
    }

    /// Kernels of PyTorch's on an H100, timed with and without patches.
    #[test]
    fn the_estimate_is_as_large_as_what_was_measured() {
        // Products and attention, persistent: within noise.
        assert!(share(132, 384, 204_000) < 0.02);
        assert!(share(132, 384, 946_000) < 0.01);
        // A row-wise norm 130–146 → 378–388 µs, an addition 98–101 → 548–567 µs: 61–66 and 82 % of the longer time.
        assert!((0.55..0.66).contains(&share(8192, 512, 383_000)));
        assert!((0.80..0.84).contains(&share(65_536, 128, 557_000)));
    }

    #[test]
    fn nothing_stamped_is_nothing_said() {
        assert_eq!(Costs::default().words(), "");
    }

    #[test]
    fn kernels_that_pay_much_are_named_the_dearest_first() {
        let mut cost = Costs::default();
        let many = Launch { grid: [8192, 1, 1], block: [512, 1, 1], ..launch(0, 0) };
        let few = Launch { grid: [132, 1, 1], block: [384, 1, 1], ..launch(1, 0) };
        cost.add("norm<bf16>(int)", &many, 383_000, 132);
        cost.add("nvjet_product", &few, 946_000, 132);
        cost.add("copy", &Launch { grid: [1024, 1, 1], ..many }, 40_000, 132);
        let words = cost.words();
        assert!(words.contains("; dear are norm (59.6 % of its time), copy ("), "{words}");
        assert!(!words.contains("nvjet"), "{words}");
    }

    #[test]
    fn a_kernel_over_the_budget_is_named_as_reports_name_it() {
        let mut process = Process::default();
        process.take(Event::Kernel(Kernel { id: 3, name: "_Z4normPf".to_owned() }));
        let told = too_dear(&process, &TooDear { kernel: 3, share: 0.462, of_all: 0.106 });
        assert!(told.starts_with("launched by itself, norm(float*) leaves no stamps"), "{told}");
        assert!(told.contains("about 46.2 % of its time, all together 10.6 %"), "{told}");
    }
}
