//! Slices on their way to SQLite, row by row: lane by lane, or in an order.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use weftscope_traces::interchange::category_of;
use weftscope_traces::{ArgValue, ArgsId, Label, LabelId, LaneId, SliceRef, TrackKind};

use crate::cell::Cell;
use crate::orders::Order;
use crate::relation::{Rows, Search};
use crate::slice_columns::{
    ARGS, CAT, CATEGORY, CONTEXT, CORRELATION, DUR, ID, PARENT, PLACE, SLICE_ID, STAGE, SliceAt,
    TS, is_of_label, is_of_place, of_label, of_lane, of_place, stage,
};
use crate::slice_rows::Numbered;

/// Rows that are fetched together. In an order each lies far from the one before; fetched one by one, a row would wait for
/// memory each time, and together they wait at once.
const TOGETHER: usize = 64;

/// What is left to walk.
pub(crate) enum Walk {
    /// Parts of lanes, last first.
    Lanes(Vec<(LaneId, Range<usize>)>),
    /// Numbers of slices.
    Ordered { order: Order, part: Range<usize> },
}

/// A slice with what most queries ask of it.
#[derive(Clone, Copy)]
struct Fetched {
    at: SliceAt,
    start_ns: i64,
    end_ns: i64,
    label: LabelId,
}

impl Fetched {
    fn of(all: &Numbered, at: SliceAt) -> Self {
        let slices = &all.lane(at.lane).slices;
        Self {
            at,
            start_ns: slices.start_ns[at.index],
            end_ns: slices.end_ns[at.index],
            label: slices.label[at.index],
        }
    }
}

/// The rows of a search.
pub(crate) struct SliceRows {
    all: Arc<Numbered>,
    walk: Walk,
    slice: Fetched,
    /// In an order, the rows that were fetched, and how many of them are past.
    fetched: Vec<Fetched>,
    past: usize,
    /// Numbers of the slices of the lane at hand, in an order.
    numbers: Range<usize>,
    /// Of the part of the lane at hand.
    end: usize,
    category: OnceCell<String>,
}

impl SliceRows {
    /// What the search reads of these rows.
    ///
    /// # Errors
    /// Where the query has to end before that is worked out.
    pub(crate) fn of(all: Arc<Numbered>, walk: Walk, search: &Search<'_>) -> Result<Self, String> {
        if PLACE.into_iter().any(|column| search.reads(column)) {
            all.find_places(search)?;
        }
        let at = SliceAt { lane: LaneId(0), index: 0 };
        Ok(Self {
            all,
            walk,
            slice: Fetched { at, start_ns: 0, end_ns: 0, label: LabelId(0) },
            fetched: Vec::new(),
            past: 0,
            numbers: 0..0,
            end: 0,
            category: OnceCell::new(),
        })
    }

    /// Fetches the next rows of an order.
    fn fetch(&mut self) {
        self.fetched.clear();
        self.past = 0;
        let Walk::Ordered { order, part } = &mut self.walk else { return };
        let upto = part.end.min(part.start + TOGETHER);
        for &number in &order[part.start..upto] {
            let number = number as usize;
            // Slices that are equal stand lane by lane.
            if !self.numbers.contains(&number) {
                let Some((lane, _)) = self.all.slice(number as i64) else { break };
                (self.slice.at.lane, self.numbers) = (lane, self.all.numbers(lane));
            }
            let index = number - self.numbers.start;
            let at = SliceAt { lane: self.slice.at.lane, index };
            self.fetched.push(Fetched::of(&self.all, at));
        }
        part.start = upto;
    }

    fn label(&self) -> &Label {
        self.all.trace.label(self.slice.label)
    }

    /// The number of the context that the slice ran in, as it was recorded.
    fn context(&self, args: ArgsId) -> Option<i64> {
        let found = self.all.trace.args.get(args).into_iter().find(|(key, _)| key == "context")?;
        match found.1 {
            ArgValue::Int(int) => Some(int),
            _ => None,
        }
    }

    fn category(&self) -> &str {
        let SliceAt { lane, index } = self.slice.at;
        let slice = SliceRef { lane, index: index as u32 };
        self.category.get_or_init(|| category_of(&self.all.trace, slice))
    }
}

impl Rows for SliceRows {
    fn advance(&mut self) -> bool {
        self.category.take();
        match &mut self.walk {
            Walk::Lanes(parts) => {
                let mut at = self.slice.at;
                at.index += 1;
                if at.index >= self.end {
                    let Some((lane, part)) = parts.pop() else { return false };
                    (at, self.end) = (SliceAt { lane, index: part.start }, part.end);
                }
                self.slice = Fetched::of(&self.all, at);
            }
            Walk::Ordered { .. } => {
                if self.past == self.fetched.len() {
                    self.fetch();
                }
                let Some(&slice) = self.fetched.get(self.past) else { return false };
                self.slice = slice;
                self.past += 1;
            }
        }
        true
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        let SliceAt { lane, index } = self.slice.at;
        let slices = || &self.all.lane(lane).slices;
        match column {
            ID | SLICE_ID => Cell::Int(self.id()),
            TS => Cell::Int(self.slice.start_ns),
            DUR => Cell::Int(self.slice.end_ns - self.slice.start_ns),
            CATEGORY | CAT => Cell::Text(self.category()),
            PARENT => match self.all.track(lane).1.kind {
                TrackKind::HostThread { .. } => Cell::int(self.all.parent(lane, index)),
                _ => Cell::Null,
            },
            ARGS => match slices().args[index] {
                ArgsId::NONE => Cell::Null,
                args => Cell::Int(i64::from(args.0)),
            },
            CORRELATION => Cell::int(Some(slices().item[index]).filter(|&item| item != 0)),
            STAGE => stage(&self.all.track(lane).1.kind, self.label()),
            CONTEXT => Cell::int(self.context(slices().args[index])),
            _ if is_of_place(column) => of_place(self.all.place(lane, index), column),
            _ if is_of_label(column) => of_label(self.label(), column),
            _ => Cell::int(of_lane(&self.all, self.slice.at, column)),
        }
    }

    fn id(&self) -> i64 {
        self.all.number(self.slice.at.lane, self.slice.at.index)
    }
}
