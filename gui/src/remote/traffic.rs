//! What goes over a connection, counted.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Counts of one connection since it began; both threads of it write, the window reads.
#[derive(Debug, Default)]
pub struct Traffic {
    received: AtomicU64,
    sent: AtomicU64,
    /// ns, plus one; 0: not known.
    round_trip: AtomicU64,
    lost: AtomicU64,
}

impl Traffic {
    /// Bytes that have come.
    pub fn received_bytes(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Bytes that have gone.
    pub fn sent_bytes(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How long the last ping took; `None` before the first answer.
    pub fn round_trip(&self) -> Option<Duration> {
        let ns = self.round_trip.load(Ordering::Relaxed);
        ns.checked_sub(1).map(Duration::from_nanos)
    }

    /// Letters for which there was no room.
    pub fn lost_letters(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(super) fn receive(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn send(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn answered(&self, within: Duration) {
        let ns = u64::try_from(within.as_nanos()).unwrap_or(u64::MAX - 1);
        self.round_trip.store(ns + 1, Ordering::Relaxed);
    }

    pub(super) fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }
}
