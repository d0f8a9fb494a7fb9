//! What is known of NCCL in this process, and whether it tells of its collectives.

use std::{
    ffi::c_int,
    ptr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use weftscope_wire::{Communicator, Event};

use super::abi::{CHANNEL, COLLECTIVE, LAUNCH};

/// What NCCL is to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing.
    #[default]
    Nothing,
    /// Collectives.
    Collectives,
    /// And when their kernels are launched.
    Launches,
    /// And their channels.
    Channels,
}

impl Wanted {
    fn mask(self) -> c_int {
        let bits = match self {
            Self::Nothing => 0,
            Self::Collectives => COLLECTIVE,
            Self::Launches => COLLECTIVE | LAUNCH,
            Self::Channels => COLLECTIVE | LAUNCH | CHANNEL,
        };
        bits as c_int
    }
}

/// A context in which a communicator was made, and its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The driver's handle.
    pub context: usize,
    /// Number of the device in this process.
    pub device: u32,
}

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
    places: Vec<Place>,
    /// NCCL is older than 2.28: it does not tell when it launches.
    is_old: bool,
    wanted: Wanted,
}

impl Collectives {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on NCCL tells what is wanted; gives the communicators that are there.
    pub fn record(&self, wanted: Wanted) -> Vec<Event> {
        let mut inside = self.lock();
        inside.wanted = wanted;
        inside.masks.iter().for_each(|&mask| set(mask, wanted));
        inside.communicators.iter().cloned().map(Event::Communicator).collect()
    }

    /// What NCCL tells.
    pub fn wanted(&self) -> Wanted {
        self.lock().wanted
    }

    /// NCCL is older than 2.28: it does not tell when it launches.
    pub fn is_old(&self) -> bool {
        self.lock().is_old
    }

    /// Where communicators were made, each place once.
    pub fn places(&self) -> Vec<Place> {
        self.lock().places.clone()
    }

    /// A communicator is made; `mask` is NCCL's word. Gives what is to be told.
    pub(super) fn made(
        &self,
        communicator: Communicator,
        mask: usize,
        (place, is_old): (Option<Place>, bool),
    ) -> Option<Event> {
        let mut inside = self.lock();
        inside.is_old |= is_old;
        if let Some(place) = place.filter(|place| !inside.places.contains(place)) {
            inside.places.push(place);
        }
        // It is the same word for all communicators of today's NCCL.
        if !inside.masks.contains(&mask) {
            inside.masks.push(mask);
        }
        set(mask, inside.wanted);
        inside.communicators.push(communicator.clone());
        (inside.wanted != Wanted::Nothing).then_some(Event::Communicator(communicator))
    }
}

/// Writes NCCL's word.
fn set(mask: usize, wanted: Wanted) {
    // SAFETY: a static word of NCCL's, which is never unloaded and reads it at any time.
    unsafe { ptr::write_volatile(mask as *mut c_int, wanted.mask()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn communicator() -> Communicator {
        Communicator {
            id: 7,
            name: "tp".to_owned(),
            ranks: 2,
            rank: 1,
            device: Some(1),
            nccl: None,
        }
    }

    #[test]
    fn events_are_asked_for_while_recording() {
        let collectives = Collectives::default();
        let mask = Box::leak(Box::new(99)) as *mut c_int as usize;
        // SAFETY: the word just made.
        let value = || unsafe { ptr::read_volatile(mask as *const c_int) };
        let place = Some(Place { context: 5, device: 1 });
        assert_eq!(collectives.made(communicator(), mask, (place, false)), None);
        assert_eq!(value(), 0);
        assert_eq!(collectives.record(Wanted::Collectives), [Event::Communicator(communicator())]);
        assert_eq!(value(), 2);
        assert!(collectives.made(communicator(), mask, (place, false)).is_some());
        assert_eq!((collectives.places().len(), collectives.is_old()), (1, false));
        collectives.record(Wanted::Channels);
        assert_eq!(value(), 2 | 64 | 2048);
        collectives.made(communicator(), mask, (None, true));
        assert!(collectives.is_old());
        collectives.record(Wanted::Nothing);
        assert_eq!(value(), 0);
    }
}
