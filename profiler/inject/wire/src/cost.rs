//! What stamps cost, as the library and its viewers estimate it alike.
//!
//! Every thread of a patched kernel makes a call where its block begins and another where it ends. Two kernels of very many
//! short blocks were timed on an H100 with and without (docs/measurements.md, "Any CUDA program"): both calls took 225 and
//! 240 ns of an SM's time a warp, recorded or not.

/// Both calls of a warp, ns of its SM's time.
pub const WARP_NS: f64 = 230.0;
/// Threads a warp.
const WARP: u32 = 32;

/// Time of kernels, and how much of it stamps are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    cost_ns: f64,
    span_ns: f64,
}

impl Cost {
    /// Of a launch that ran for `span_ns`, its blocks on a device of so many SMs.
    pub fn of_launch(blocks: f64, threads: u32, span_ns: f64, sms: u32) -> Self {
        let warps = blocks * f64::from(threads.div_ceil(WARP));
        Self { cost_ns: warps * WARP_NS / f64::from(sms.max(1)).min(blocks.max(1.0)), span_ns }
    }

    /// One more.
    pub fn add(&mut self, other: Self) {
        self.cost_ns += other.cost_ns;
        self.span_ns += other.span_ns;
    }

    /// Time that stamps take, ns.
    pub fn ns(self) -> f64 {
        self.cost_ns
    }

    /// Nothing has run.
    pub fn is_empty(self) -> bool {
        self.span_ns <= 0.0
    }

    /// What stamps take of the time.
    pub fn share(self) -> f64 {
        self.cost_ns / self.span_ns.max(1.0)
    }
}
