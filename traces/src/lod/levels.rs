//! Items of a lane made beforehand, where folds are so deep that making one means a walk through far memory.
//!
//! A level is all items of a lane at one resolution, a power of two. The finest kept has one item for [`Limits::rows`]
//! slices at most; each coarser one is made of the one before it, in order, and all of them together are twice the
//! first. What a query answers is the same with and without them.

use super::LodItem;
use super::band::Band;
use super::fold::{Fold, bucket_start_ns};
use super::sums::{Longest, Sums};

/// When levels are worth their memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Slices an item of the finest level, at least; smaller costs memory (`80 / rows` bytes a slice at most), larger time where no
    /// level is.
    pub(super) rows: usize,
    /// Items of the coarsest level, about.
    pub(super) fewest_items: usize,
}

impl Limits {
    pub(super) const USUAL: Self = Self { rows: 12, fewest_items: 64 };
}

/// Resolutions tried in search of the finest level.
const TRIES: usize = 24;

/// Stretches of a lane in which items are counted to choose the finest level, how much of the lane they leave out, and
/// rows of one at least.
const SAMPLES: usize = 64;
const SAMPLED: usize = 16;
const LEAST_STRETCH: usize = 512;

/// The levels of one lane.
#[derive(Clone, Debug, Default)]
pub(super) struct Levels {
    /// Rows that they were made of.
    num_rows: usize,
    /// The finest resolution is two to the power of this.
    finest_log2: u32,
    /// All items of the lane, by resolution from the finest.
    items: Vec<Box<[LodItem]>>,
}

impl Levels {
    /// Makes the levels of a lane, whatever the resolution of `fold`.
    pub(super) fn build(fold: Fold<'_>, limits: Limits) -> Self {
        let num_rows = fold.slices.len();
        let most_items = num_rows / limits.rows;
        if most_items < limits.fewest_items {
            return Self::default();
        }
        let Some(finest_log2) = finest(fold, most_items) else { return Self::default() };
        let mut level = Level::of_rows(Fold { resolution_ns: 1 << finest_log2, ..fold });
        let mut out = Self { num_rows, finest_log2, items: Vec::new() };
        loop {
            let log2 = finest_log2 + out.items.len() as u32;
            let is_last = level.items.len() <= limits.fewest_items || log2 >= MOST_LOG2;
            let coarser = (!is_last).then(|| level.coarser(fold, 2 << log2));
            out.items.push(level.items.into_boxed_slice());
            match coarser {
                Some(coarser) => level = coarser,
                None => return out,
            }
        }
    }

    /// All items at a resolution, where they were made of all the rows there are.
    pub(super) fn at(&self, num_rows: usize, resolution_ns: i64) -> Option<&[LodItem]> {
        if num_rows != self.num_rows || resolution_ns & (resolution_ns - 1) != 0 {
            return None;
        }
        let above = resolution_ns.trailing_zeros().checked_sub(self.finest_log2)?;
        self.items.get(above as usize).map(|items| &**items)
    }
}

/// Buckets as long as this hold all times that a trace may have.
const MOST_LOG2: u32 = 61;

/// The finest resolution with about this many items or fewer, as a power of two; `None` when slices are too unlike.
fn finest(fold: Fold<'_>, most_items: usize) -> Option<u32> {
    let (starts_ns, ends_ns) = (&fold.slices.start_ns, &fold.slices.end_ns);
    let len_ns = ends_ns.last()?.abs_diff(*starts_ns.first()?);
    let mean_ns = (len_ns / most_items as u64).max(1);
    let log2 = mean_ns.ilog2().min(MOST_LOG2);
    let fits = |&log2: &u32| num_items(Fold { resolution_ns: 1 << log2, ..fold }) <= most_items;
    if fits(&log2) {
        return (0..log2).rev().take_while(fits).last().or(Some(log2));
    }
    (log2 + 1..=MOST_LOG2).take(TRIES).find(fits)
}

/// Items of a lane, as they are in a sample of its rows.
fn num_items(fold: Fold<'_>) -> usize {
    let num_rows = fold.slices.len();
    let stride = num_rows.div_ceil(SAMPLES).max(1);
    let stretch = (stride / SAMPLED).max(stride.min(LEAST_STRETCH));
    let (mut items, mut rows) = (0, 0);
    for begin in (0..num_rows).step_by(stride) {
        let mut row = begin;
        while row < (begin + stretch).min(num_rows) {
            row = fold.item_end(row);
            items += 1;
        }
        rows += row - begin;
    }
    (items as f64 * num_rows as f64 / rows.max(1) as f64) as usize
}

/// A level while the next is made of it.
struct Level {
    items: Vec<LodItem>,
    /// The longest row of each item.
    longest_ns: Vec<i64>,
    /// The bands of each item with their times, one item after the other.
    bands: Vec<(u8, i64)>,
    /// Where each item's bands end.
    bands_end: Vec<u32>,
}

impl Level {
    fn with_room(items: usize) -> Self {
        Self {
            items: Vec::with_capacity(items),
            longest_ns: Vec::with_capacity(items),
            bands: Vec::with_capacity(items),
            bands_end: Vec::with_capacity(items),
        }
    }

    fn of_rows(fold: Fold<'_>) -> Self {
        let mut out = Self::with_room(0);
        let (mut row, mut sums) = (0, Sums::new());
        while row < fold.slices.len() {
            let item = fold.item(row, &mut sums);
            row += item.count as usize;
            out.push(item, &sums);
        }
        out
    }

    fn push(&mut self, item: LodItem, sums: &Sums) {
        self.items.push(item);
        self.longest_ns.push(sums.longest().len_ns);
        self.bands.extend(sums.bands());
        self.bands_end.push(self.bands.len() as u32);
    }

    /// The level at twice the resolution: items of one bucket become one, unless the last is a slice long enough to stand
    /// by itself.
    fn coarser(&self, fold: Fold<'_>, resolution_ns: i64) -> Self {
        let mut out = Self::with_room(self.items.len() / 2);
        let mut sums = Sums::new();
        let mut next = 0;
        while let Some(first) = self.items.get(next) {
            let bucket_ns = bucket_start_ns(first.start_ns, resolution_ns);
            let begun = next;
            sums.clear();
            while let Some(item) = self.items.get(next) {
                let is_long = self.longest_ns[next] >= resolution_ns;
                let is_here = bucket_start_ns(item.start_ns, resolution_ns) == bucket_ns;
                if next > begun && (is_long || !is_here) {
                    break;
                }
                self.add(next, &mut sums);
                next += 1;
                if is_long {
                    break;
                }
            }
            out.push(self.joined(fold, begun..next, &sums), &sums);
        }
        out
    }

    fn add(&self, item: usize, sums: &mut Sums) {
        let begin = item.checked_sub(1).map_or(0, |before| self.bands_end[before]);
        for &(band, len_ns) in &self.bands[begin as usize..self.bands_end[item] as usize] {
            sums.add(usize::from(band), len_ns);
        }
        let row = self.items[item].index;
        sums.may_be_longest(Longest { len_ns: self.longest_ns[item], row });
    }

    /// Some items as one.
    fn joined(&self, fold: Fold<'_>, items: std::ops::Range<usize>, sums: &Sums) -> LodItem {
        let (first, last) = (&self.items[items.start], &self.items[items.end - 1]);
        let longest = sums.longest().row;
        let band = sums
            .dominant()
            .unwrap_or_else(|| Band::from_index(fold.bands.of_row(fold.slices, longest as usize)));
        LodItem {
            start_ns: first.start_ns,
            end_ns: last.end_ns,
            count: last.first + last.count - first.first,
            busy_ns: sums.busy_ns(),
            kind: band.kind,
            split: band.split,
            first: first.first,
            index: longest,
        }
    }
}
