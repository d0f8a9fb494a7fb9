use serde::{Deserialize, Serialize};

use super::{ArgsId, LabelId, Span};

/// Index into [`TraceParts::lanes`](super::TraceParts::lanes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LaneId(pub u32);

/// One slice of a trace: a row of one lane's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SliceRef {
    /// The lane.
    pub lane: LaneId,
    /// Row in the lane's [`SliceTable`].
    pub index: u32,
}

/// The slices of one lane, as columns of equal length, sorted by start and disjoint.
///
/// 28 bytes a slice: `start_ns`, `end_ns`, `label`, `args`, `item`. Disjointness is what lets every query be
/// a binary search; overlapping input is spread over several lanes by the builder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SliceTable {
    /// First nanosecond of each slice.
    pub start_ns: Vec<i64>,
    /// First nanosecond after each slice.
    pub end_ns: Vec<i64>,
    /// What each slice is.
    pub label: Vec<LabelId>,
    /// Row in the argument store, or [`ArgsId::NONE`].
    pub args: Vec<ArgsId>,
    /// Thread block index of a block slice, correlation id of a kernel slice, else 0.
    pub item: Vec<u32>,
}

impl SliceTable {
    /// Number of slices.
    pub fn len(&self) -> usize {
        self.start_ns.len()
    }

    /// True without slices.
    pub fn is_empty(&self) -> bool {
        self.start_ns.is_empty()
    }

    /// True when all columns are of one length.
    pub(super) fn is_rectangular(&self) -> bool {
        let others = [self.end_ns.len(), self.label.len(), self.args.len(), self.item.len()];
        others == [self.start_ns.len(); 4]
    }

    /// The span of slice `index`.
    pub fn span(&self, index: usize) -> Span {
        Span { start_ns: self.start_ns[index], end_ns: self.end_ns[index] }
    }

    /// Appends one slice; the caller keeps the order.
    #[inline]
    pub fn push(&mut self, span: Span, label: LabelId, args: ArgsId, item: u32) {
        self.start_ns.push(span.start_ns);
        self.end_ns.push(span.end_ns);
        self.label.push(label);
        self.args.push(args);
        self.item.push(item);
    }

    /// Reserves room for `additional` more slices.
    pub fn reserve(&mut self, additional: usize) {
        self.start_ns.reserve(additional);
        self.end_ns.reserve(additional);
        self.label.reserve(additional);
        self.args.reserve(additional);
        self.item.reserve(additional);
    }

    /// Reserves room for exactly `additional` more slices.
    pub(super) fn reserve_exact(&mut self, additional: usize) {
        self.start_ns.reserve_exact(additional);
        self.end_ns.reserve_exact(additional);
        self.label.reserve_exact(additional);
        self.args.reserve_exact(additional);
        self.item.reserve_exact(additional);
    }

    /// Gives back the room for more slices.
    pub(super) fn shrink_to_fit(&mut self) {
        self.start_ns.shrink_to_fit();
        self.end_ns.shrink_to_fit();
        self.label.shrink_to_fit();
        self.args.shrink_to_fit();
        self.item.shrink_to_fit();
    }

    /// Rows of the slices that share at least one nanosecond with `window`, zero-length slices inside included.
    pub fn range(&self, window: Span) -> std::ops::Range<usize> {
        let mut first = self.end_ns.partition_point(|&end| end <= window.start_ns);
        // Empty slices at the very start end where the window begins, yet lie inside.
        while first > 0 && self.start_ns[first - 1] == window.start_ns {
            first -= 1;
        }
        let last = self.start_ns.partition_point(|&start| start < window.end_ns);
        first.min(last)..last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_side_by_side_hold_every_empty_slice_once() {
        let mut slices = SliceTable::default();
        for (start, end) in [(0, 10), (10, 10), (10, 10), (10, 20), (20, 20)] {
            slices.push(Span::new(start, end), LabelId(0), ArgsId::NONE, 0);
        }
        assert_eq!(slices.range(Span::new(0, 10)), 0..1);
        assert_eq!(slices.range(Span::new(10, 20)), 1..4);
        assert_eq!(slices.range(Span::new(20, 30)), 4..5);
        assert_eq!(slices.range(Span::new(5, 15)), 0..4);
    }
}
