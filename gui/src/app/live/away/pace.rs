//! How often views of a program go whole over a link: at moments that those of other servers have too, whatever their links.

use std::time::{Duration, Instant};

use crate::jobs::INTERVAL;

/// Moments apart at most: 12.8 s.
const MOST_APART: u64 = 128;

/// The pace: a power of two of moments, so that of two servers the slower one's moments are also the faster one's.
#[derive(Debug)]
pub(super) struct Pace {
    every: u64,
    began: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { every: 1, began: None }
    }
}

impl Pace {
    /// A view is sent of each moment that this divides.
    pub(super) fn every(&self) -> u64 {
        self.every
    }

    /// A view is being sent from now on.
    pub(super) fn begin(&mut self) {
        self.began = Some(Instant::now());
    }

    /// It is sent.
    pub(super) fn end(&mut self) {
        if let Some(began) = self.began.take() {
            self.every = every(began.elapsed());
        }
    }
}

/// For views that take so long to be sent.
fn every(took: Duration) -> u64 {
    let moments = took.as_nanos().div_ceil(INTERVAL.as_nanos()) as u64;
    moments.clamp(1, MOST_APART).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slower_link_has_moments_of_a_faster_one() {
        let ms = Duration::from_millis;
        let all = [(0, 1), (100, 1), (101, 2), (250, 4), (400, 4), (450, 8), (1_000_000, 128)];
        for (took, moments) in all {
            assert_eq!(every(ms(took)), moments, "{took} ms");
        }
    }
}
