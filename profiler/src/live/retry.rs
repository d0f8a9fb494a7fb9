use std::time::Duration;

use web_time::Instant;

/// Retries in a row, after which the session waits to be told: 1, 2, 4, 8 and 16 s with the usual start.
const MOST: u32 = 5;

/// When a run that a device broke off is tried again: after ever longer waits, a few times.
#[derive(Debug)]
pub(super) struct Retry {
    first: Duration,
    failures: u32,
    due_at: Option<Instant>,
}

impl Retry {
    pub(super) fn starting_with(first: Duration) -> Self {
        Self { first, failures: 0, due_at: None }
    }

    /// The device works, or something else is asked of it.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
        self.due_at = None;
    }

    /// Another failure: how long until the next try, if there is one.
    pub(super) fn plan_next(&mut self, now: Instant) -> Option<Duration> {
        let wait = (self.failures < MOST).then(|| self.first * 2_u32.pow(self.failures));
        self.failures += 1;
        self.due_at = wait.map(|wait| now + wait);
        wait
    }

    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    /// True once for each planned try, when its time has come.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        self.due_at.take_if(|at| *at <= now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        let mut retry = Retry::starting_with(Duration::from_secs(1));
        let now = Instant::now();
        let waits: Vec<_> = (0..7).map(|_| retry.plan_next(now)).collect();
        let seconds = |wait: &Option<Duration>| wait.map(|wait| wait.as_secs());
        let waits: Vec<_> = waits.iter().map(seconds).collect();
        assert_eq!(waits, [Some(1), Some(2), Some(4), Some(8), Some(16), None, None]);
        assert!(!retry.is_due(now + Duration::from_secs(100)), "nothing is planned any more");
        retry.reset();
        assert_eq!(retry.plan_next(now), Some(Duration::from_secs(1)));
        assert!(!retry.is_due(now));
        assert!(retry.is_due(now + Duration::from_secs(1)));
        assert!(!retry.is_due(now + Duration::from_secs(1)), "one try");
    }
}
