//! Aggregates of one lane: what lets a fold of any number of rows cost the same.

use std::ops::Range;

use super::band::Band;
use super::sums::{Longest, Sums};
use crate::model::SliceTable;

/// Rows a block; an aggregate of any range reads at most two blocks row by row. Smaller costs memory (the index
/// takes `8 × bands present + 32` bytes a block, about 5 bytes a slice), larger costs time per fold.
pub(super) const BLOCK: usize = 16;

/// Busy time per band up to every block boundary, and the longest row of every block in a segment tree.
#[derive(Clone, Debug, Default)]
pub(super) struct LaneIndex {
    /// Bands that occur in the lane.
    palette: Vec<u8>,
    /// Row-major `[block boundary][palette]`: time of that band in all rows before the boundary.
    prefix_ns: Vec<i64>,
    /// Segment tree over blocks: node `i` covers nodes `2i` and `2i + 1`, leaves from `num_blocks`.
    longest: Vec<Longest>,
    /// Whole blocks indexed; rows past them are read one by one.
    num_blocks: usize,
}

impl LaneIndex {
    /// One pass over the labels (which bands occur) and one over the times.
    pub(super) fn build(slices: &SliceTable, band_of_label: &[u8]) -> Self {
        let num_blocks = slices.len() / BLOCK;
        if num_blocks == 0 {
            return Self::default();
        }
        let rows = num_blocks * BLOCK;
        let (palette, place) = palette(slices, rows, band_of_label);
        let width = palette.len();
        let mut prefix_ns = Vec::with_capacity((num_blocks + 1) * width);
        let mut longest = vec![Longest::NONE; 2 * num_blocks];
        let mut sums = [0_i64; Band::COUNT];
        prefix_ns.extend_from_slice(&sums[..width]);
        let starts = slices.start_ns[..rows].as_chunks::<BLOCK>().0;
        let ends = slices.end_ns[..rows].as_chunks::<BLOCK>().0;
        let labels = slices.label[..rows].as_chunks::<BLOCK>().0;
        for (block, ((starts, ends), labels)) in starts.iter().zip(ends).zip(labels).enumerate() {
            let mut best = Longest::NONE;
            for at in 0..BLOCK {
                let len_ns = ends[at] - starts[at];
                sums[usize::from(place[usize::from(band_of_label[labels[at].0 as usize])])] +=
                    len_ns;
                if len_ns > best.len_ns {
                    best = Longest { len_ns, row: (block * BLOCK + at) as u32 };
                }
            }
            prefix_ns.extend_from_slice(&sums[..width]);
            longest[num_blocks + block] = best;
        }
        for node in (1..num_blocks).rev() {
            longest[node] = longest[2 * node].max(longest[2 * node + 1]);
        }
        Self { palette, prefix_ns, longest, num_blocks }
    }

    /// Adds up rows `range`; `band_of` says the band of a row of the lane.
    pub(super) fn add(
        &self,
        slices: &SliceTable,
        range: Range<usize>,
        band_of: impl Fn(usize) -> usize,
        sums: &mut Sums,
    ) {
        let scan = |sums: &mut Sums, rows: Range<usize>| {
            let (starts, ends) = (&slices.start_ns[rows.clone()], &slices.end_ns[rows.clone()]);
            for ((row, start), end) in rows.zip(starts).zip(ends) {
                sums.add_row(band_of(row), end - start, row);
            }
        };
        let first_block = range.start.div_ceil(BLOCK);
        let last_block = (range.end / BLOCK).min(self.num_blocks);
        if first_block >= last_block {
            return scan(sums, range);
        }
        scan(sums, range.start..first_block * BLOCK);
        self.add_blocks(sums, first_block, last_block);
        scan(sums, last_block * BLOCK..range.end);
    }

    fn add_blocks(&self, sums: &mut Sums, first: usize, last: usize) {
        let width = self.palette.len();
        let before = &self.prefix_ns[first * width..][..width];
        let after = &self.prefix_ns[last * width..][..width];
        for ((&band, before), after) in self.palette.iter().zip(before).zip(after) {
            sums.add(usize::from(band), after - before);
        }
        let (mut low, mut high) = (first + self.num_blocks, last + self.num_blocks);
        while low < high {
            if low % 2 == 1 {
                sums.may_be_longest(self.longest[low]);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                sums.may_be_longest(self.longest[high]);
            }
            low /= 2;
            high /= 2;
        }
    }
}

/// The bands that occur in the first `rows` rows, and each band's place among them.
fn palette(slices: &SliceTable, rows: usize, band_of_label: &[u8]) -> (Vec<u8>, [u8; Band::COUNT]) {
    let mut present = 0_u64;
    for label in &slices.label[..rows] {
        present |= 1 << band_of_label[label.0 as usize];
    }
    let mut place = [0; Band::COUNT];
    let mut palette = Vec::new();
    for (band, place) in place.iter_mut().enumerate() {
        if present >> band & 1 == 1 {
            *place = palette.len() as u8;
            palette.push(band as u8);
        }
    }
    (palette, place)
}
