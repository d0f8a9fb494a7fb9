//! `args`: arguments of slices, one a row, set by set; a set is read when its rows are come to.

use std::ops::Range;
use std::sync::Arc;

use weftscope_traces::{ArgsId, Trace};

use crate::cell::Cell;
use crate::leaves::{Leaf, LeafValue, leaves};
use crate::relation::{Column, Compared, Found, Relation, Rows, Search, Sought};

const SET: usize = 1;

/// The table.
pub(crate) struct ArgRows(pub(crate) Arc<Trace>);

impl Relation for ArgRows {
    fn columns(&self) -> &'static [Column] {
        &[
            ("id", "BIGINT"),
            ("arg_set_id", "BIGINT"),
            ("flat_key", "TEXT"),
            ("key", "TEXT"),
            ("int_value", "BIGINT"),
            ("string_value", "TEXT"),
            ("real_value", "DOUBLE"),
            ("value_type", "TEXT"),
            ("display_value", "TEXT"),
        ]
    }

    fn narrows(&self, column: usize, compared: Compared) -> bool {
        column == SET && compared == Compared::Equal
    }

    fn len(&self) -> usize {
        // A few arguments a set.
        4 * self.0.args.len()
    }

    fn rows(&self, search: &Search<'_>) -> Found {
        let mut sets = 0..self.0.args.len() as u32;
        for bound in search.bounds.iter().filter(|bound| bound.column == SET) {
            let Sought::Int(set) = bound.value else { continue };
            let set = u32::try_from(set).ok().filter(|set| sets.contains(set));
            sets = set.map_or(0..0, |set| set..set + 1);
        }
        let trace = Arc::clone(&self.0);
        Ok(Box::new(Walk { trace, sets, set: 0, args: Vec::new(), at: 0, shown: String::new() }))
    }
}

struct Walk {
    trace: Arc<Trace>,
    /// Sets to come.
    sets: Range<u32>,
    set: u32,
    args: Vec<Leaf>,
    /// The argument of the set at hand.
    at: usize,
    /// Its value as text.
    shown: String,
}

impl Rows for Walk {
    fn advance(&mut self) -> bool {
        self.at += 1;
        while self.at >= self.args.len() {
            let Some(set) = self.sets.next() else { return false };
            (self.set, self.at) = (set, 0);
            self.args = leaves(&self.trace, ArgsId(set));
        }
        self.shown = self.args[self.at].value.shown();
        true
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        let Leaf { flat_key, key, value } = &self.args[self.at];
        match (column, value) {
            (0, _) => Cell::Int(self.id()),
            (SET, _) => Cell::Int(i64::from(self.set)),
            (2, _) => Cell::Text(flat_key),
            (3, _) => Cell::Text(key),
            (4, LeafValue::Int(int)) => Cell::Int(*int),
            (4, LeafValue::Bool(is)) => Cell::Int(i64::from(*is)),
            (5, LeafValue::Text(text)) => Cell::Text(text),
            (6, LeafValue::Real(real)) => Cell::Real(*real),
            (7, value) => Cell::Text(value.type_name()),
            (8, _) => Cell::Text(&self.shown),
            _ => Cell::Null,
        }
    }

    /// The set, and which of its arguments: no set has more than 65 536.
    fn id(&self) -> i64 {
        (i64::from(self.set) << 16) + self.at as i64
    }
}
