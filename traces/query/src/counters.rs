//! `counter`: samples of all counters, counter by counter in order of time.

use std::sync::Arc;

use weftscope_traces::Trace;

use crate::cell::Cell;
use crate::relation::{Column, Compared, Found, Relation, Rows, Search, Sought};

const TS: usize = 1;
const TRACK: usize = 2;

/// The table.
pub(crate) struct Counters(pub(crate) Arc<Trace>);

/// Id of a counter's track: after those of the tracks of slices.
pub(crate) fn track_id(trace: &Trace, counter: usize) -> i64 {
    (trace.tracks.len() + counter) as i64
}

impl Relation for Counters {
    fn columns(&self) -> &'static [Column] {
        &[
            ("id", "BIGINT"),
            ("ts", "BIGINT"),
            ("track_id", "BIGINT"),
            ("value", "DOUBLE"),
            ("arg_set_id", "BIGINT HIDDEN"),
        ]
    }

    fn narrows(&self, column: usize, compared: Compared) -> bool {
        column == TS || column == TRACK && compared == Compared::Equal
    }

    fn len(&self) -> usize {
        self.0.counters.iter().map(|counter| counter.at_ns.len()).sum()
    }

    fn rows(&self, search: &Search<'_>) -> Found {
        let mut ranges = Vec::new();
        let mut first_id = 0;
        for (number, counter) in self.0.counters.iter().enumerate() {
            let (mut from, mut to) = (0, counter.at_ns.len());
            for bound in search.bounds {
                let Sought::Int(value) = bound.value else { continue };
                if bound.column == TRACK && value != track_id(&self.0, number) {
                    to = 0;
                }
                if bound.column == TS && bound.compared != Compared::AtMost {
                    from = from.max(counter.at_ns.partition_point(|&at| at < value));
                }
                if bound.column == TS && bound.compared != Compared::AtLeast {
                    to = to.min(counter.at_ns.partition_point(|&at| at <= value));
                }
            }
            if from < to {
                ranges.push((number, from, to, first_id));
            }
            first_id += counter.at_ns.len() as i64;
        }
        ranges.reverse();
        let at = (0, 0, 0, 0);
        Ok(Box::new(CounterRows { trace: Arc::clone(&self.0), ranges, at, started: false }))
    }
}

/// Counter, its sample, the end of those, and the id of its first sample.
type Range = (usize, usize, usize, i64);

struct CounterRows {
    trace: Arc<Trace>,
    /// What is left, last first.
    ranges: Vec<Range>,
    at: Range,
    started: bool,
}

impl Rows for CounterRows {
    fn advance(&mut self) -> bool {
        if self.started && self.at.1 + 1 < self.at.2 {
            self.at.1 += 1;
            return true;
        }
        self.started = true;
        match self.ranges.pop() {
            Some(range) => self.at = range,
            None => return false,
        }
        true
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        let (number, sample, ..) = self.at;
        let counter = &self.trace.counters[number];
        match column {
            0 => Cell::Int(self.id()),
            TS => Cell::Int(counter.at_ns[sample]),
            TRACK => Cell::Int(track_id(&self.trace, number)),
            3 => Cell::Real(counter.value[sample]),
            _ => Cell::Null,
        }
    }

    fn id(&self) -> i64 {
        self.at.3 + self.at.1 as i64
    }
}
