//! `slice`, `gpu_slice` and `block`: slices of tracks of one sort, straight from the lanes.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use weftscope_traces::{ArgsId, Kind, Label, LaneId, Split, TrackKind};

use crate::cell::Cell;
use crate::relation::{Bound, Column, Compared, Found, Relation, Rows, Sought};
use crate::slice_rows::Numbered;

const ID: usize = 0;
const TS: usize = 1;
const TRACK: usize = 3;
const NAME: usize = 5;
const RANK: usize = 9;

const COLUMNS: &[Column] = &[
    ("id", "BIGINT"),
    ("ts", "BIGINT"),
    ("dur", "BIGINT"),
    ("track_id", "BIGINT"),
    ("category", "TEXT"),
    ("name", "TEXT"),
    ("depth", "BIGINT"),
    ("parent_id", "BIGINT"),
    ("arg_set_id", "BIGINT"),
    ("rank", "BIGINT"),
    ("kind", "TEXT"),
    ("layer", "BIGINT"),
    ("split", "BIGINT"),
    ("phase", "TEXT"),
    ("correlation_id", "BIGINT"),
    ("stream", "BIGINT"),
    ("sm", "BIGINT"),
    ("render_stage_category", "BIGINT"),
];

/// A table of slices.
pub(crate) struct Slices {
    all: Arc<Numbered>,
    lanes: Vec<LaneId>,
    len: usize,
    by_name: OnceLock<Arc<Vec<u32>>>,
    by_start: OnceLock<Arc<Vec<u32>>>,
}

impl Slices {
    /// Slices of the tracks that `keep` accepts.
    pub(crate) fn of(all: Arc<Numbered>, keep: impl Fn(&TrackKind) -> bool) -> Self {
        let tracks = all.trace.tracks.iter().filter(|track| keep(&track.kind));
        let lanes: Vec<LaneId> = tracks.flat_map(|track| track.lanes.iter().copied()).collect();
        let len = lanes.iter().map(|&lane| all.lane(lane).slices.len()).sum();
        Self { all, lanes, len, by_name: OnceLock::new(), by_start: OnceLock::new() }
    }

    fn by_name(&self) -> Arc<Vec<u32>> {
        Arc::clone(self.by_name.get_or_init(|| Arc::new(self.all.by_name(&self.lanes))))
    }

    fn by_start(&self) -> Arc<Vec<u32>> {
        Arc::clone(self.by_start.get_or_init(|| Arc::new(self.all.by_start(&self.lanes))))
    }

    /// Rows that one slice is.
    fn one(&self, number: i64) -> Vec<(LaneId, Range<usize>)> {
        let slice = self.all.slice(number).filter(|(lane, _)| self.lanes.contains(lane));
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
}

impl Relation for Slices {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn narrows(&self, column: usize, compared: Compared) -> bool {
        match column {
            TS => true,
            ID | TRACK | RANK | NAME => compared == Compared::Equal,
            _ => false,
        }
    }

    fn sorts(&self, column: usize) -> bool {
        matches!(column, TS | NAME) && self.all.has_orders()
    }

    fn len(&self) -> usize {
        self.len
    }

    fn rows(&self, bounds: &[Bound], sorted: Option<usize>) -> Found {
        let all = Arc::clone(&self.all);
        let value_of = |column| bounds.iter().find(|bound| bound.column == column);
        let id = value_of(ID).map(|bound| &bound.value);
        let name = value_of(NAME).map(|bound| &bound.value);
        let list = |order: Arc<Vec<u32>>, part| Walk::Ordered { order, part };
        let walk = match (sorted, id, name) {
            (_, Some(&Sought::Int(number)), _) => Walk::Lanes(self.one(number)),
            (Some(TS), ..) => {
                let order = self.by_start();
                let part = self.window(&order, bounds);
                list(order, part)
            }
            (None | Some(NAME), _, Some(Sought::Text(name))) if self.all.has_orders() => {
                let order = self.by_name();
                let part = all.range_of_name(&order, name);
                list(order, part)
            }
            (Some(_), ..) => {
                let order = self.by_name();
                let len = order.len();
                list(order, 0..len)
            }
            (None, ..) => {
                let parts = self.lanes.iter().rev().map(|&lane| (lane, self.part(lane, bounds)));
                Walk::Lanes(parts.filter(|(_, part)| part.start < part.end).collect())
            }
        };
        Ok(Box::new(SliceRows { all, walk, lane: LaneId(0), index: 0, end: 0 }))
    }
}

/// What is left to walk.
enum Walk {
    /// Parts of lanes, last first.
    Lanes(Vec<(LaneId, Range<usize>)>),
    /// Numbers of slices.
    Ordered { order: Arc<Vec<u32>>, part: Range<usize> },
}

struct SliceRows {
    all: Arc<Numbered>,
    walk: Walk,
    lane: LaneId,
    index: usize,
    /// Of the part of the lane at hand.
    end: usize,
}

impl SliceRows {
    fn label(&self) -> &Label {
        self.all.trace.label(self.all.lane(self.lane).slices.label[self.index])
    }
}

impl Rows for SliceRows {
    fn advance(&mut self) -> bool {
        match &mut self.walk {
            Walk::Lanes(_) if self.index + 1 < self.end => self.index += 1,
            Walk::Lanes(parts) => {
                let Some((lane, part)) = parts.pop() else { return false };
                (self.lane, self.index, self.end) = (lane, part.start, part.end);
            }
            Walk::Ordered { order, part } => {
                let number = part.next().map(|at| i64::from(order[at]));
                let Some(slice) = number.and_then(|number| self.all.slice(number)) else {
                    return false;
                };
                (self.lane, self.index) = slice;
            }
        }
        true
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        let slices = &self.all.lane(self.lane).slices;
        let (track_id, track) = self.all.track(self.lane);
        match COLUMNS[column].0 {
            "id" => Cell::Int(self.id()),
            "ts" => Cell::Int(slices.start_ns[self.index]),
            "dur" => Cell::Int(slices.span(self.index).len_ns()),
            "track_id" => Cell::Int(i64::from(track_id.0)),
            "category" | "kind" => Cell::Text(self.label().kind.name()),
            "name" => Cell::Text(&self.label().name),
            "depth" => Cell::Int(i64::from(self.all.depth(self.lane))),
            "parent_id" => match track.kind {
                TrackKind::HostThread { .. } => Cell::int(self.all.parent(self.lane, self.index)),
                _ => Cell::Null,
            },
            "arg_set_id" => match slices.args[self.index] {
                ArgsId::NONE => Cell::Null,
                args => Cell::Int(i64::from(args.0)),
            },
            "rank" => Cell::int(track.kind.rank()),
            "layer" => Cell::int(self.label().layer),
            "split" => match self.label().split {
                Split::Whole => Cell::Null,
                Split::First => Cell::Int(0),
                Split::Second => Cell::Int(1),
            },
            "phase" => Cell::text(Some(self.label().phase.name()).filter(|name| !name.is_empty())),
            "correlation_id" => {
                let item = Some(slices.item[self.index]);
                Cell::int(item.filter(|&item| item != 0))
            }
            "stream" => match track.kind {
                TrackKind::Stream { stream, .. } => Cell::Int(i64::from(stream)),
                _ => Cell::Null,
            },
            "sm" => match track.kind {
                TrackKind::Sm { sm, .. } => Cell::Int(i64::from(sm)),
                _ => Cell::Null,
            },
            // Perfetto's number of computation.
            "render_stage_category" => match (&track.kind, self.label().kind) {
                (_, Kind::Memcpy) => Cell::Null,
                (TrackKind::Stream { .. }, _) => Cell::Int(2),
                _ => Cell::Null,
            },
            _ => Cell::Null,
        }
    }

    fn id(&self) -> i64 {
        self.all.number(self.lane, self.index)
    }
}
