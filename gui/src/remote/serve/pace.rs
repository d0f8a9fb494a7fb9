//! A rate that may be exceeded for a moment.

use std::time::{Duration, Instant};

/// So many a second, and so many more at once after a rest.
pub(super) struct Pace {
    per_s: f64,
    most: f64,
    left: f64,
    at: Instant,
}

impl Pace {
    pub(super) fn new(per_s: f64, most: f64, now: Instant) -> Self {
        Self { per_s, most, left: most, at: now }
    }

    /// Counts one, and gives how long it is to wait.
    pub(super) fn one(&mut self, now: Instant) -> Duration {
        let rest_s = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + rest_s * self.per_s).min(self.most) - 1.0;
        self.at = now;
        Duration::from_secs_f64((-self.left / self.per_s).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is let through in any stretch is at most what a bucket of that size holds and fills: counted one by one.
    #[test]
    fn no_stretch_has_more_than_its_rate() {
        let began = Instant::now();
        let mut pace = Pace::new(100.0, 8.0, began);
        let (mut at, mut passed) = (began, Vec::new());
        for step in 0_u64..500 {
            // Some come at once, some after a rest.
            at += Duration::from_micros(if step % 97 == 0 { 300_000 } else { 50 });
            at += pace.one(at);
            passed.push((at - began).as_secs_f64());
        }
        for (first, from_s) in passed.iter().enumerate() {
            for (last, to_s) in passed.iter().enumerate().skip(first) {
                let may = (to_s - from_s) * 100.0 + 8.0;
                assert!((last - first + 1) as f64 <= may + 1e-6, "{first}..={last}");
            }
        }
        let rests = 500_u64.div_ceil(97) as f64 * 0.3;
        assert!(passed[499] < 500.0 / 100.0 + rests, "and no less passes than may");
    }
}
