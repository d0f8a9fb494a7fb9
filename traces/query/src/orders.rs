//! Orders in which slices can come without SQLite sorting them.
//!
//! A column says something of the slice itself, of its label (name, kind, layer, split, phase) or of its lane (rank, track,
//! stream, SM, depth). Labels are few, so to sort slices by columns of labels is a counting sort; lanes are fewer, so columns
//! of lanes are sorted by walking the lanes in their order. Columns of labels, then columns of lanes, are both at once.

use std::sync::{Arc, Mutex, PoisonError};

use weftscope_traces::LaneId;

use crate::cell::Cell;
use crate::relation::{Search, Wanted};
use crate::slice_columns::{self as column, SliceAt};
use crate::slice_rows::Numbered;

/// Orders that are kept, 4 bytes a slice each.
const KEPT: usize = 4;

/// An order: numbers of slices.
pub(crate) type Order = Arc<Vec<u32>>;

/// Orders by the columns that made them, the oldest first.
#[derive(Default)]
pub(crate) struct Orders(Mutex<Vec<(Vec<usize>, Order)>>);

impl Orders {
    /// The order by these columns, made now or before.
    ///
    /// # Errors
    /// Where the query has to end before it is made.
    pub(crate) fn get(
        &self,
        columns: &[usize],
        search: &Search<'_>,
        make: impl FnOnce() -> Result<Vec<u32>, String>,
    ) -> Result<Order, String> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, order)) = lock().iter().find(|(of, _)| of == columns) {
            return Ok(Arc::clone(order));
        }
        search.go_on()?;
        let order = Arc::new(make()?);
        let mut kept = lock();
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((columns.to_vec(), Arc::clone(&order)));
        Ok(order)
    }
}

/// The columns by which slices can come so that they come as wanted by these.
pub(crate) fn possible(columns: &[usize], wanted: Wanted) -> Option<Vec<usize>> {
    if columns == [column::TS] {
        return Some(vec![column::TS]);
    }
    let all_known = columns.iter().all(|&at| column::is_of_label(at) || column::is_of_lane(at));
    if columns.is_empty() || !all_known {
        return None;
    }
    let mut ordered = columns.to_vec();
    // What stays together does so whichever column comes first.
    ordered.sort_by_key(|&at| column::is_of_lane(at));
    (wanted == Wanted::Grouped || ordered == columns).then_some(ordered)
}

/// Lanes in ascending order of columns of lanes.
pub(crate) fn lanes_by(all: &Numbered, lanes: &[LaneId], columns: &[usize]) -> Vec<LaneId> {
    let mut lanes = lanes.to_vec();
    let key = |lane: LaneId| -> Vec<Option<i64>> {
        let slice = SliceAt { lane, index: 0 };
        columns.iter().map(|&at| column::of_lane(all, slice, at)).collect()
    };
    lanes.sort_by_cached_key(|&lane| key(lane));
    lanes
}

/// Slices of these lanes by columns of labels, those that are equal lane by lane: a counting sort.
pub(crate) fn by_labels(
    all: &Numbered,
    lanes: &[LaneId],
    columns: &[usize],
    search: &Search<'_>,
) -> Result<Vec<u32>, String> {
    let places = places(all, columns);
    let mut ends = vec![0_usize; places.iter().max().map_or(1, |&most| most as usize + 2)];
    for &lane in lanes {
        for label in &all.lane(lane).slices.label {
            ends[places[label.0 as usize] as usize + 1] += 1;
        }
    }
    search.go_on()?;
    for place in 1..ends.len() {
        ends[place] += ends[place - 1];
    }
    let mut order = vec![0; ends[ends.len() - 1]];
    for &lane in lanes {
        search.go_on()?;
        let first = all.numbers(lane).start;
        for (index, label) in all.lane(lane).slices.label.iter().enumerate() {
            let at = &mut ends[places[label.0 as usize] as usize];
            order[*at] = (first + index) as u32;
            *at += 1;
        }
    }
    Ok(order)
}

/// Place of each label among all by these columns, as SQLite compares them; equal ones have the same.
fn places(all: &Numbered, columns: &[usize]) -> Vec<u32> {
    let labels = &all.trace.labels;
    let key = |label: usize| -> Vec<Compared<'_>> {
        columns.iter().map(|&at| Compared::of(column::of_label(&labels[label], at))).collect()
    };
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_cached_key(|&label| key(label));
    let mut places = vec![0; labels.len()];
    let mut place = 0;
    for pair in 1..order.len() {
        place += u32::from(key(order[pair]) != key(order[pair - 1]));
        places[order[pair]] = place;
    }
    places
}

/// What is not known first, then numbers, then texts by their bytes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Compared<'a> {
    Null,
    Int(i64),
    Text(&'a [u8]),
}

impl<'a> Compared<'a> {
    fn of(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Int(int) => Self::Int(int),
            Cell::Text(text) => Self::Text(text.as_bytes()),
            // Labels have no real numbers.
            Cell::Null | Cell::Real(_) => Self::Null,
        }
    }
}

/// Slices of these lanes by start: lanes are sorted already, so the sort merges them.
pub(crate) fn by_start(
    all: &Numbered,
    lanes: &[LaneId],
    search: &Search<'_>,
) -> Result<Vec<u32>, String> {
    let mut starts: Vec<(i64, u32)> = Vec::new();
    for &lane in lanes {
        search.go_on()?;
        let numbers = all.numbers(lane).start as u32..;
        starts.extend(all.lane(lane).slices.start_ns.iter().copied().zip(numbers));
    }
    starts.sort();
    search.go_on()?;
    Ok(starts.into_iter().map(|(_, number)| number).collect())
}

/// The part of an order by name that has this name.
pub(crate) fn range_of_name(all: &Numbered, order: &[u32], name: &str) -> std::ops::Range<usize> {
    let name_of = |number: &u32| {
        let slice = all.slice(i64::from(*number));
        slice.map_or("", |(lane, index)| &all.trace.label(all.lane(lane).slices.label[index]).name)
    };
    let from = order.partition_point(|number| name_of(number).as_bytes() < name.as_bytes());
    let upto = order.partition_point(|number| name_of(number).as_bytes() <= name.as_bytes());
    from..upto
}
