//! What level of detail means, said slowly: one pass over every slice of a lane.
//!
//! 1. A slice at least `resolution_ns` long is an item by itself.
//! 2. Every other slice falls into bucket `floor(start_ns / resolution_ns)`; the slices of one bucket are one item:
//!    hull, count, summed length, the band with the most time, the longest row. When all of them are empty, kind
//!    and split are those of the longest (that is, the first) row.
//! 3. A query returns, in order of start, the items that [touch](LodItem::touches) its window. An item is the same
//!    whatever the window, so nothing shimmers while panning.
//!
//! Slices of a lane are disjoint, so a long slice is the last of its bucket and folds never reach over one.

use std::collections::BTreeMap;

use super::{Band, LodItem, band};
use crate::model::{LaneId, Span, Trace};

/// All items of a lane that touch `window`, by grouping every slice; costs the whole lane.
pub fn query(trace: &Trace, lane: LaneId, window: Span, resolution_ns: i64) -> Vec<LodItem> {
    let slices = &trace.lane(lane).slices;
    let mut items = Vec::new();
    let mut buckets: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for row in 0..slices.len() {
        if slices.span(row).len_ns() >= resolution_ns {
            items.push(fold(trace, lane, &[row]));
        } else {
            buckets.entry(slices.start_ns[row].div_euclid(resolution_ns)).or_default().push(row);
        }
    }
    items.extend(buckets.values().map(|rows| fold(trace, lane, rows)));
    items.retain(|item| item.touches(window));
    items.sort_by_key(|item| item.first);
    items
}

/// The item of some consecutive rows, of which there is at least one.
fn fold(trace: &Trace, lane: LaneId, rows: &[usize]) -> LodItem {
    let slices = &trace.lane(lane).slices;
    let length = |row: usize| slices.span(row).len_ns();
    let mut times = [0; Band::COUNT];
    let mut longest = rows[0];
    for &row in rows {
        times[Band::of(trace.label(slices.label[row])).index()] += length(row);
        if length(row) > length(longest) {
            longest = row;
        }
    }
    let band =
        band::dominant(&times).unwrap_or_else(|| Band::of(trace.label(slices.label[longest])));
    LodItem {
        start_ns: slices.start_ns[rows[0]],
        end_ns: rows.iter().map(|&row| slices.end_ns[row]).max().unwrap_or_default(),
        count: rows.len() as u32,
        busy_ns: rows.iter().map(|&row| length(row)).sum(),
        kind: band.kind,
        split: band.split,
        first: rows[0] as u32,
        index: longest as u32,
    }
}
