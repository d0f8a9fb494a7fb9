//! `slice`, `gpu_slice` and `block`: slices of tracks of one sort, straight from the lanes.

use std::ops::Range;
use std::sync::Arc;

use weftscope_traces::{LaneId, TrackKind};

use crate::orders::{self, Order, Orders};
use crate::relation::{Bound, Column, Compared, Found, Relation, Search, Sought, Wanted};
use crate::slice_columns::{ID, NAME, RANK, TRACK, TS, is_of_label, is_of_place};
use crate::slice_rows::Numbered;
use crate::slice_walk::{SliceRows, Walk};

/// A table of slices.
pub(crate) struct Slices {
    all: Arc<Numbered>,
    columns: &'static [Column],
    lanes: Vec<LaneId>,
    /// By lane: whether it is one of them.
    has: Vec<bool>,
    len: usize,
    orders: Orders,
}

impl Slices {
    /// Slices of the tracks that `keep` accepts.
    pub(crate) fn of(
        all: Arc<Numbered>,
        columns: &'static [Column],
        keep: impl Fn(&TrackKind) -> bool,
    ) -> Self {
        let tracks = all.trace.tracks.iter().filter(|track| keep(&track.kind));
        let lanes: Vec<LaneId> = tracks.flat_map(|track| track.lanes.iter().copied()).collect();
        let len = lanes.iter().map(|&lane| all.lane(lane).slices.len()).sum();
        let mut has = vec![false; all.trace.lanes.len()];
        lanes.iter().for_each(|lane| has[lane.0 as usize] = true);
        Self { all, columns, lanes, has, len, orders: Orders::default() }
    }

    /// Rows that one slice is.
    fn one(&self, number: i64) -> Vec<(LaneId, Range<usize>)> {
        let slice = self.all.slice(number).filter(|(lane, _)| self.has[lane.0 as usize]);
        slice.map(|(lane, index)| (lane, index..index + 1)).into_iter().collect()
    }

    /// The part of a lane that bounds leave.
    fn part(&self, lane: LaneId, bounds: &[Bound]) -> Range<usize> {
        let slices = &self.all.lane(lane).slices;
        let (track_id, track) = self.all.track(lane);
        let mut part = 0..slices.len();
        for bound in bounds {
            let Sought::Int(value) = bound.value else { continue };
            let is_other = bound.column == TRACK && value != i64::from(track_id.0)
                || bound.column == RANK && track.kind.rank().map(i64::from) != Some(value);
            if is_other {
                return 0..0;
            }
            if bound.column == TS && bound.compared != Compared::AtMost {
                part.start = part.start.max(slices.start_ns.partition_point(|&at| at < value));
            }
            if bound.column == TS && bound.compared != Compared::AtLeast {
                part.end = part.end.min(slices.start_ns.partition_point(|&at| at <= value));
            }
        }
        part
    }

    /// Parts of lanes that bounds leave, last first.
    fn parts(&self, lanes: &[LaneId], bounds: &[Bound]) -> Walk {
        let parts = lanes.iter().rev().map(|&lane| (lane, self.part(lane, bounds)));
        Walk::Lanes(parts.filter(|(_, part)| part.start < part.end).collect())
    }

    /// The part of the order by start that bounds on it leave.
    fn window(&self, order: &[u32], bounds: &[Bound]) -> Range<usize> {
        let start = |number: &u32| {
            let slice = self.all.slice(i64::from(*number));
            slice.map_or(0, |(lane, index)| self.all.lane(lane).slices.start_ns[index])
        };
        let mut part = 0..order.len();
        for bound in bounds.iter().filter(|bound| bound.column == TS) {
            let Sought::Int(value) = bound.value else { continue };
            if bound.compared != Compared::AtMost {
                part.start = part.start.max(order.partition_point(|number| start(number) < value));
            }
            if bound.compared != Compared::AtLeast {
                part.end = part.end.min(order.partition_point(|number| start(number) <= value));
            }
        }
        part
    }

    /// Slices by columns of labels, then of lanes.
    fn by_labels(&self, columns: &[usize], search: &Search<'_>) -> Result<Order, String> {
        self.orders.get(columns, search, || {
            let (labels, lanes): (Vec<usize>, Vec<usize>) =
                columns.iter().partition(|&&column| is_of_label(column));
            let lanes = orders::lanes_by(&self.all, &self.lanes, &lanes);
            orders::by_labels(&self.all, &lanes, &labels, search)
        })
    }

    fn walk(&self, search: &Search<'_>) -> Result<Walk, String> {
        let value_of = |column| search.bounds.iter().find(|bound| bound.column == column);
        let name = value_of(NAME).map(|bound| &bound.value);
        if let Some(Sought::Int(number)) = value_of(ID).map(|bound| &bound.value) {
            return Ok(Walk::Lanes(self.one(*number)));
        }
        let order = search.order;
        if order.first() == Some(&TS) {
            let order = self
                .orders
                .get(order, search, || orders::by_start(&self.all, &self.lanes, search))?;
            let part = self.window(&order, search.bounds);
            return Ok(Walk::Ordered { order, part });
        }
        // An order by name, whatever comes after it, has the slices of a name in one stretch.
        let by_name = if order.is_empty() { &[NAME][..] } else { order };
        if let (Some(Sought::Text(name)), Some(&NAME), true) =
            (name, by_name.first(), self.all.has_orders())
        {
            let order = self.by_labels(by_name, search)?;
            let part = orders::range_of_name(&self.all, &order, name);
            return Ok(Walk::Ordered { order, part });
        }
        if order.iter().any(|&column| is_of_label(column)) {
            let order = self.by_labels(order, search)?;
            let part = 0..order.len();
            return Ok(Walk::Ordered { order, part });
        }
        if order.is_empty() {
            return Ok(self.parts(&self.lanes, search.bounds));
        }
        let lanes = orders::lanes_by(&self.all, &self.lanes, order);
        Ok(self.parts(&lanes, search.bounds))
    }
}

impl Relation for Slices {
    fn columns(&self) -> &'static [Column] {
        self.columns
    }

    fn narrows(&self, column: usize, compared: Compared) -> bool {
        match column {
            TS => true,
            ID | TRACK | RANK | NAME => compared == Compared::Equal,
            _ => false,
        }
    }

    fn order(&self, columns: &[usize], wanted: Wanted) -> Option<Vec<usize>> {
        let is_known = |&column: &usize| !is_of_place(column) || self.all.labels_tell_places();
        let is_possible = self.all.has_orders() && columns.iter().all(is_known);
        orders::possible(columns, wanted).filter(|_| is_possible)
    }

    fn len(&self) -> usize {
        self.len
    }

    fn rows(&self, search: &Search<'_>) -> Found {
        Ok(Box::new(SliceRows::of(Arc::clone(&self.all), self.walk(search)?, search)?))
    }
}
