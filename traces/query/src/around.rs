//! Functions over what stands around a slice, as Perfetto has them: the calls that it is in and those in it, and the arrows
//! that lead from it and to it.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use weftscope_traces::{LaneId, SliceRef, TrackKind};

use crate::cell::Cell;
use crate::flows::{FLOW_COLUMNS, Flows};
use crate::relation::{Column, Found, Relation, Rows, Search, Sought};
use crate::slice_columns::COLUMNS;
use crate::slice_rows::Numbered;
use crate::slice_walk::{SliceRows, Walk};

/// The argument of each: the id of a slice.
const ID: Column = ("of_slice", "BIGINT HIDDEN");

/// SQLite takes arguments for the first of the hidden columns, so no other is hidden.
fn with_argument(columns: &[Column]) -> Vec<Column> {
    let shown = columns.iter().filter(|(_, kind)| !kind.ends_with("HIDDEN"));
    shown.copied().chain([ID]).collect()
}

static SLICE_COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| with_argument(COLUMNS));
static ARROW_COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| with_argument(FLOW_COLUMNS));

/// Rows that the planner is told of.
const ABOUT: usize = 10;

/// The id that a function was given, in its last column.
fn given(search: &Search<'_>, columns: &[Column]) -> Option<i64> {
    let bound = search.bounds.iter().find(|bound| bound.column + 1 == columns.len())?;
    match bound.value {
        Sought::Int(id) => Some(id),
        _ => None,
    }
}

/// Rows whose last column is what the function was given.
struct Answered {
    rows: Box<dyn Rows>,
    argument: usize,
    given: Option<i64>,
}

impl Rows for Answered {
    fn advance(&mut self) -> bool {
        self.rows.advance()
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        if column == self.argument { Cell::int(self.given) } else { self.rows.cell(column) }
    }

    fn id(&self) -> i64 {
        self.rows.id()
    }
}

/// The slices that a slice stands in, outermost first.
fn ancestors(all: &Numbered, slice: (LaneId, usize)) -> Vec<(LaneId, usize)> {
    let mut found = Vec::new();
    let mut at = Some(slice);
    while let Some((lane, index)) = at {
        at = nests(all, lane)
            .then(|| all.parent(lane, index))
            .flatten()
            .and_then(|id| all.slice(id));
        found.extend(at);
    }
    found.reverse();
    found
}

/// The slices that stand in a slice, lane by lane downwards.
fn descendants(all: &Numbered, (lane, index): (LaneId, usize)) -> Vec<(LaneId, usize)> {
    let span = all.lane(lane).slices.span(index);
    let below = all.depth(lane) as usize + 1;
    let lanes = all.track(lane).1.lanes.iter().skip(below).filter(|_| nests(all, lane));
    let inside = |lane: LaneId| {
        let slices = &all.lane(lane).slices;
        let from = slices.start_ns.partition_point(|&at| at < span.start_ns);
        let within = (from..slices.len()).take_while(|&at| slices.start_ns[at] <= span.end_ns);
        within.filter(|&at| slices.end_ns[at] <= span.end_ns).map(move |at| (lane, at))
    };
    lanes.flat_map(|&lane| inside(lane)).collect()
}

/// Lanes of a host thread are depths of its calls; those of other rows are not.
fn nests(all: &Numbered, lane: LaneId) -> bool {
    matches!(all.track(lane).1.kind, TrackKind::HostThread { .. })
}

/// `ancestor_slice` and `descendant_slice`.
pub(crate) struct Nested {
    pub(crate) all: Arc<Numbered>,
    pub(crate) is_up: bool,
}

impl Relation for Nested {
    fn columns(&self) -> &'static [Column] {
        &SLICE_COLUMNS
    }

    fn arguments(&self) -> Range<usize> {
        SLICE_COLUMNS.len() - 1..SLICE_COLUMNS.len()
    }

    fn len(&self) -> usize {
        ABOUT
    }

    fn rows(&self, search: &Search<'_>) -> Found {
        let given = given(search, &SLICE_COLUMNS);
        let slice = given.and_then(|id| self.all.slice(id));
        let found = match (slice, self.is_up) {
            (None, _) => Vec::new(),
            (Some(slice), true) => ancestors(&self.all, slice),
            (Some(slice), false) => descendants(&self.all, slice),
        };
        let parts = found.into_iter().rev().map(|(lane, index)| (lane, index..index + 1));
        let rows = SliceRows::of(Arc::clone(&self.all), Walk::Lanes(parts.collect()), search)?;
        let argument = SLICE_COLUMNS.len() - 1;
        Ok(Box::new(Answered { rows: Box::new(rows), argument, given }))
    }
}

/// Which arrows a function answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrows {
    /// From a slice and to it.
    Direct,
    /// From it and from all that they lead to, and from the calls in those.
    Following,
    /// To it and to all that they come from, and to the calls that those are in.
    Preceding,
}

/// `directly_connected_flow`, `following_flow` and `preceding_flow`.
pub(crate) struct Connected {
    pub(crate) all: Arc<Numbered>,
    pub(crate) flows: Arc<Flows>,
    pub(crate) arrows: Arrows,
}

impl Connected {
    fn found(&self, slice: (LaneId, usize)) -> BTreeSet<u32> {
        let number = |(lane, index): (LaneId, usize)| self.all.number(lane, index);
        let mut found = BTreeSet::new();
        if self.arrows == Arrows::Direct {
            found.extend(self.flows.leaving(number(slice)));
            found.extend(self.flows.coming(number(slice)));
            return found;
        }
        let (mut seen, mut waiting) = (BTreeSet::from([slice]), VecDeque::from([slice]));
        while let Some(slice) = waiting.pop_front() {
            let is_forward = self.arrows == Arrows::Following;
            let arrows = match is_forward {
                true => self.flows.leaving(number(slice)),
                false => self.flows.coming(number(slice)),
            };
            let mut reached: Vec<(LaneId, usize)> = match is_forward {
                true => descendants(&self.all, slice),
                false => ancestors(&self.all, slice),
            };
            for arrow in arrows {
                found.insert(arrow);
                let flow = &self.all.trace.flows[arrow as usize];
                let SliceRef { lane, index } = if is_forward { flow.to } else { flow.from };
                reached.push((lane, index as usize));
            }
            waiting.extend(reached.into_iter().filter(|&slice| seen.insert(slice)));
        }
        found
    }
}

impl Relation for Connected {
    fn columns(&self) -> &'static [Column] {
        &ARROW_COLUMNS
    }

    fn arguments(&self) -> Range<usize> {
        ARROW_COLUMNS.len() - 1..ARROW_COLUMNS.len()
    }

    fn len(&self) -> usize {
        ABOUT
    }

    fn rows(&self, search: &Search<'_>) -> Found {
        let given = given(search, &ARROW_COLUMNS);
        let slice = given.and_then(|id| self.all.slice(id));
        let found = slice.map(|slice| self.found(slice)).unwrap_or_default();
        let rows = self.flows.these(found.into_iter().collect());
        Ok(Box::new(Answered { rows, argument: ARROW_COLUMNS.len() - 1, given }))
    }
}
