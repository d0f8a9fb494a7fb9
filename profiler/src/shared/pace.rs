//! The pauses between iterations that are shown, kept by those that are only timed.
//!
//! A GPU at its power limit is faster behind a pause: 8192 tokens of two layers of Llama-3.3-70B took 43.0 ms an iteration on one H200
//! (700 W) where the host read what had been recorded for some 30 ms in between, and 46.5 back to back. What is timed to be held against
//! a picture therefore runs as the picture does: as many iterations behind one another, and as long a pause before each lot.

use std::time::{Duration, Instant};

use weftscope_engine::executor::IterationTime;

/// Longest pause that is kept. Behind it a GPU has recovered; a longer one is a run that was stopped.
const LONGEST: Duration = Duration::from_millis(100);

/// How the run that is shown goes, as far as it was seen.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Start of what was shown last, and what of the time since then its iterations took.
    last: Option<(Instant, Duration)>,
    shown: Option<Lots>,
}

/// Iterations in lots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lots {
    /// Iterations behind one another.
    pub(super) together: u32,
    /// Before each lot.
    pub(super) pause: Duration,
}

impl Pace {
    /// So many iterations that are shown were asked for then. What others run until their turn comes is no part of the pause.
    pub(super) fn asked(&mut self, together: u32, then: Instant) {
        if let Some((began, busy)) = self.last.take() {
            let pause = then.saturating_duration_since(began).saturating_sub(busy).min(LONGEST);
            self.shown = Some(Lots { together, pause });
        }
    }

    /// They began then, have ended and took so long.
    pub(super) fn ended(&mut self, began: Instant, times: &[IterationTime]) {
        let ns = times.iter().map(|time| time.end_ns.saturating_sub(time.start_ns).max(0) as u64);
        self.last = Some((began, Duration::from_nanos(ns.sum())));
    }

    /// How that is to run which is held against it; `None` where nothing is shown.
    pub(super) fn lots(&self) -> Option<Lots> {
        self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn took(ms: i64) -> IterationTime {
        IterationTime { start_ns: 5_000_000, end_ns: 5_000_000 + ms * 1_000_000 }
    }

    #[test]
    fn a_pause_is_what_iterations_leave_of_the_time_until_more_are_asked_for() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.asked(2, start);
        assert_eq!(pace.lots(), None, "one by itself has no pause");
        pace.ended(start, &[took(20), took(23)]);
        pace.asked(2, start + 76 * MS);
        assert_eq!(pace.lots(), Some(Lots { together: 2, pause: 33 * MS }));
    }

    #[test]
    fn waiting_for_a_turn_is_no_pause_and_neither_is_a_run_that_was_stopped() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.ended(start, &[took(43)]);
        pace.asked(1, start + 50 * MS);
        // Others had the turn for 350 ms.
        pace.ended(start + 400 * MS, &[took(43)]);
        pace.asked(1, start + 452 * MS);
        assert_eq!(pace.lots(), Some(Lots { together: 1, pause: 9 * MS }));
        pace.ended(start + 452 * MS, &[took(43)]);
        pace.asked(1, start + 60_000 * MS);
        assert_eq!(pace.lots(), Some(Lots { together: 1, pause: LONGEST }));
    }
}
