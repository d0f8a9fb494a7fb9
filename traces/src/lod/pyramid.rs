use std::ops::Range;

use super::LodItem;
use super::band::{Band, bands_of_labels, dominant};
use super::gallop::gallop;
use super::lane_index::{BLOCK, LaneIndex};
use crate::model::{LaneId, SliceTable, Span, Trace};

/// The level-of-detail index of a trace.
///
/// Owned and immutable: build it off the UI thread (two passes over the columns, about 5 bytes a slice) and share
/// it beside the trace. Rows appended to a lane after the build are still answered correctly, only slower.
#[derive(Clone, Debug, Default)]
pub struct Pyramid {
    lanes: Vec<LaneIndex>,
    band_of_label: Vec<u8>,
}

impl Pyramid {
    /// Indexes every lane.
    pub fn build(trace: &Trace) -> Self {
        let band_of_label = bands_of_labels(&trace.labels);
        let lanes =
            trace.lanes.iter().map(|lane| LaneIndex::build(&lane.slices, &band_of_label)).collect();
        Self { lanes, band_of_label }
    }

    /// What to draw of `lane` in `window`, in order of start; `out` is cleared first.
    ///
    /// Slices of at least `resolution_ns` come one by one, shorter ones folded by bucket, exactly as
    /// [`oracle::query`](super::oracle::query) defines it. `resolution_ns` is meant to be a power of two (few distinct views while
    /// zooming), but any positive value works; less than 1 counts as 1. Cost: per item two galloping searches and
    /// at most 32 rows read, however many slices it folds.
    pub fn query(
        &self,
        trace: &Trace,
        lane: LaneId,
        window: Span,
        resolution_ns: i64,
        out: &mut Vec<LodItem>,
    ) {
        out.clear();
        let resolution_ns = resolution_ns.max(1);
        let slices = &trace.lane(lane).slices;
        let mut row = first_row(slices, window, resolution_ns);
        while row < slices.len() && slices.start_ns[row] < window.end_ns {
            let end = item_end(slices, row, resolution_ns);
            if touches(slices, row..end, window) {
                out.push(self.item(trace, lane, row..end));
            }
            row = end;
        }
    }

    fn item(&self, trace: &Trace, lane: LaneId, rows: Range<usize>) -> LodItem {
        let slices = &trace.lane(lane).slices;
        let band_of = |row: usize| self.band_of(trace, slices, row);
        let one_band = (rows.len() <= 2 * BLOCK).then(|| one_band(slices, rows.clone(), band_of));
        let (busy_ns, longest, band) = one_band.flatten().unwrap_or_else(|| {
            let unindexed = LaneIndex::default();
            let index = self.lanes.get(lane.0 as usize).unwrap_or(&unindexed);
            let sum = index.aggregate(slices, rows.clone(), band_of);
            let longest = sum.longest.row;
            let band =
                dominant(&sum.times).unwrap_or_else(|| Band::from_index(band_of(longest as usize)));
            (sum.times.iter().sum(), longest, band)
        });
        LodItem {
            start_ns: slices.start_ns[rows.start],
            end_ns: slices.end_ns[rows.end - 1],
            count: rows.len() as u32,
            busy_ns,
            kind: band.kind,
            split: band.split,
            first: rows.start as u32,
            index: longest,
        }
    }

    fn band_of(&self, trace: &Trace, slices: &SliceTable, row: usize) -> usize {
        let label = slices.label[row];
        match self.band_of_label.get(label.0 as usize) {
            Some(&band) => usize::from(band),
            None => Band::of(trace.label(label)).index(),
        }
    }
}

/// Busy time, longest row and band of some rows when they all have one band, the common case of small folds; summing
/// per band costs several times as much.
fn one_band(
    slices: &SliceTable,
    rows: Range<usize>,
    band_of: impl Fn(usize) -> usize,
) -> Option<(i64, u32, Band)> {
    let band = band_of(rows.start);
    let (mut busy_ns, mut longest_ns, mut longest) = (0, -1, rows.start);
    for row in rows {
        if band_of(row) != band {
            return None;
        }
        let len_ns = slices.end_ns[row] - slices.start_ns[row];
        busy_ns += len_ns;
        if len_ns > longest_ns {
            (longest_ns, longest) = (len_ns, row);
        }
    }
    Some((busy_ns, longest as u32, Band::from_index(band)))
}

/// First row of the item that may touch the window first: back from the first row that reaches the window to the
/// start of its bucket.
fn first_row(slices: &SliceTable, window: Span, resolution_ns: i64) -> usize {
    let reaching = slices.end_ns.partition_point(|&end| end < window.start_ns);
    let Some(&start_ns) = slices.start_ns.get(reaching) else { return slices.len() };
    let bucket_start_ns = start_ns.div_euclid(resolution_ns).saturating_mul(resolution_ns);
    slices.start_ns[..reaching].partition_point(|&start| start < bucket_start_ns)
}

/// One past the last row of the item that begins at `row`.
fn item_end(slices: &SliceTable, row: usize, resolution_ns: i64) -> usize {
    let is_long = |row: usize| slices.end_ns[row] - slices.start_ns[row] >= resolution_ns;
    if is_long(row) {
        return row + 1;
    }
    let bucket = slices.start_ns[row].div_euclid(resolution_ns);
    let bucket_end_ns = bucket.saturating_add(1).saturating_mul(resolution_ns);
    let next = row + 1;
    let end = next + gallop(&slices.start_ns[next..], |start_ns| start_ns < bucket_end_ns);
    // Disjoint slices: only the last to start in a bucket can be long.
    if is_long(end - 1) { end - 1 } else { end }
}

fn touches(slices: &SliceTable, rows: Range<usize>, window: Span) -> bool {
    let (start_ns, end_ns) = (slices.start_ns[rows.start], slices.end_ns[rows.end - 1]);
    start_ns < window.end_ns && (end_ns > window.start_ns || start_ns >= window.start_ns)
}
