//! Functions over times, which answer rows: `merged`, `intersected`, `gaps`, `busy` and `buckets`.
//!
//! A query given as text has columns `ts` and `dur`, as its first and second. It is asked on a connection of its own, over
//! the same tables, and ends when the query around it ends. Instants have no length, so no set of times holds them.

use std::ops::Range;
use std::sync::Arc;

use weftscope_traces::Span;
use weftscope_traces::analysis::intervals::IntervalSet;

use crate::listed::{Kept, ListedRows};
use crate::relation::{Bound, Column, Found, Relation, Search, Sought};

/// Answers the times that a query selects.
pub(crate) type Times = dyn Fn(&str) -> Result<Vec<Span>, String> + Send + Sync;

/// Windows at most: their rows are kept.
const MOST: i64 = 1_000_000;
/// Rows that the planner is told of.
const ABOUT: usize = 10_000;

/// A function: columns of its rows, then its arguments.
struct Function {
    name: &'static str,
    columns: &'static [Column],
    /// Columns before the arguments.
    shown: usize,
    answer: fn(&Given<'_>) -> Result<Vec<Vec<Kept>>, String>,
}

const TS: Column = ("ts", "BIGINT");
const DUR: Column = ("dur", "BIGINT");
const QUERY: Column = ("query", "TEXT HIDDEN");
const WIDTH: Column = ("width", "BIGINT HIDDEN");

const FUNCTIONS: &[Function] = &[
    Function { name: "merged", columns: &[TS, DUR, QUERY], shown: 2, answer: merged },
    Function { name: "gaps_of", columns: &[TS, DUR, QUERY], shown: 2, answer: gaps },
    Function {
        name: "intersected",
        columns: &[TS, DUR, QUERY, ("other", "TEXT HIDDEN")],
        shown: 2,
        answer: intersected,
    },
    Function {
        name: "subtracted",
        columns: &[TS, DUR, QUERY, ("other", "TEXT HIDDEN")],
        shown: 2,
        answer: subtracted,
    },
    Function {
        name: "busy",
        columns: &[TS, DUR, ("busy", "BIGINT"), QUERY, WIDTH],
        shown: 3,
        answer: busy,
    },
    Function {
        name: "buckets",
        columns: &[TS, DUR, ("ts_from", "BIGINT HIDDEN"), ("ts_to", "BIGINT HIDDEN"), WIDTH],
        shown: 2,
        answer: buckets,
    },
];

/// All functions by their names.
pub(crate) fn all(times: &Arc<Times>) -> impl Iterator<Item = (&'static str, Arc<dyn Relation>)> {
    FUNCTIONS.iter().map(|function| {
        let relation = Called { function, times: Arc::clone(times) };
        (function.name, Arc::new(relation) as Arc<dyn Relation>)
    })
}

struct Called {
    function: &'static Function,
    times: Arc<Times>,
}

impl Relation for Called {
    fn columns(&self) -> &'static [Column] {
        self.function.columns
    }

    fn arguments(&self) -> Range<usize> {
        self.function.shown..self.function.columns.len()
    }

    fn len(&self) -> usize {
        ABOUT
    }

    fn rows(&self, search: &Search<'_>) -> Found {
        let given = Given { function: self.function, bounds: search.bounds, times: &*self.times };
        let rows = (self.function.answer)(&given)?;
        search.go_on()?;
        Ok(Box::new(ListedRows::of(Arc::new(rows))))
    }
}

/// The arguments of a call.
struct Given<'a> {
    function: &'static Function,
    bounds: &'a [Bound],
    times: &'a Times,
}

impl Given<'_> {
    fn sought(&self, at: usize) -> &Sought {
        let bound = self.bounds.iter().find(|bound| bound.column == at);
        bound.map_or(&Sought::Other, |bound| &bound.value)
    }

    fn wrong(&self, argument: usize, what: &str) -> String {
        let name = self.function.columns[self.function.shown + argument].0;
        format!("{}: argument {} ({name}) has to be {what}", self.function.name, argument + 1)
    }

    /// The times that a query given as an argument selects.
    fn set(&self, argument: usize) -> Result<IntervalSet, String> {
        let Sought::Text(query) = self.sought(self.function.shown + argument) else {
            return Err(self.wrong(argument, "a query in quotes, 'select ts, dur from …'"));
        };
        let times = (self.times)(query);
        let times = times.map_err(|error| format!("{}: {error}", self.function.name))?;
        Ok(IntervalSet::union_of(times))
    }

    fn int(&self, argument: usize) -> Result<i64, String> {
        match *self.sought(self.function.shown + argument) {
            Sought::Int(int) => Ok(int),
            _ => Err(self.wrong(argument, "a whole number of nanoseconds")),
        }
    }

    /// Windows of equal width from one time to another; the last may be shorter.
    fn windows(&self, whole: Span, width_ns: i64) -> Result<impl Iterator<Item = Span>, String> {
        if width_ns <= 0 || whole.end_ns.saturating_sub(whole.start_ns) / width_ns >= MOST {
            let name = self.function.name;
            return Err(format!("{name}: a width above 0, and {MOST} windows at most"));
        }
        let after = move |at_ns: i64| at_ns.saturating_add(width_ns).min(whole.end_ns);
        let first = Some(whole.start_ns).filter(|&at_ns| at_ns < whole.end_ns);
        let next = move |&at_ns: &i64| Some(after(at_ns)).filter(|&at_ns| at_ns < whole.end_ns);
        Ok(std::iter::successors(first, next).map(move |at_ns| Span::new(at_ns, after(at_ns))))
    }
}

fn row(span: Span) -> Vec<Kept> {
    vec![Kept::Int(span.start_ns), Kept::Int(span.len_ns())]
}

fn listed(set: &IntervalSet) -> Vec<Vec<Kept>> {
    set.spans().iter().copied().map(row).collect()
}

fn merged(given: &Given<'_>) -> Result<Vec<Vec<Kept>>, String> {
    Ok(listed(&given.set(0)?))
}

fn gaps(given: &Given<'_>) -> Result<Vec<Vec<Kept>>, String> {
    Ok(listed(&given.set(0)?.holes()))
}

fn intersected(given: &Given<'_>) -> Result<Vec<Vec<Kept>>, String> {
    Ok(listed(&given.set(0)?.intersect(&given.set(1)?)))
}

fn subtracted(given: &Given<'_>) -> Result<Vec<Vec<Kept>>, String> {
    Ok(listed(&given.set(0)?.subtract(&given.set(1)?)))
}

/// Windows from the first of the times to the last, and how much of each they fill.
fn busy(given: &Given<'_>) -> Result<Vec<Vec<Kept>>, String> {
    let set = given.set(0)?;
    let (Some(first), Some(last)) = (set.spans().first(), set.spans().last()) else {
        return Ok(Vec::new());
    };
    let windows = given.windows(first.hull(*last), given.int(1)?)?;
    let mut spans = set.spans();
    let row = |window: Span| {
        spans = &spans[spans.partition_point(|span| span.end_ns <= window.start_ns)..];
        let inside = spans.iter().take_while(|span| span.start_ns < window.end_ns);
        let busy_ns: i64 = inside.map(|span| span.intersect(window).len_ns()).sum();
        vec![Kept::Int(window.start_ns), Kept::Int(window.len_ns()), Kept::Int(busy_ns)]
    };
    Ok(windows.map(row).collect())
}

fn buckets(given: &Given<'_>) -> Result<Vec<Vec<Kept>>, String> {
    let (from_ns, to_ns) = (given.int(0)?, given.int(1)?);
    if to_ns <= from_ns {
        return Ok(Vec::new());
    }
    Ok(given.windows(Span::new(from_ns, to_ns), given.int(2)?)?.map(row).collect())
}
