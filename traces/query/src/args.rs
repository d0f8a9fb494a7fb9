//! `args`: arguments of slices, one a row, set by set; a set is read when its rows are come to.

use std::ops::Range;
use std::sync::Arc;

use weftscope_traces::{ArgValue, Args, ArgsId, Trace};

use crate::cell::Cell;
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
        Ok(Box::new(Walk { trace, sets, set: 0, args: Args::new(), at: 0, shown: String::new() }))
    }
}

struct Walk {
    trace: Arc<Trace>,
    /// Sets to come.
    sets: Range<u32>,
    set: u32,
    args: Args,
    /// The argument of the set at hand.
    at: usize,
    /// Its value as text.
    shown: String,
}

impl Walk {
    fn show(&mut self) {
        self.shown = match &self.args[self.at].1 {
            ArgValue::Int(int) => int.to_string(),
            ArgValue::Float(real) => real.to_string(),
            ArgValue::Text(text) | ArgValue::Json(text) => text.clone(),
        };
    }
}

impl Rows for Walk {
    fn advance(&mut self) -> bool {
        self.at += 1;
        while self.at >= self.args.len() {
            let Some(set) = self.sets.next() else { return false };
            (self.set, self.at) = (set, 0);
            self.args = self.trace.args.get(ArgsId(set));
        }
        self.show();
        true
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        let (key, value) = &self.args[self.at];
        match (column, value) {
            (0, _) => Cell::Int(self.id()),
            (SET, _) => Cell::Int(i64::from(self.set)),
            (2 | 3, _) => Cell::Text(key),
            (4, ArgValue::Int(int)) => Cell::Int(*int),
            (5, ArgValue::Text(text) | ArgValue::Json(text)) => Cell::Text(text),
            (6, ArgValue::Float(real)) => Cell::Real(*real),
            (7, ArgValue::Int(_)) => Cell::Text("int"),
            (7, ArgValue::Float(_)) => Cell::Text("real"),
            (7, ArgValue::Text(_)) => Cell::Text("string"),
            (7, ArgValue::Json(_)) => Cell::Text("json"),
            (8, _) => Cell::Text(&self.shown),
            _ => Cell::Null,
        }
    }

    /// The set, and which of its arguments: no set has more than 65 536.
    fn id(&self) -> i64 {
        (i64::from(self.set) << 16) + self.at as i64
    }
}
