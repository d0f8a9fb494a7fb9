//! Those who were let in: so many at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Windows that are served at once: each has threads of its own.
const MOST_SEATS: usize = 16;

/// How many there are.
#[derive(Clone, Default)]
pub(super) struct Hall(Arc<AtomicUsize>);

/// One of them, given back when it is dropped.
pub(super) struct Seat(Hall);

impl Hall {
    /// A seat; `None` where none is free.
    pub(super) fn enter(&self) -> Option<Seat> {
        let more = |taken: usize| (taken < MOST_SEATS).then_some(taken + 1);
        self.0.try_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(Seat(self.clone()))
    }

    /// How many are in it.
    pub(super) fn seated(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}
