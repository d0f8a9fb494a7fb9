//! `flow`: arrows between slices, searched by either end.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use weftscope_traces::{FlowKind, SliceRef, Trace};

use crate::cell::Cell;
use crate::relation::{Column, Compared, Found, Relation, Rows, Search, Sought};
use crate::slice_rows::firsts_of;

const OUT: usize = 1;
const IN: usize = 2;

/// The table.
pub(crate) struct Flows {
    ends: Arc<Ends>,
    /// Arrows by the slice that they come to.
    by_in: OnceLock<Arc<Vec<u32>>>,
}

struct Ends {
    trace: Arc<Trace>,
    /// Number of the first slice of each lane.
    firsts: Vec<usize>,
}

impl Ends {
    fn number(&self, slice: SliceRef) -> i64 {
        (self.firsts[slice.lane.0 as usize] + slice.index as usize) as i64
    }
}

impl Flows {
    pub(crate) fn of(trace: Arc<Trace>) -> Self {
        let firsts = firsts_of(&trace);
        Self { ends: Arc::new(Ends { trace, firsts }), by_in: OnceLock::new() }
    }

    fn by_in(&self) -> Arc<Vec<u32>> {
        let order = self.by_in.get_or_init(|| {
            let flows = &self.ends.trace.flows;
            let mut order: Vec<u32> = (0..flows.len() as u32).collect();
            order.sort_by_key(|&at| self.ends.number(flows[at as usize].to));
            Arc::new(order)
        });
        Arc::clone(order)
    }
}

impl Relation for Flows {
    fn columns(&self) -> &'static [Column] {
        &[
            ("id", "BIGINT"),
            ("slice_out", "BIGINT"),
            ("slice_in", "BIGINT"),
            ("kind", "TEXT"),
            ("arg_set_id", "BIGINT"),
            ("trace_id", "BIGINT HIDDEN"),
        ]
    }

    fn narrows(&self, column: usize, compared: Compared) -> bool {
        matches!(column, OUT | IN) && compared == Compared::Equal
    }

    fn len(&self) -> usize {
        self.ends.trace.flows.len()
    }

    fn rows(&self, search: &Search<'_>) -> Found {
        let flows = &self.ends.trace.flows;
        let sought = |column| {
            search.bounds.iter().find_map(|bound| match bound.value {
                Sought::Int(number) if bound.column == column => Some(number),
                _ => None,
            })
        };
        let (mut part, mut order) = (0..flows.len(), None);
        if let Some(number) = sought(OUT) {
            // Arrows are sorted by where they come from.
            let from = flows.partition_point(|flow| self.ends.number(flow.from) < number);
            let upto = flows.partition_point(|flow| self.ends.number(flow.from) <= number);
            part = from..upto;
        } else if let Some(number) = sought(IN) {
            let by_in = self.by_in();
            let to = |at: &u32| self.ends.number(flows[*at as usize].to);
            let from = by_in.partition_point(|at| to(at) < number);
            let upto = by_in.partition_point(|at| to(at) <= number);
            (part, order) = (from..upto, Some(by_in));
        }
        Ok(Box::new(Walk { ends: Arc::clone(&self.ends), part, order, at: 0 }))
    }
}

struct Walk {
    ends: Arc<Ends>,
    /// Arrows to come, of the order where there is one.
    part: Range<usize>,
    order: Option<Arc<Vec<u32>>>,
    at: usize,
}

impl Rows for Walk {
    fn advance(&mut self) -> bool {
        let Some(next) = self.part.next() else { return false };
        self.at = self.order.as_ref().map_or(next, |order| order[next] as usize);
        true
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        let flow = &self.ends.trace.flows[self.at];
        match column {
            0 => Cell::Int(self.id()),
            OUT => Cell::Int(self.ends.number(flow.from)),
            IN => Cell::Int(self.ends.number(flow.to)),
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
