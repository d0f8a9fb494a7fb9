//! Where blocks of graphs' nodes leave their records.
//!
//! The driver hands all nodes of a graph the address that was told last for one of them (docs/measurements.md, "Any CUDA
//! program"). So a graph's launch gets one room, all its nodes are told where that begins, and each finds its part by its
//! `%gridid`, which stays the same from launch to launch, in a table of places on the device. A place is written once and
//! never changed: launches under way may be reading it.

use std::{collections::HashMap, ops::Range};

use super::{
    record,
    ring::{Layout, Region},
};

/// Places a context, as in `kernels/cuda/block_patch.cu`; a node's lies at its `%gridid` modulo these.
pub const PLACES: usize = 1 << 18;
/// Bytes of a place on the device.
pub const PLACE_BYTES: usize = 16;
/// Records a page; the room of a graph begins with one.
pub const PAGE_RECORDS: u64 = 1024;

/// A node's part of its graph's room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    first: u32,
    blocks: u32,
}

/// A graph's nodes.
#[derive(Debug, Default)]
struct Shape {
    /// By `%gridid`; `None`: there is no place for it.
    parts: HashMap<u64, Option<Part>>,
    /// Records of all parts.
    records: u32,
    /// Records of the parts that are written on the device.
    written: u32,
    /// As `records` when what is being written was taken.
    being_written: u32,
    /// A whole launch was seen.
    is_known: bool,
}

/// Entries of the table that the device does not have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritten {
    /// The first of them.
    pub first: usize,
    /// As they lie on the device.
    pub bytes: Vec<u8>,
}

/// Graphs of a context.
#[derive(Debug, Default)]
pub struct Graphs {
    shapes: HashMap<usize, Shape>,
    /// As the device has it or is to have it; made with the first graph.
    table: Vec<[u8; PLACE_BYTES]>,
    dirty: Option<Range<usize>>,
    /// Launches with records up to here may see places of a room that was not made for them, if these were written now.
    not_before: u64,
}

impl Graphs {
    /// Records that a launch of a graph leaves; zero while its nodes are not all known to the device.
    pub fn records(&self, graph: usize) -> u32 {
        let known = self.shapes.get(&graph).filter(|shape| shape.written == shape.records);
        known.map_or(0, |shape| shape.written)
    }

    /// A node of a graph is launched, in a room of as many records. Gives the first of its own; `None`: the device does not
    /// know its place yet, or never will, as that was taken or made for another number of blocks. `head` is the end of what
    /// was given out of the ring.
    pub fn node(
        &mut self,
        graph: usize,
        (grid_id, blocks): (u64, u32),
        room: u32,
        head: u64,
    ) -> Option<u32> {
        let shape = self.shapes.entry(graph).or_default();
        if let Some(part) = shape.parts.get(&grid_id) {
            let part = part.filter(|part| part.blocks == blocks)?;
            return (part.first + blocks <= room).then_some(part.first);
        }
        let part = shape.records.checked_add(blocks).and_then(|records| {
            let first = std::mem::replace(&mut shape.records, records);
            self.table.resize(PLACES, [0; PLACE_BYTES]);
            let at = grid_id as usize % PLACES;
            let is_free = self.table[at] == [0; PLACE_BYTES];
            is_free.then(|| {
                self.table[at] = place(grid_id, first, blocks);
                let dirty = self.dirty.get_or_insert(at..at + 1);
                *dirty = dirty.start.min(at)..dirty.end.max(at + 1);
                Part { first, blocks }
            })
        });
        shape.parts.insert(grid_id, part);
        self.not_before = head;
        None
    }

    /// A whole launch of a graph was seen.
    pub fn is_known(&self, graph: usize) -> bool {
        self.shapes.get(&graph).is_some_and(|shape| shape.is_known)
    }

    /// So it was.
    pub fn seen(&mut self, graph: usize) {
        self.shapes.entry(graph).or_default().is_known = true;
    }

    /// What is to be written on the device now; `tail` is the end of what was given back to the ring.
    pub fn unwritten(&mut self, tail: u64) -> Option<Unwritten> {
        if tail < self.not_before {
            return None;
        }
        let range = self.dirty.take()?;
        self.shapes.values_mut().for_each(|shape| shape.being_written = shape.records);
        Some(Unwritten { first: range.start, bytes: self.table[range].concat() })
    }

    /// It was written.
    pub fn written(&mut self) {
        self.shapes.values_mut().for_each(|shape| shape.written = shape.being_written);
    }

    /// A graph is going; another may get its handle. Its places stay taken: `%gridid`s do not come again.
    pub fn gone(&mut self, graph: usize) {
        self.shapes.remove(&graph);
    }
}

fn place(grid_id: u64, first: u32, blocks: u32) -> [u8; PLACE_BYTES] {
    let mut bytes = [0; PLACE_BYTES];
    // One more, so that zero is nobody's.
    bytes[..8].copy_from_slice(&(grid_id + 1).to_le_bytes());
    bytes[8..12].copy_from_slice(&first.to_le_bytes());
    bytes[12..].copy_from_slice(&blocks.to_le_bytes());
    bytes
}

/// Device address of a place: they lie right before the first record.
pub fn address(layout: Layout, place: usize) -> u64 {
    layout.base - ((PLACES - place) * PLACE_BYTES) as u64
}

/// Bytes of all places.
pub const BYTES: usize = PLACES * PLACE_BYTES;
/// Bytes of a page, at a multiple of which the first record lies.
pub const PAGE_BYTES: u64 = PAGE_RECORDS * record::BYTES as u64;

/// What a graph's nodes are told: where its room begins, which is at a page, and in the low bits, that it is a graph's and
/// how many pages lie before it.
pub fn told(layout: Layout, room: Region) -> u64 {
    let pages_before = room.at % layout.capacity / PAGE_RECORDS;
    layout.address(room.at) | (pages_before << 1) | 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Which record a block takes, as `weft_record` of block_patch.cu finds it.
    fn record_of(told: u64, memory: &[u8], base: u64, grid_id: u64, block: u64) -> Option<u64> {
        assert_eq!(told & 1, 1);
        let room = told & !(PAGE_BYTES - 1);
        let first_record = room - (told & (PAGE_BYTES - 1)) / 2 * PAGE_BYTES;
        assert_eq!(first_record, base);
        let at = grid_id as usize % PLACES * PLACE_BYTES;
        let word = |at: usize| u32::from_le_bytes(memory[at..at + 4].try_into().unwrap());
        let grid = u64::from_le_bytes(memory[at..at + 8].try_into().unwrap());
        let is_there = grid == grid_id + 1 && block < u64::from(word(at + 12));
        is_there.then(|| (room - base) / record::BYTES as u64 + u64::from(word(at + 8)) + block)
    }

    #[test]
    fn the_constants_are_those_of_the_device() {
        let source = include_str!("../../../../kernels/cuda/block_patch.cu");
        assert!(source.contains(&format!("WEFT_PLACES = {PLACES};")));
        assert!(source.contains(&format!("WEFT_PAGE = {PAGE_BYTES};")));
    }

    #[test]
    fn a_graph_is_recorded_from_the_launch_on_that_finds_its_places_written() {
        let mut graphs = Graphs::default();
        assert_eq!(graphs.records(7), 0);
        assert_eq!(graphs.node(7, (100, 132), 0, 5), None);
        assert_eq!(graphs.node(7, (102, 8), 0, 5), None);
        // Known, but not to the device.
        assert_eq!(graphs.records(7), 0);
        // A launch under way might take a place that its room does not have.
        assert_eq!(graphs.unwritten(4), None);
        let unwritten = graphs.unwritten(5).unwrap();
        assert_eq!((unwritten.first, unwritten.bytes.len()), (100, 3 * PLACE_BYTES));
        assert_eq!(graphs.unwritten(5), None);
        assert_eq!(graphs.records(7), 0);
        graphs.written();
        assert_eq!(graphs.records(7), 140);
        assert_eq!(graphs.node(7, (100, 132), 140, 9), Some(0));
        assert_eq!(graphs.node(7, (102, 8), 140, 9), Some(132));
        // The launch had no room.
        assert_eq!(graphs.node(7, (100, 132), 0, 9), None);
    }

    #[test]
    fn a_node_that_changed_or_whose_place_is_taken_is_left_out_and_the_others_go_on() {
        let mut graphs = Graphs::default();
        graphs.node(1, (5, 10), 0, 0);
        graphs.node(1, (5 + PLACES as u64, 20), 0, 0);
        graphs.unwritten(0);
        graphs.written();
        assert_eq!(graphs.records(1), 30);
        assert_eq!(graphs.node(1, (5, 11), 30, 0), None);
        assert_eq!(graphs.node(1, (5 + PLACES as u64, 20), 30, 0), None);
        assert_eq!(graphs.node(1, (5, 10), 30, 0), Some(0));
        // A node that came later waits, and with it the graph.
        graphs.node(1, (6, 4), 30, 50);
        assert_eq!(graphs.records(1), 0);
        graphs.gone(1);
        assert_eq!(graphs.records(1), 0);
    }

    proptest! {
        /// No two blocks of a launch share a record, and none leaves the room.
        #[test]
        fn every_block_has_a_record_of_its_own(
            nodes in proptest::collection::vec((0_u64..1000, 1_u32..50), 1..40),
            page in 0_u64..900,
        ) {
            let mut graphs = Graphs::default();
            let (base, capacity) = (1 << 30, 1 << 20);
            let nodes: HashMap<u64, u32> = nodes.into_iter().collect();
            nodes.iter().for_each(|(&grid_id, &blocks)| { graphs.node(1, (grid_id, blocks), 0, 0); });
            let unwritten = graphs.unwritten(0).unwrap();
            graphs.written();
            let mut memory = vec![0; PLACES * PLACE_BYTES];
            memory[unwritten.first * PLACE_BYTES..][..unwritten.bytes.len()].copy_from_slice(&unwritten.bytes);
            let layout = Layout { base, capacity };
            let room = Region { at: capacity * 3 + page * PAGE_RECORDS, records: graphs.records(1) };
            let told = told(layout, room);
            let mut taken = std::collections::HashSet::new();
            for (&grid_id, &blocks) in &nodes {
                let first = graphs.node(1, (grid_id, blocks), room.records, 0).unwrap();
                for block in 0..u64::from(blocks) {
                    let record = record_of(told, &memory, base, grid_id, block).unwrap();
                    prop_assert_eq!(record, page * PAGE_RECORDS + u64::from(first) + block);
                    prop_assert!(record < page * PAGE_RECORDS + u64::from(room.records));
                    prop_assert!(taken.insert(record));
                }
                prop_assert_eq!(record_of(told, &memory, base, grid_id, blocks.into()), None);
                prop_assert_eq!(record_of(told, &memory, base, grid_id + 1000, 0), None);
            }
        }
    }
}
