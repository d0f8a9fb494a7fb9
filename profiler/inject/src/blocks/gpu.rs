//! Fetching the stamps of one context while its program runs.

use std::ops::Range;

use super::{
    copies::CopyStream,
    record::{self, Record, records},
    ring::{Layout, Region},
    waiting::{Launches, Told},
};
use crate::driver::DriverError;

/// What one reading gave.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Launches that have told.
    pub told: Vec<Told>,
    /// Rooms that are zero again.
    pub freed: Vec<Region>,
    /// There may be more at once.
    pub again: bool,
    /// What was read, bytes.
    pub bytes: usize,
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

    /// Where the records lie.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The way out.
    pub fn copies(&self) -> &CopyStream {
        &self.copies
    }

    /// Reads once.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn fetch(&mut self) -> Result<Fetched, DriverError> {
        let Some(range) = self.launches.next_range() else { return Ok(Fetched::default()) };
        let read = self.read(range)?;
        let (told, moved) = self.launches.take(range.0, &read);
        let freed = self.free()?;
        let again = moved && !self.launches.is_empty();
        Ok(Fetched { told, freed, again, bytes: read.len() * record::BYTES })
    }

    /// Reads for the last time; gives all that is left, told or not.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn give_up(&mut self) -> Result<Fetched, DriverError> {
        let mut all = Fetched::default();
        while let Some(range) = self.launches.next_range() {
            let read = self.read(range)?;
            all.told.append(&mut self.launches.give_up(range.0, &read));
            all.freed.append(&mut self.free()?);
        }
        Ok(all)
    }

    /// Clears what the rooms that are done hold; gives these.
    fn free(&mut self) -> Result<Vec<Region>, DriverError> {
        let freed = self.launches.release();
        for range in joined(&freed) {
            for stretch in self.layout.stretches(range) {
                let address = self.layout.address(stretch.start);
                let bytes = (stretch.end - stretch.start) as usize * record::BYTES;
                self.copies.clear(address, bytes)?;
            }
        }
        Ok(freed)
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

/// Rooms in order of position as ranges of positions, those side by side as one.
fn joined(regions: &[Region]) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for region in regions {
        match ranges.last_mut() {
            Some(last) if last.end == region.at => last.end = region.end(),
            _ => ranges.push(region.at..region.end()),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_side_by_side_are_cleared_as_one() {
        let region = |at, records| Region { at, records };
        assert_eq!(joined(&[region(4, 2), region(6, 1), region(9, 1)]), [4..7, 9..10]);
        assert!(joined(&[]).is_empty());
    }
}
