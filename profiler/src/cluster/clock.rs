//! Clocks of servers: off by chance, and faster or slower.

use weftscope_engine::random::mix;

use super::spec::ClusterSpec;

/// One server's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Clock {
    /// What it shows more than is right when the run begins, ns.
    pub(super) offset_ns: i64,
    /// By how much that grows, ns a ns.
    pub(super) drift: f64,
    start_unix_ns: i64,
}

impl Clock {
    pub(super) fn of(spec: &ClusterSpec, server: u32) -> Self {
        // The first server's is right, so that what is found can be held against the truth.
        let by = if server == 0 { 0.0 } else { 1.0 };
        let either_way =
            |what: u64| by * chance(spec.seed, [7, what, server.into(), 0]).mul_add(2.0, -1.0);
        Self {
            offset_ns: (spec.clocks.offset_ms * 1e6 * either_way(0)).round() as i64,
            drift: spec.clocks.drift_ppm * 1e-6 * either_way(1),
            start_unix_ns: spec.start_unix_ns,
        }
    }

    /// What it shows so long after the start of the run.
    pub(super) fn shows(&self, ns: i64) -> i64 {
        let grown = (self.drift * ns as f64).round() as i64;
        self.start_unix_ns + self.offset_ns + ns + grown
    }
}

/// Evenly between 0 and 1, the same for the same numbers.
pub(super) fn chance(seed: u64, of: [u64; 4]) -> f64 {
    let value = of.into_iter().fold(mix(seed), |value, part| mix(value ^ part));
    (value >> 11) as f64 / (1_u64 << 53) as f64
}
