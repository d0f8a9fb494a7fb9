#[cfg(not(target_arch = "wasm32"))]
use std::time::Duration;

use crossbeam::channel::Receiver;
#[cfg(not(target_arch = "wasm32"))]
use crossbeam::channel::TryRecvError;

use super::letter::Letter;

/// Posts a letter; never waits. A worker is tied to the page's one thread, a connection is not.
#[cfg(target_arch = "wasm32")]
type Post = Box<dyn Fn(Letter)>;
#[cfg(not(target_arch = "wasm32"))]
type Post = Box<dyn Fn(Letter) + Send + Sync>;

/// The window's end of the way to a worker, or to an agent. What runs at the other end is over when it is dropped.
pub(crate) struct Port {
    post: Post,
    inbox: Receiver<Letter>,
}

/// Opens a way to a worker.
pub(crate) type StartWorker = Box<dyn Fn() -> Result<Port, String>>;

impl Port {
    /// Over what posts a letter and where letters arrive; whoever makes it has a frame asked for when one does.
    pub(crate) fn new(post: Post, inbox: Receiver<Letter>) -> Self {
        Self { post, inbox }
    }

    pub(super) fn post(&self, letter: Letter) {
        (self.post)(letter);
    }

    /// What came next.
    pub(super) fn next(&self) -> Option<Letter> {
        self.inbox.try_recv().ok()
    }

    /// True when nothing comes any more.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn is_over(&self) -> bool {
        self.inbox.is_empty() && matches!(self.inbox.try_recv(), Err(TryRecvError::Disconnected))
    }

    /// The same, waited for.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn next_within(&self, patience: Duration) -> Option<Letter> {
        self.inbox.recv_timeout(patience).ok()
    }
}
