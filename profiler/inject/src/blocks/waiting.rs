//! Rooms in which blocks have not all told.

use std::collections::HashSet;

use weftscope_wire::{BlockStamp, Event};

use super::{
    record::{self, Record},
    ring::Region,
};

/// Bytes that are fetched at once, or the room of a whole launch.
const PIECE: usize = 2 << 20;

/// Blocks of one launch in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Number of the launch.
    pub launch: u64,
    /// Number of its kernel.
    pub kernel: u32,
    /// Its first record, counted from the beginning of the room.
    pub first: u32,
    /// Its blocks.
    pub blocks: u32,
    /// Threads a block.
    pub threads: u32,
}

/// Room in which blocks have not all told: that of a launch, or of all nodes of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Where the records lie.
    pub region: Region,
    /// Their stream; of a graph that in which it was launched.
    pub stream: u32,
    /// When the launch was made.
    pub at_host_ns: i64,
    /// Who leaves them; nobody: the room is only given back.
    pub parts: Vec<Part>,
}

/// A launch whose blocks have told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which.
    pub part: Part,
    /// One a block.
    pub stamps: Vec<BlockStamp>,
}

impl Told {
    /// As it is told.
    pub fn event(self) -> Event {
        Event::Blocks { launch: self.part.launch, stamps: self.stamps }
    }
}

/// How far a room has come.
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

/// Rooms of a context that wait for blocks, in order of position.
#[derive(Debug, Default)]
pub struct Launches {
    waiting: Vec<(Pending, Progress)>,
    /// Where reading goes on: a kernel that runs for long does not keep those behind it from being read.
    cursor: u64,
}

impl Launches {
    /// One more.
    pub fn push(&mut self, pending: Pending) {
        let progress = if pending.parts.is_empty() { Progress::Done } else { Progress::Waiting };
        // Threads that launch at the same time tell in no order.
        let index = self.waiting.partition_point(|(known, _)| known.region.at < pending.region.at);
        self.waiting.insert(index, (pending, progress));
    }

    /// None is left.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Positions to read next: whole rooms, up to about [`PIECE`].
    pub(super) fn next_range(&mut self) -> Option<(u64, u64)> {
        let regions = || self.waiting.iter().map(|(pending, _)| pending.region);
        let first =
            regions().find(|region| region.at >= self.cursor).or_else(|| regions().next())?;
        let most = first.at + (PIECE / record::BYTES) as u64;
        let mut fits = regions().filter(|region| region.at >= first.at && region.end() <= most);
        let end = fits.next_back().unwrap_or(first).end();
        self.cursor = end;
        Some((first.at, end))
    }

    /// Rooms that ought to have told long ago, since later ones of their stream have, tell what they have. Gives how many
    /// launches.
    pub(super) fn overdue(&mut self, before_host_ns: i64) -> u64 {
        let mut streams_told = HashSet::new();
        let mut count = 0;
        for (pending, progress) in self.waiting.iter_mut().rev() {
            if *progress != Progress::Waiting {
                streams_told.insert(pending.stream);
            } else if pending.at_host_ns < before_host_ns && streams_told.contains(&pending.stream)
            {
                *progress = Progress::Complete;
                count += pending.parts.len() as u64;
            }
        }
        count
    }

    /// Takes in what was read from `from` on; gives the launches that have told, and whether there was anything new.
    pub(super) fn take(&mut self, from: u64, read: &[Record]) -> (Vec<Told>, bool) {
        let (mut told, mut moved) = (Vec::new(), false);
        for (pending, progress) in &mut self.waiting {
            let Some(at) = pending.region.at.checked_sub(from) else { continue };
            let Some(room) = read
                .get(at as usize..)
                .and_then(|read| read.get(..pending.region.records as usize))
            else {
                break;
            };
            let of = |part: &Part| &room[part.first as usize..][..part.blocks as usize];
            match *progress {
                Progress::Done => {}
                Progress::Complete => {
                    told.extend(pending.parts.iter().map(|part| Told {
                        part: part.clone(),
                        stamps: of(part).iter().map(|record| record.stamp()).collect(),
                    }));
                    (*progress, moved) = (Progress::Done, true);
                }
                Progress::Waiting => {
                    let has_told = |part: &Part| {
                        of(part).iter().all(|record| record.is_complete(part.threads))
                    };
                    // The last are the last to tell, as a rule.
                    if pending.parts.iter().rev().all(has_told) {
                        (*progress, moved) = (Progress::Complete, true);
                    }
                }
            }
        }
        if moved {
            self.cursor = from;
        }
        (told, moved)
    }

    /// Lets go of the rooms that are done.
    pub(super) fn release(&mut self) -> Vec<Region> {
        let done = self.waiting.extract_if(.., |(_, progress)| *progress == Progress::Done);
        done.map(|(pending, _)| pending.region).collect()
    }

    /// Gives up on those that are left: what has come of them is all that comes.
    pub(super) fn give_up(&mut self, from: u64, read: &[Record]) -> Vec<Told> {
        for (_, progress) in &mut self.waiting {
            if *progress == Progress::Waiting {
                *progress = Progress::Complete;
            }
        }
        self.take(from, read).0
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
            region: Region { at, records },
            stream: 0,
            at_host_ns: 100,
            parts: vec![Part { launch, kernel: 0, first: 0, blocks: records, threads: 64 }],
        }
    }

    fn launches() -> Launches {
        let mut launches = Launches::default();
        // Two threads launched at the same time.
        launches.push(pending(2, 12, 1));
        launches.push(pending(1, 10, 2));
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
        assert_eq!((told.len(), told[0].part.launch, told[0].stamps[0].end_device_ns), (1, 2, 11));
        // It is let go before the first has told.
        assert_eq!(launches.release(), [Region { at: 12, records: 1 }]);
        let (told, _) = launches.take(10, &read[..2]);
        assert_eq!((told.len(), told[0].part.launch, told[0].stamps[1].end_device_ns), (1, 1, 8));
        assert_eq!(launches.release(), [Region { at: 10, records: 2 }]);
        assert!(launches.is_empty());
    }

    #[test]
    fn nodes_of_a_graph_tell_together_each_from_its_own_part() {
        let mut launches = Launches::default();
        let part = |launch, first, threads| Part { launch, kernel: 0, first, blocks: 1, threads };
        launches.push(Pending {
            region: Region { at: 0, records: 3 },
            stream: 0,
            at_host_ns: 0,
            parts: vec![part(8, 2, 64), part(9, 0, 32)],
        });
        // The record in the middle is of a node that was left out.
        let read = [record(5, 6, 32), record(0, 0, 0), record(1, 2, 63)];
        assert_eq!(launches.take(0, &read), (vec![], false));
        let read = [record(5, 6, 32), record(0, 0, 0), record(1, 3, 64)];
        assert_eq!(launches.take(0, &read), (vec![], true));
        let (told, _) = launches.take(0, &read);
        let ends: Vec<_> =
            told.iter().map(|told| (told.part.launch, told.stamps[0].end_device_ns)).collect();
        assert_eq!(ends, [(8, 3), (9, 6)]);
    }

    #[test]
    fn what_never_tells_is_given_up_with_what_it_said() {
        let mut launches = launches();
        let read = [record(5, 9, 64), record(0, 0, 0), record(6, 7, 32)];
        let told = launches.give_up(10, &read);
        assert_eq!(told.len(), 2);
        assert_eq!(told[0].stamps[1], BlockStamp::default());
        assert_eq!(launches.release().len(), 2);
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
    fn a_reading_takes_in_whole_launches_and_goes_on_behind_those_that_run_for_long() {
        let mut launches = Launches::default();
        let piece = (PIECE / record::BYTES) as u32;
        launches.push(pending(1, 0, piece + 5));
        launches.push(pending(2, u64::from(piece) + 5, 1));
        let first = (0, u64::from(piece) + 5);
        assert_eq!(launches.next_range(), Some(first));
        assert_eq!(launches.next_range(), Some((first.1, first.1 + 1)));
        assert_eq!(launches.next_range(), Some(first));
    }
}
