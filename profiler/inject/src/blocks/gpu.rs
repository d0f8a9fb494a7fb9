//! Fetching the stamps of one context while its program runs.

use std::collections::{HashSet, VecDeque};

use weftscope_wire::{BlockStamp, Event};

use super::{
    record::{self, Record, records},
    ring::{Layout, Region},
};
use crate::driver::{CopyStream, DriverError};

/// Bytes that are fetched at once, or a whole launch.
const PIECE: usize = 2 << 20;

/// A launch whose blocks have room and have not all told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Number of the launch.
    pub launch: u64,
    /// Its stream.
    pub stream: u32,
    /// Where its records lie.
    pub region: Region,
    /// Threads a block.
    pub threads: u32,
    /// When the launch was made.
    pub at_host_ns: i64,
    /// Its blocks tell; else the region only waits for those before it.
    pub is_stamped: bool,
}

/// A launch whose blocks have told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which.
    pub pending: Pending,
    /// One a block.
    pub stamps: Vec<BlockStamp>,
}

impl Told {
    /// As it is told.
    pub fn event(self) -> Event {
        Event::Blocks { launch: self.pending.launch, stamps: self.stamps }
    }
}

/// How far a launch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Blocks are missing.
    Waiting,
    /// All threads were seen to have ended. Their last stamps may still be on their way to memory, beside the count
    /// that said so: the next reading has them.
    Complete,
    /// Told.
    Done,
}

/// Launches of a context in the order in which they got room.
#[derive(Debug, Default)]
pub struct Launches {
    waiting: VecDeque<(Pending, Progress)>,
}

impl Launches {
    /// One more.
    pub fn push(&mut self, pending: Pending) {
        let progress = if pending.is_stamped { Progress::Waiting } else { Progress::Done };
        self.waiting.push_back((pending, progress));
    }

    /// None is left.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Positions to read next: from the oldest launch on, up to about [`PIECE`].
    fn next_range(&self) -> Option<(u64, u64)> {
        let (first, _) = self.waiting.front()?;
        let room = (PIECE / record::BYTES) as u64;
        let fits = |pending: &&Pending| pending.region.end() <= first.region.at + room;
        let last = self.waiting.iter().map(|(pending, _)| pending).take_while(fits).last();
        Some((first.region.at, last.unwrap_or(first).region.end()))
    }

    /// Launches that ought to have told long ago, since later ones of their stream have, tell what they have. Gives how many.
    fn overdue(&mut self, before_host_ns: i64) -> u64 {
        let mut streams_told = HashSet::new();
        let mut count = 0;
        for (pending, progress) in self.waiting.iter_mut().rev() {
            if *progress != Progress::Waiting {
                streams_told.insert(pending.stream);
            } else if pending.at_host_ns < before_host_ns && streams_told.contains(&pending.stream)
            {
                *progress = Progress::Complete;
                count += 1;
            }
        }
        count
    }

    /// Takes in what was read from `from` on; gives the launches that have told, and whether there was anything new.
    fn take(&mut self, from: u64, read: &[Record]) -> (Vec<Told>, bool) {
        let (mut told, mut moved) = (Vec::new(), false);
        for (pending, progress) in &mut self.waiting {
            let at = (pending.region.at - from) as usize;
            let Some(records) = read.get(at..at + pending.region.records as usize) else { break };
            match *progress {
                Progress::Done => {}
                Progress::Complete => {
                    let stamps = records.iter().map(|record| record.stamp()).collect();
                    told.push(Told { pending: pending.clone(), stamps });
                    (*progress, moved) = (Progress::Done, true);
                }
                Progress::Waiting => {
                    if records.iter().all(|record| record.is_complete(pending.threads)) {
                        (*progress, moved) = (Progress::Complete, true);
                    }
                }
            }
        }
        (told, moved)
    }

    /// Lets go of the launches in front that are done; gives the positions that they had.
    fn release(&mut self) -> Option<(u64, u64)> {
        let mut range = None;
        while let Some((pending, Progress::Done)) = self.waiting.front() {
            let from = range.map_or(pending.region.at, |(from, _)| from);
            range = Some((from, pending.region.end()));
            self.waiting.pop_front();
        }
        range
    }

    /// Gives up on those that are left: what has come of them is all that comes.
    fn give_up(&mut self, from: u64, read: &[Record]) -> Vec<Told> {
        for (_, progress) in &mut self.waiting {
            if *progress == Progress::Waiting {
                *progress = Progress::Complete;
            }
        }
        self.take(from, read).0
    }
}

/// One context's device, seen from the thread that fetches.
#[derive(Debug)]
pub struct Gpu {
    device: u32,
    copies: CopyStream,
    layout: Layout,
    /// What has not told yet.
    pub launches: Launches,
}

impl Gpu {
    /// Over a ring that exists.
    pub fn new(device: u32, copies: CopyStream, layout: Layout) -> Self {
        Self { device, copies, layout, launches: Launches::default() }
    }

    /// Gives up on launches from before a time that ought to have told; gives how many.
    pub fn overdue(&mut self, before_host_ns: i64) -> u64 {
        self.launches.overdue(before_host_ns)
    }

    /// Its number in the process.
    pub fn device(&self) -> u32 {
        self.device
    }

    /// The way out.
    pub fn copies(&self) -> &CopyStream {
        &self.copies
    }

    /// Reads once; gives what has told, up to which position the ring is free again, and whether to read again at once.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn fetch(&mut self) -> Result<(Vec<Told>, Option<u64>, bool), DriverError> {
        let Some(range) = self.launches.next_range() else { return Ok((Vec::new(), None, false)) };
        let read = self.read(range)?;
        let (told, moved) = self.launches.take(range.0, &read);
        let freed = self.free()?;
        Ok((told, freed, moved && !self.launches.is_empty()))
    }

    /// Reads for the last time; gives all that is left, told or not, and up to which position the ring is free again.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn give_up(&mut self) -> Result<(Vec<Told>, Option<u64>), DriverError> {
        let (mut all, mut last) = (Vec::new(), None);
        while let Some(range) = self.launches.next_range() {
            let read = self.read(range)?;
            all.append(&mut self.launches.give_up(range.0, &read));
            let Some(freed) = self.free()? else { break };
            last = Some(freed);
        }
        Ok((all, last))
    }

    /// Clears what the launches in front that are done have left; gives the position up to which it is.
    fn free(&mut self) -> Result<Option<u64>, DriverError> {
        let Some((from, to)) = self.launches.release() else { return Ok(None) };
        for stretch in self.layout.stretches(from..to) {
            let address = self.layout.address(stretch.start);
            self.copies.clear(address, (stretch.end - stretch.start) as usize * record::BYTES)?;
        }
        Ok(Some(to))
    }

    fn read(&self, (from, to): (u64, u64)) -> Result<Vec<Record>, DriverError> {
        let mut bytes = Vec::with_capacity((to - from) as usize * record::BYTES);
        for stretch in self.layout.stretches(from..to) {
            let address = self.layout.address(stretch.start);
            let length = (stretch.end - stretch.start) as usize * record::BYTES;
            self.copies.read(address, length, &mut bytes)?;
        }
        Ok(records(&bytes).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(start: u64, end: u64, exited: u32) -> Record {
        let mut bytes = [0; record::BYTES];
        bytes[..8].copy_from_slice(&start.to_le_bytes());
        bytes[8..16].copy_from_slice(&end.to_le_bytes());
        bytes[16..20].copy_from_slice(&1_u32.to_le_bytes());
        bytes[20..24].copy_from_slice(&exited.to_le_bytes());
        Record::read(&bytes)
    }

    fn pending(launch: u64, at: u64, records: u32) -> Pending {
        Pending {
            launch,
            stream: 0,
            region: Region { at, records },
            threads: 64,
            at_host_ns: 100,
            is_stamped: true,
        }
    }

    fn launches() -> Launches {
        let mut launches = Launches::default();
        launches.push(pending(1, 10, 2));
        launches.push(pending(2, 12, 1));
        launches
    }

    #[test]
    fn a_launch_tells_one_reading_after_its_last_thread() {
        let mut launches = launches();
        assert_eq!(launches.next_range(), Some((10, 13)));
        // The second launch is complete before the first; the end of its block is not the last word yet.
        let read = [record(5, 0, 0), record(0, 0, 0), record(6, 7, 64)];
        assert_eq!(launches.take(10, &read), (vec![], true));
        let read = [record(5, 9, 64), record(6, 8, 64), record(6, 11, 64)];
        let (told, _) = launches.take(10, &read);
        assert_eq!(
            (told.len(), told[0].pending.launch, told[0].stamps[0].end_device_ns),
            (1, 2, 11)
        );
        // Nothing is released before the first has told.
        assert_eq!(launches.release(), None);
        let (told, _) = launches.take(10, &read);
        assert_eq!(
            (told.len(), told[0].pending.launch, told[0].stamps[1].end_device_ns),
            (1, 1, 8)
        );
        assert_eq!(launches.release(), Some((10, 13)));
        assert!(launches.is_empty());
    }

    #[test]
    fn what_never_tells_is_given_up_with_what_it_said() {
        let mut launches = launches();
        let read = [record(5, 9, 64), record(0, 0, 0), record(6, 7, 32)];
        let told = launches.give_up(10, &read);
        assert_eq!(told.len(), 2);
        assert_eq!(told[0].stamps[1], BlockStamp::default());
        assert_eq!(launches.release(), Some((10, 13)));
    }

    #[test]
    fn a_launch_that_was_overtaken_is_not_waited_for() {
        let mut launches = launches();
        assert_eq!(launches.overdue(200), 0);
        let read = [record(5, 0, 0), record(0, 0, 0), record(6, 7, 64)];
        launches.take(10, &read);
        assert_eq!(launches.overdue(100), 0);
        assert_eq!(launches.overdue(101), 1);
        assert_eq!(launches.take(10, &read).0.len(), 2);
    }

    #[test]
    fn a_reading_takes_in_whole_launches_only() {
        let mut launches = Launches::default();
        let piece = (PIECE / record::BYTES) as u32;
        launches.push(pending(1, 0, piece + 5));
        launches.push(pending(2, u64::from(piece) + 5, 1));
        assert_eq!(launches.next_range(), Some((0, u64::from(piece) + 5)));
    }
}
