//! What stamps cost the program, as far as it can be told without running it twice.
//!
//! Every thread of a patched kernel makes a call where its block begins and another where it ends. Two kernels of very many
//! short blocks were timed on an H100 with and without (docs/measurements.md, "Any CUDA program"): both calls took 225 and
//! 240 ns of an SM's time a warp, recorded or not.

use weftscope_traces::words::percent;
use weftscope_wire::Launch;

/// Both calls of a warp, ns of its SM's time.
const WARP_NS: f64 = 230.0;
/// Threads a warp.
const WARP: u32 = 32;

/// Adds up over launches that left stamps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    cost_ns: f64,
    span_ns: f64,
}

impl Cost {
    /// A launch that ran for `span_ns` on a device of so many SMs.
    pub fn add(&mut self, launch: &Launch, span_ns: i64, sms: usize) {
        let blocks: f64 = launch.grid.iter().map(|&count| f64::from(count)).product();
        let threads: u32 = launch.block.iter().product();
        let warps = blocks * f64::from(threads.div_ceil(WARP));
        self.cost_ns += warps * WARP_NS / (sms.max(1) as f64).min(blocks.max(1.0));
        self.span_ns += span_ns as f64;
    }

    /// In words; empty when nothing was stamped.
    pub fn words(&self) -> String {
        if self.span_ns <= 0.0 {
            return String::new();
        }
        let share = percent(self.cost_ns / self.span_ns);
        format!(
            "stamps cost about {share} of the time of the kernels that left them, at {WARP_NS} ns of an SM's time a warp \
             (estimated, not measured in this run)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::launch, *};

    fn share(grid: u32, threads: u32, span_ns: i64) -> f64 {
        let launch = Launch { grid: [grid, 1, 1], block: [threads, 1, 1], ..launch(0, 0) };
        let mut cost = Cost::default();
        cost.add(&launch, span_ns, 132);
        cost.cost_ns / cost.span_ns
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
        assert_eq!(Cost::default().words(), "");
    }
}
