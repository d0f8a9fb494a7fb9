//! What is known of NCCL in this process, and whether it tells of its collectives.

use std::{
    ffi::c_int,
    ptr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use weftscope_wire::{Communicator, Event};

use super::abi::COLLECTIVE;

/// What is known of NCCL in this process.
#[derive(Debug, Default)]
pub struct Collectives {
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    /// NCCL's own words that say which events it tells.
    masks: Vec<usize>,
    communicators: Vec<Communicator>,
    recording: bool,
}

impl Collectives {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Events on or off; gives the communicators that are there.
    pub fn record(&self, on: bool) -> Vec<Event> {
        let mut inside = self.lock();
        inside.recording = on;
        inside.masks.iter().for_each(|&mask| set(mask, on));
        inside.communicators.iter().cloned().map(Event::Communicator).collect()
    }

    /// A communicator is made; `mask` is NCCL's word. Gives what is to be told.
    pub(super) fn made(&self, communicator: Communicator, mask: usize) -> Option<Event> {
        let mut inside = self.lock();
        // It is the same word for all communicators of today's NCCL.
        if !inside.masks.contains(&mask) {
            inside.masks.push(mask);
        }
        set(mask, inside.recording);
        inside.communicators.push(communicator.clone());
        inside.recording.then_some(Event::Communicator(communicator))
    }
}

/// Writes NCCL's word.
fn set(mask: usize, on: bool) {
    let value = if on { c_int::from(COLLECTIVE) } else { 0 };
    // SAFETY: a static word of NCCL's, which is never unloaded and reads it at any time.
    unsafe { ptr::write_volatile(mask as *mut c_int, value) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn communicator() -> Communicator {
        Communicator { id: 7, name: "tp".to_owned(), ranks: 2, rank: 1 }
    }

    #[test]
    fn events_are_asked_for_while_recording() {
        let collectives = Collectives::default();
        let mask = Box::leak(Box::new(99)) as *mut c_int as usize;
        // SAFETY: the word just made.
        let value = || unsafe { ptr::read_volatile(mask as *const c_int) };
        assert_eq!(collectives.made(communicator(), mask), None);
        assert_eq!(value(), 0);
        assert_eq!(collectives.record(true), [Event::Communicator(communicator())]);
        assert_eq!(value(), 2);
        assert!(collectives.made(communicator(), mask).is_some());
        collectives.record(false);
        assert_eq!(value(), 0);
    }
}
