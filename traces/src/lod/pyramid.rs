use super::LodItem;
use super::band::{Bands, bands_of_labels};
use super::fold::Fold;
use super::lane_index::LaneIndex;
use super::levels::{Levels, Limits};
use super::sums::Sums;
use crate::model::{LaneId, Span, Trace};

/// The level-of-detail index of a trace.
///
/// Owned and immutable: build it off the UI thread (passes over the columns, about 10 bytes a slice) and share
/// it beside the trace. Rows appended to a lane after the build are still answered correctly, only slower.
#[derive(Clone, Debug, Default)]
pub struct Pyramid {
    lanes: Vec<(LaneIndex, Levels)>,
    band_of_label: Vec<u8>,
}

impl Pyramid {
    /// Indexes every lane.
    pub fn build(trace: &Trace) -> Self {
        Self::build_in(trace, Limits::USUAL)
    }

    pub(super) fn build_in(trace: &Trace, limits: Limits) -> Self {
        let mut pyramid = Self::empty(trace);
        pyramid.grow_in(trace, usize::MAX, limits);
        pyramid
    }

    /// One of no lane of `trace` yet, to [`grow`](Self::grow).
    pub fn empty(trace: &Trace) -> Self {
        Self { lanes: Vec::new(), band_of_label: bands_of_labels(&trace.labels) }
    }

    /// Indexes the next lanes of the trace that it was made for, until they have held so many slices; true when none is
    /// left. A lane is indexed whole.
    pub fn grow(&mut self, trace: &Trace, slices: usize) -> bool {
        self.grow_in(trace, slices, Limits::USUAL)
    }

    fn grow_in(&mut self, trace: &Trace, slices: usize, limits: Limits) -> bool {
        let bands = Bands { of_label: &self.band_of_label, labels: &trace.labels };
        let mut seen = 0;
        for lane in &trace.lanes[self.lanes.len()..] {
            if seen >= slices {
                return false;
            }
            seen += lane.slices.len();
            let index = LaneIndex::build(&lane.slices, &self.band_of_label);
            let fold = Fold { slices: &lane.slices, index: &index, bands, resolution_ns: 1 };
            let levels = Levels::build(fold, limits);
            self.lanes.push((index, levels));
        }
        true
    }

    #[cfg(test)]
    pub(super) fn has_level(&self, lane: LaneId, num_rows: usize, log2: u32) -> bool {
        self.lanes[lane.0 as usize].1.at(num_rows, 1 << log2).is_some()
    }

    /// What to draw of `lane` in `window`, in order of start; `out` is cleared first.
    ///
    /// Slices of at least `resolution_ns` come one by one, shorter ones folded by bucket, exactly as
    /// [`oracle::query`](super::oracle::query) defines it. `resolution_ns` is meant to be a power of two (few distinct views while
    /// zooming), but any positive value works; less than 1 counts as 1. Cost: where folds are deep and the resolution is a
    /// power of two, a copy of what was made beforehand; elsewhere per item two galloping searches and at most 64 rows
    /// read, however many slices it folds.
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
        let unindexed = (LaneIndex::default(), Levels::default());
        let (index, levels) = self.lanes.get(lane.0 as usize).unwrap_or(&unindexed);
        if let Some(items) = levels.at(slices.len(), resolution_ns) {
            return out.extend_from_slice(touching(items, window));
        }
        let bands = Bands { of_label: &self.band_of_label, labels: &trace.labels };
        let fold = Fold { slices, index, bands, resolution_ns };
        let (mut row, mut sums) = (fold.first_row(window), Sums::new());
        while row < slices.len() && slices.start_ns[row] < window.end_ns {
            let item = fold.item(row, &mut sums);
            row += item.count as usize;
            if item.touches(window) {
                out.push(item);
            }
        }
    }
}

/// Those of all items of a lane that touch a window.
fn touching(items: &[LodItem], window: Span) -> &[LodItem] {
    let first = items
        .partition_point(|item| item.end_ns <= window.start_ns && item.start_ns < window.start_ns);
    let last = items.partition_point(|item| item.start_ns < window.end_ns);
    &items[first.min(last)..last]
}
