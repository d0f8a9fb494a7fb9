use crossbeam::channel::Receiver;

use super::letter::{Ask, Letter, Tell};

/// A page's end of the way to a worker. The worker ends when it is dropped.
pub(crate) struct Port {
    post: Box<dyn Fn(Letter)>,
    inbox: Receiver<Letter>,
}

/// Starts a worker.
pub(crate) type StartWorker = Box<dyn Fn() -> Result<Port, String>>;

impl Port {
    /// Over what posts a letter and where letters arrive; whoever makes it has a frame asked for when one does.
    pub(crate) fn new(post: Box<dyn Fn(Letter)>, inbox: Receiver<Letter>) -> Self {
        Self { post, inbox }
    }

    pub(super) fn ask(&self, ask: &Ask) {
        (self.post)(Letter::of(ask));
    }

    /// What the worker told next, with the bytes behind it; what is not understood ends it.
    pub(super) fn next(&self) -> Option<(Tell, Vec<u8>)> {
        let letter = self.inbox.try_recv().ok()?;
        let tell = letter.open().unwrap_or_else(Tell::Ended);
        Some((tell, letter.bytes))
    }
}
