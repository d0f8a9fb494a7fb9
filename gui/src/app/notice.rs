//! Messages to the user that need no answer.

/// Identifies a notice for dismissal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NoticeId(pub u64);

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something finished.
    Done,
    /// Something is odd, the rest works.
    Warning,
    /// Something asked for did not happen.
    Error,
}

/// One line for the user: what happened, then where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// How much it matters.
    pub severity: Severity,
    /// Cause and place, the path last.
    pub text: String,
}

/// The notices on screen, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    shown: Vec<Notice>,
    next: u64,
    dropped: u64,
}

impl Notices {
    /// Notices kept; a fault that repeats each iteration must not bury the window.
    const MAX: usize = 5;

    /// Shows a notice; an identical one already on screen is not repeated.
    pub fn push(&mut self, severity: Severity, text: impl Into<String>) {
        let text = text.into();
        if self.shown.iter().any(|notice| notice.severity == severity && notice.text == text) {
            return;
        }
        self.shown.push(Notice { id: NoticeId(self.next), severity, text });
        self.next += 1;
        if self.shown.len() > Self::MAX {
            self.shown.remove(0);
            self.dropped += 1;
        }
    }

    /// Takes a notice off the screen.
    pub fn dismiss(&mut self, id: NoticeId) {
        self.shown.retain(|notice| notice.id != id);
    }

    /// Takes every notice off the screen.
    pub fn clear(&mut self) {
        self.shown.clear();
        self.dropped = 0;
    }

    /// What is on screen, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Notice> {
        self.shown.iter()
    }

    /// Older notices that had to make room.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}
