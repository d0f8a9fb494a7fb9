//! Keeping what a process has told within bounds, for a view that runs along for hours.

use super::Process;

/// What is said of what is gone.
const CAUSE: &str =
    "launches from before the last ones, left out to bound the memory that a view takes";
/// The same of marks.
const MARKS_CAUSE: &str =
    "marks of kernels from before the last ones, left out to bound the memory that a view takes";

impl Process {
    /// Forgets the oldest half of what is kept, where that is more than so many blocks and kernels; gives whether it did. What is
    /// gone is counted.
    pub(super) fn keep_at_most(&mut self, most: usize) -> bool {
        if self.num_blocks() + self.runs.len() + self.marks.len() <= most {
            return false;
        }
        let runs = self.runs.drain(..self.runs.len() / 2).count();
        let marks = self.marks.drain(..self.marks.len() / 2).count();
        let mut kept = 0;
        let first = self.launches.iter().rposition(|launch| {
            kept += self.stamps.get(&launch.id).map_or(1, Vec::len);
            kept > most / 2
        });
        let gone = self.launches.drain(..first.map_or(0, |first| first + 1)).count();
        if let Some((first, from_host_ns)) =
            self.launches.first().map(|launch| (launch.id, launch.at_host_ns))
        {
            self.stamps.retain(|&launch, _| launch >= first);
            self.blocks = self.stamps.values().map(Vec::len).sum();
            self.returned_host_ns.retain(|&launch, _| launch >= first);
            self.graphs.retain(|graph| graph.returned_host_ns >= from_host_ns);
            self.waits.retain(|wait| wait.returned_host_ns >= from_host_ns);
            self.host_ranges.retain(|range| range.end_host_ns >= from_host_ns);
            self.told.retain(|told| told.at_host_ns >= from_host_ns);
            self.collectives =
                self.collectives.of_launches(self.launches.iter().map(|launch| launch.id));
        }
        self.channels.drain(..self.channels.len() / 2);
        *self.lost.entry(CAUSE.to_owned()).or_default() += (gone + runs) as u64;
        if marks > 0 {
            *self.lost.entry(MARKS_CAUSE.to_owned()).or_default() += marks as u64;
        }
        true
    }

    /// Blocks that have told, and launches that tell none.
    fn num_blocks(&self) -> usize {
        self.blocks.max(self.launches.len())
    }
}

#[cfg(test)]
mod tests {
    use weftscope_wire::{BlockStamp, Event};

    use super::{
        super::made::{launch, wait},
        *,
    };

    #[test]
    fn the_oldest_go_and_are_counted() {
        let mut process = Process::default();
        for id in 0..20 {
            let at_host_ns = id as i64 * 100;
            process.take(Event::Launch(launch(id, at_host_ns)));
            process.take(Event::Blocks { launch: id, stamps: vec![BlockStamp::default(); 10] });
            process.take(Event::Returned { launch: id, at_host_ns: at_host_ns + 5 });
            process.take(Event::Wait(wait(1, at_host_ns + 50, 10)));
        }
        assert!(!process.keep_at_most(200));
        assert!(process.keep_at_most(100));
        let ids: Vec<u64> = process.launches.iter().map(|launch| launch.id).collect();
        assert_eq!(ids, [15, 16, 17, 18, 19]);
        let mut stamped: Vec<u64> = process.stamps.keys().copied().collect();
        stamped.sort_unstable();
        assert_eq!(stamped, ids);
        assert_eq!((process.returned_host_ns.len(), process.waits.len()), (5, 5));
        assert_eq!(process.lost[CAUSE], 15);
        assert!(!process.keep_at_most(100));
    }
}
