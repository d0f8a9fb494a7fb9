//! `flow`: arrows between slices, searched by either end.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use weftscope_traces::{FlowKind, SliceRef};

use crate::cell::Cell;
use crate::relation::{Column, Compared, Found, Relation, Rows, Search, Sought};
use crate::slice_rows::Numbered;

const OUT: usize = 1;
const IN: usize = 2;

/// Its columns.
pub(crate) const FLOW_COLUMNS: &[Column] = &[
    ("id", "BIGINT"),
    ("slice_out", "BIGINT"),
    ("slice_in", "BIGINT"),
    ("kind", "TEXT"),
    ("arg_set_id", "BIGINT"),
    ("trace_id", "BIGINT HIDDEN"),
];

/// The table.
pub(crate) struct Flows {
    all: Arc<Numbered>,
    /// Arrows by the slice that they come to.
    by_in: OnceLock<Arc<Vec<u32>>>,
}

fn number_of(all: &Numbered, slice: SliceRef) -> i64 {
    all.number(slice.lane, slice.index as usize)
}

impl Flows {
    pub(crate) fn of(all: Arc<Numbered>) -> Self {
        Self { all, by_in: OnceLock::new() }
    }

    fn by_in(&self) -> Arc<Vec<u32>> {
        let order = self.by_in.get_or_init(|| {
            let flows = &self.all.trace.flows;
            let mut order: Vec<u32> = (0..flows.len() as u32).collect();
            order.sort_by_key(|&at| number_of(&self.all, flows[at as usize].to));
            Arc::new(order)
        });
        Arc::clone(order)
    }

    /// Numbers of the arrows that leave a slice: they are sorted by where they come from.
    pub(crate) fn leaving(&self, number: i64) -> Vec<u32> {
        let flows = &self.all.trace.flows;
        let from = flows.partition_point(|flow| number_of(&self.all, flow.from) < number);
        let upto = flows.partition_point(|flow| number_of(&self.all, flow.from) <= number);
        (from as u32..upto as u32).collect()
    }

    /// Numbers of the arrows that come to a slice.
    pub(crate) fn coming(&self, number: i64) -> Vec<u32> {
        let (flows, by_in) = (&self.all.trace.flows, self.by_in());
        let to = |at: &u32| number_of(&self.all, flows[*at as usize].to);
        let from = by_in.partition_point(|at| to(at) < number);
        let upto = by_in.partition_point(|at| to(at) <= number);
        by_in[from..upto].to_vec()
    }

    /// The rows of these arrows.
    pub(crate) fn these(&self, arrows: Vec<u32>) -> Box<dyn Rows> {
        let part = 0..arrows.len();
        Box::new(Walk { all: Arc::clone(&self.all), part, order: Some(arrows), at: 0 })
    }
}

impl Relation for Flows {
    fn columns(&self) -> &'static [Column] {
        FLOW_COLUMNS
    }

    fn narrows(&self, column: usize, compared: Compared) -> bool {
        matches!(column, OUT | IN) && compared == Compared::Equal
    }

    fn len(&self) -> usize {
        self.all.trace.flows.len()
    }

    fn rows(&self, search: &Search<'_>) -> Found {
        let sought = |column| {
            search.bounds.iter().find_map(|bound| match bound.value {
                Sought::Int(number) if bound.column == column => Some(number),
                _ => None,
            })
        };
        if let Some(number) = sought(OUT) {
            return Ok(self.these(self.leaving(number)));
        }
        if let Some(number) = sought(IN) {
            return Ok(self.these(self.coming(number)));
        }
        let part = 0..self.len();
        Ok(Box::new(Walk { all: Arc::clone(&self.all), part, order: None, at: 0 }))
    }
}

struct Walk {
    all: Arc<Numbered>,
    /// Arrows to come, of the order where there is one.
    part: Range<usize>,
    order: Option<Vec<u32>>,
    at: usize,
}

impl Rows for Walk {
    fn advance(&mut self) -> bool {
        let Some(next) = self.part.next() else { return false };
        self.at = self.order.as_ref().map_or(next, |order| order[next] as usize);
        true
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        let flow = &self.all.trace.flows[self.at];
        match column {
            0 => Cell::Int(self.id()),
            OUT => Cell::Int(number_of(&self.all, flow.from)),
            IN => Cell::Int(number_of(&self.all, flow.to)),
            3 => Cell::Text(match flow.kind {
                FlowKind::Dependency => "dependency",
                FlowKind::Launch => "launch",
                FlowKind::Imported => "imported",
            }),
            _ => Cell::Null,
        }
    }

    fn id(&self) -> i64 {
        self.at as i64
    }
}
