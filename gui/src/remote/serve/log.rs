//! What a server writes about who came, on standard error: when, who, and what became of it. Never a secret, and nothing that a stranger has sent.

use std::{
    fmt,
    io::Write,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::date;

/// Lines about strangers in [`STRETCH`]: what more there are is counted.
const MOST_LINES: u32 = 20;
/// How long lines are counted together.
const STRETCH: Duration = Duration::from_secs(10);

/// A log of lines.
pub(crate) struct Log(Mutex<Lines>);

struct Lines {
    out: Box<dyn Write + Send>,
    since: Instant,
    written: u32,
    left_out: u64,
}

impl Log {
    /// One that writes to `out`.
    pub(crate) fn to(out: impl Write + Send + 'static) -> Self {
        let (out, since) = (Box::new(out), Instant::now());
        Self(Mutex::new(Lines { out, since, written: 0, left_out: 0 }))
    }

    /// What the owner wants to know.
    pub(super) fn say(&self, who: &str, what: impl fmt::Display) {
        self.with(|lines| {
            lines.catch_up(Instant::now());
            lines.write(format_args!("{who}: {what}"));
        });
    }

    /// About a stranger, of whom there may be many.
    pub(super) fn refused(&self, who: &str, why: impl fmt::Display) {
        self.with(|lines| {
            lines.catch_up(Instant::now());
            if lines.written < MOST_LINES {
                lines.written += 1;
                lines.write(format_args!("{who}: refused: {why}"));
            } else {
                lines.left_out += 1;
            }
        });
    }

    /// Says how many were left out, where some were and the time for it has come.
    pub(super) fn catch_up(&self) {
        self.with(|lines| lines.catch_up(Instant::now()));
    }

    fn with(&self, does: impl FnOnce(&mut Lines)) {
        does(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Lines {
    fn catch_up(&mut self, now: Instant) {
        if now.saturating_duration_since(self.since) < STRETCH {
            return;
        }
        let left_out = self.left_out;
        if left_out > 0 {
            self.write(format_args!("{left_out} more refused, not named one by one"));
        }
        (self.since, self.written, self.left_out) = (now, 0, 0);
    }

    fn write(&mut self, line: fmt::Arguments<'_>) {
        let when = date::to_the_second().unwrap_or_default();
        // With nobody to read it there is nothing to write.
        let _unheard = self.out.write_all(format!("{when} {line}\n").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_refusal_is_written_or_counted() {
        let kept = Kept::default();
        let log = Log::to(kept.clone());
        for _ in 0..1000 {
            log.refused("1.2.3.4:5", "its token is wrong");
        }
        // The owner's lines are never left out.
        log.say("1.2.3.4:6", "let in");
        log.with(|lines| lines.catch_up(lines.since + STRETCH));
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let named = text.lines().filter(|line| line.contains("refused: its token")).count();
        let counted: usize = text
            .lines()
            .find_map(|line| {
                line.split_once(' ')?.1.strip_suffix(" more refused, not named one by one")
            })
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(named + counted, 1000);
        assert!(named < 30 && text.contains("1.2.3.4:6: let in"), "{text}");
    }
}
