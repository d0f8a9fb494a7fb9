//! The channels of NCCL's kernels that run at the moment: one thread block's part of a collective each. NCCL's own threads
//! come through here, so nothing is allocated and no lock is held for longer than it takes to write a few words.

use std::sync::{Mutex, MutexGuard, PoisonError};

use weftscope_wire::{ChannelRun, Event};

/// Channels that may run at one time; NCCL has 64 a communicator at most.
const SLOTS: u32 = 4096;
/// Channels that have ended and wait to be told, at most.
const ROOM: usize = 1 << 16;

/// A channel that runs: its slot, and how often that was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Which.
    pub index: u32,
    /// Another than that of whoever had it before.
    pub turn: u32,
}

/// Channels, those that run and those that have ended.
#[derive(Debug, Default)]
pub struct Channels {
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    slots: Vec<Running>,
    free: Vec<u32>,
    ended: Vec<ChannelRun>,
    lost: Lost,
}

#[derive(Clone, Copy, Debug, Default)]
struct Running {
    turn: u32,
    run: Option<ChannelRun>,
    has_end: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Lost {
    refused: u64,
    untold: u64,
    overtaken: u64,
    endless: u64,
}

impl Channels {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A recording begins: nothing runs that was seen to begin.
    pub fn begin(&self) {
        let mut inside = self.lock();
        inside.slots.resize(SLOTS as usize, Running::default());
        for slot in &mut inside.slots {
            slot.run = None;
            slot.turn = slot.turn.wrapping_add(1);
        }
        inside.free.clear();
        inside.free.extend(0..SLOTS);
        inside.ended.clear();
        inside.ended.reserve(ROOM);
        inside.lost = Lost::default();
    }

    /// A channel has begun; its end is not known yet. `None`: there is no room for it.
    pub fn started(&self, run: ChannelRun) -> Option<Slot> {
        let mut inside = self.lock();
        let Some(index) = inside.free.pop() else {
            inside.lost.refused += 1;
            return None;
        };
        let slot = &mut inside.slots[index as usize];
        (slot.run, slot.has_end) = (Some(run), false);
        Some(Slot { index, turn: slot.turn })
    }

    /// Its end is told.
    pub fn stamped(&self, slot: Slot, end_device_ns: u64) {
        let mut inside = self.lock();
        if let Some(running) = inside.running(slot)
            && let Some(run) = &mut running.run
        {
            run.end_device_ns = end_device_ns;
            running.has_end = true;
        }
    }

    /// It has ended, and its slot is free.
    pub fn stopped(&self, slot: Slot) {
        let mut inside = self.lock();
        let Some(running) = inside.running(slot) else { return };
        let Some(run) = running.run.take() else { return };
        running.turn = running.turn.wrapping_add(1);
        let has_end = running.has_end;
        inside.free.push(slot.index);
        if !has_end {
            inside.lost.endless += 1;
        } else if run.end_device_ns < run.start_device_ns {
            // NCCL's rings hold 64 works a channel: its thread was late, and read those of a later one.
            inside.lost.overtaken += 1;
        } else if inside.ended.len() >= ROOM {
            inside.lost.untold += 1;
        } else {
            inside.ended.push(run);
        }
    }

    /// None runs.
    pub fn is_idle(&self) -> bool {
        let inside = self.lock();
        inside.free.len() == inside.slots.len()
    }

    /// What has ended since it was last taken, and what is missing.
    pub fn drain(&self) -> Vec<Event> {
        let (ended, lost) = {
            let mut inside = self.lock();
            let ended = inside.ended.clone();
            inside.ended.clear();
            (ended, std::mem::take(&mut inside.lost))
        };
        let mut events = Vec::new();
        if !ended.is_empty() {
            events.push(Event::Channels(ended));
        }
        for (cause, count) in [
            ("channels of NCCL's kernels for which there was no room", lost.refused),
            ("channels of NCCL's kernels that nobody took in time", lost.untold),
            (
                "channels of NCCL's kernels whose times were overwritten before NCCL read them",
                lost.overtaken,
            ),
            ("channels of NCCL's kernels that ended without a time", lost.endless),
        ] {
            if count > 0 {
                events.push(Event::Lost { cause: cause.to_owned(), count });
            }
        }
        events
    }

    /// Those that run while the recording ends are missing from it; how many.
    pub fn give_up(&self) -> u64 {
        let inside = self.lock();
        (inside.slots.len() - inside.free.len()) as u64
    }
}

impl Inside {
    /// What runs in a slot, if it is still that.
    fn running(&mut self, slot: Slot) -> Option<&mut Running> {
        self.slots.get_mut(slot.index as usize).filter(|running| running.turn == slot.turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(channel: u32, start_device_ns: u64) -> ChannelRun {
        ChannelRun {
            collective: Some(3),
            communicator: 7,
            device: None,
            channel,
            start_device_ns,
            end_device_ns: 0,
        }
    }

    fn lost(events: &[Event]) -> Vec<u64> {
        let count = |event: &Event| match event {
            Event::Lost { count, .. } => Some(*count),
            _ => None,
        };
        events.iter().filter_map(count).collect()
    }

    #[test]
    fn a_channel_is_told_with_both_its_times() {
        let channels = Channels::default();
        channels.begin();
        let (first, second) =
            (channels.started(run(0, 100)).unwrap(), channels.started(run(1, 110)).unwrap());
        assert!(!channels.is_idle());
        channels.stamped(second, 190);
        channels.stopped(second);
        channels.stamped(first, 200);
        channels.stopped(first);
        let told = |channel, start_ns, end_device_ns| ChannelRun {
            end_device_ns,
            ..run(channel, start_ns)
        };
        assert_eq!(channels.drain(), [Event::Channels(vec![told(1, 110, 190), told(0, 100, 200)])]);
        assert!(channels.is_idle() && channels.drain().is_empty());
    }

    #[test]
    fn times_of_a_ring_that_ran_over_and_missing_ones_are_counted() {
        let channels = Channels::default();
        channels.begin();
        let late = channels.started(run(0, 100)).unwrap();
        channels.stamped(late, 99);
        channels.stopped(late);
        channels.stopped(channels.started(run(1, 100)).unwrap());
        assert_eq!(lost(&channels.drain()), [1, 1]);
    }

    #[test]
    fn without_room_a_channel_is_refused_and_counted() {
        let channels = Channels::default();
        // Before any recording nothing has room.
        assert_eq!(channels.started(run(0, 1)), None);
        channels.begin();
        let slots: Vec<Slot> = (0..SLOTS).map(|at| channels.started(run(at, 1)).unwrap()).collect();
        assert_eq!(channels.started(run(0, 1)), None);
        assert_eq!((lost(&channels.drain()), channels.give_up()), (vec![1], u64::from(SLOTS)));
        channels.stopped(slots[5]);
        assert_eq!(channels.started(run(0, 1)).map(|slot| slot.index), Some(slots[5].index));
    }

    #[test]
    fn what_belongs_to_an_earlier_recording_changes_nothing() {
        let channels = Channels::default();
        channels.begin();
        let old = channels.started(run(0, 1)).unwrap();
        channels.begin();
        let new = loop {
            let slot = channels.started(run(1, 5)).unwrap();
            if slot.index == old.index {
                break slot;
            }
        };
        channels.stamped(old, 9);
        channels.stopped(old);
        channels.stamped(new, 7);
        channels.stopped(new);
        let events = channels.drain();
        assert_eq!(events, [Event::Channels(vec![ChannelRun { end_device_ns: 7, ..run(1, 5) }])]);
    }
}
