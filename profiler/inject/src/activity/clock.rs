//! CUPTI's time against the host's clock.
//!
//! CUPTI brings all devices' times into one of its own, the host's wall clock unless somebody gave it another; how well it
//! does that is not seen here. `cuptiGetTimestamp` says that time now, between two readings of the host's clock. It settles
//! only once CUDA is up, so it is read first when a record has come.

use super::library::Cupti;
use crate::{clock::narrowest, host};

/// Readings at once, of which the narrowest are told.
const ROUNDS: usize = 32;

/// Readings: CUPTI's time, the middle of the host's two, and half their distance, ns.
pub fn readings(cupti: &Cupti) -> Vec<(i64, i64, i64)> {
    read(|| cupti.now_ns())
}

fn read(mut now_ns: impl FnMut() -> Option<i64>) -> Vec<(i64, i64, i64)> {
    let mut readings = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let before_ns = host::monotonic_ns();
        let Some(cupti_ns) = now_ns() else { break };
        let after_ns = host::monotonic_ns();
        readings.push((cupti_ns, i64::midpoint(before_ns, after_ns), (after_ns - before_ns) / 2));
    }
    narrowest(readings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_lies_between_the_hosts_two() {
        let ahead_ns = 1_000_000_000_000;
        let readings = read(|| Some(host::monotonic_ns() + ahead_ns));
        assert_eq!(readings.len(), 8);
        for (cupti_ns, host_ns, half_width_ns) in readings {
            assert!((cupti_ns - ahead_ns - host_ns).abs() <= half_width_ns + 1);
        }
        assert!(read(|| None).is_empty());
    }
}
