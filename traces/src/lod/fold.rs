//! Which rows of a lane make one item at a resolution, and what the item is.

use std::ops::Range;

use super::LodItem;
use super::band::{Band, Bands};
use super::lane_index::LaneIndex;
use super::sums::Sums;
use crate::gallop::gallop;
use crate::model::{SliceTable, Span};

/// Rows that are read one by one before the end of an item is searched for: of short items, both at once cost least.
const WALKED: usize = 32;

/// A lane at a resolution.
#[derive(Clone, Copy)]
pub(super) struct Fold<'a> {
    pub(super) slices: &'a SliceTable,
    pub(super) index: &'a LaneIndex,
    pub(super) bands: Bands<'a>,
    /// Slices shorter than this are folded; 1 at least.
    pub(super) resolution_ns: i64,
}

impl Fold<'_> {
    /// First row of the item that may touch the window first: back from the first row that reaches the window to the
    /// start of its bucket.
    pub(super) fn first_row(&self, window: Span) -> usize {
        let slices = self.slices;
        let reaching = slices.end_ns.partition_point(|&end| end < window.start_ns);
        let Some(&start_ns) = slices.start_ns.get(reaching) else { return slices.len() };
        let bucket_start_ns = self.bucket_start_ns(start_ns);
        slices.start_ns[..reaching].partition_point(|&start| start < bucket_start_ns)
    }

    /// One past the last row of the item that begins at `row`.
    pub(super) fn item_end(&self, row: usize) -> usize {
        if self.is_long(row) {
            return row + 1;
        }
        let starts_ns = &self.slices.start_ns;
        let bucket_end_ns = self.bucket_end_ns(starts_ns[row]);
        let next = row + 1;
        let is_in = |at: usize| starts_ns[next + at] < bucket_end_ns;
        let end = next + gallop(starts_ns.len() - next, is_in);
        // Disjoint slices: only the last to start in a bucket can be long.
        if self.is_long(end - 1) { end - 1 } else { end }
    }

    /// The item that begins at `row`; `sums` holds what its rows add up to then.
    pub(super) fn item(&self, row: usize, sums: &mut Sums) -> LodItem {
        sums.clear();
        let (end, is_whole) = self.walk(row, sums);
        if is_whole {
            return self.made(row..end, sums);
        }
        let all = row..self.item_end(row);
        self.index.add(self.slices, end..all.end, |row| self.bands.of_row(self.slices, row), sums);
        self.made(all, sums)
    }

    /// Adds up the rows of an item as far as they are worth reading one by one, which finds its end too; gives the row
    /// behind them, and whether they are all.
    fn walk(&self, row: usize, sums: &mut Sums) -> (usize, bool) {
        let slices = self.slices;
        let rows = row..slices.len().min(row + WALKED);
        let bucket_end_ns = self.bucket_end_ns(slices.start_ns[row]);
        let times = slices.start_ns[rows.clone()].iter().zip(&slices.end_ns[rows.clone()]);
        for (at, (&start_ns, &end_ns)) in rows.clone().zip(times) {
            let len_ns = end_ns - start_ns;
            let is_long = len_ns >= self.resolution_ns;
            if at > row && (is_long || start_ns >= bucket_end_ns) {
                return (at, true);
            }
            sums.add_row(self.bands.of_row(slices, at), len_ns, at);
            if is_long {
                return (at + 1, true);
            }
        }
        (rows.end, rows.end == slices.len())
    }

    fn made(&self, rows: Range<usize>, sums: &Sums) -> LodItem {
        let slices = self.slices;
        let longest = sums.longest().row;
        let band = sums
            .dominant()
            .unwrap_or_else(|| Band::from_index(self.bands.of_row(slices, longest as usize)));
        LodItem {
            start_ns: slices.start_ns[rows.start],
            end_ns: slices.end_ns[rows.end - 1],
            count: rows.len() as u32,
            busy_ns: sums.busy_ns(),
            kind: band.kind,
            split: band.split,
            first: rows.start as u32,
            index: longest,
        }
    }

    fn is_long(&self, row: usize) -> bool {
        self.slices.end_ns[row] - self.slices.start_ns[row] >= self.resolution_ns
    }

    /// End of the bucket that a time is in.
    fn bucket_end_ns(&self, at_ns: i64) -> i64 {
        self.bucket_start_ns(at_ns).saturating_add(self.resolution_ns)
    }

    fn bucket_start_ns(&self, at_ns: i64) -> i64 {
        bucket_start_ns(at_ns, self.resolution_ns)
    }
}

/// Start of the bucket that a time is in.
pub(super) fn bucket_start_ns(at_ns: i64, resolution_ns: i64) -> i64 {
    if resolution_ns & (resolution_ns - 1) == 0 {
        // A power of two, as it is meant to be: a division costs more than all else here.
        return at_ns & -resolution_ns;
    }
    at_ns.div_euclid(resolution_ns).saturating_mul(resolution_ns)
}
