use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What says that a query is to end.
type Stop = Box<dyn FnMut() -> bool + Send>;

/// Whether the query at hand is to end: asked by SQLite between instructions, by tables between steps of what they make.
#[derive(Default)]
pub(crate) struct Stopping {
    stop: Mutex<Option<Stop>>,
    /// Whether it has said so.
    is_over: AtomicBool,
}

impl Stopping {
    /// A query begins, until `stop` says so.
    pub(crate) fn begin(&self, stop: impl FnMut() -> bool + Send + 'static) {
        *self.stop() = Some(Box::new(stop));
        self.is_over.store(false, Ordering::Relaxed);
    }

    /// The query has ended; true where it was stopped.
    pub(crate) fn end(&self) -> bool {
        *self.stop() = None;
        self.is_over.load(Ordering::Relaxed)
    }

    /// Whether the query at hand is to end.
    pub(crate) fn is_stopped(&self) -> bool {
        let is_over = self.stop().as_mut().is_some_and(|stop| stop());
        self.is_over.fetch_or(is_over, Ordering::Relaxed) || is_over
    }

    fn stop(&self) -> MutexGuard<'_, Option<Stop>> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
