use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// A line on stderr that says how far a long piece of work is; only on a terminal, and only after a while.
pub(super) struct ProgressLine {
    what: String,
    is_terminal: bool,
    began: Instant,
    shown: Option<Instant>,
}

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// Time between two updates.
const PERIOD: Duration = Duration::from_millis(100);

impl ProgressLine {
    pub(super) fn new(what: impl Into<String>) -> Self {
        let is_terminal = io::stderr().is_terminal();
        Self { what: what.into(), is_terminal, began: Instant::now(), shown: None }
    }

    /// Tells how much is done; without a total only that something is.
    pub(super) fn step(&mut self, done: u64, total: Option<u64>) {
        let due = self.shown.map_or(self.began.elapsed() >= PATIENCE, |at| at.elapsed() >= PERIOD);
        if !self.is_terminal || !due {
            return;
        }
        self.shown = Some(Instant::now());
        let percent = total
            .filter(|&total| total > 0)
            .map(|total| format!(" {:3.0} %", 100.0 * (done as f64 / total as f64).min(1.0)));
        let _unheard = write!(io::stderr(), "\r\x1b[K{}{}", self.what, percent.unwrap_or_default());
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _unheard = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
