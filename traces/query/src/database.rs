//! A trace as a database, and questions to it.

use std::sync::{Arc, LazyLock, OnceLock};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode};
use weftscope_traces::{Meta, Provenance, Span, Trace, TraceParts, TrackKind};

use crate::args::ArgRows;
use crate::around::{Arrows, Connected, Nested};
use crate::cell::Cell;
use crate::counters::Counters;
use crate::error::QueryError;
use crate::flows::Flows;
use crate::functions;
use crate::include::without_includes;
use crate::intervals::{self, Times};
use crate::listed::Listed;
use crate::relation::{Column, Relation};
use crate::slice_columns::{COLUMNS, GPU_COLUMNS};
use crate::slice_rows::Numbered;
use crate::slices::Slices;
use crate::stopping::Stopping;
use crate::taker::{TableColumns, Taker};
use crate::views::VIEWS;
use crate::{guard, module, parts, tabled};

/// Instructions of SQLite's machine between two questions whether to stop: well below a millisecond.
const STEPS: i32 = 4096;

/// No recording has times further from its base time; their sums and differences fit 64 bits.
const FURTHEST_NS: i64 = 1 << 61;

/// A trace that answers SQL.
pub struct Database {
    connection: Connection,
    shared: Arc<Shared>,
    tables: Vec<TableColumns>,
    /// Names of functions, SQLite's own too.
    functions: Vec<String>,
}

/// A relation and the name under which queries find it.
type Named = (&'static str, Arc<dyn Relation>);

/// What connections to one trace share.
struct Shared {
    trace: Arc<Trace>,
    relations: Vec<Named>,
    stopping: Arc<Stopping>,
}

impl Shared {
    /// A connection with tables and views, not closed yet.
    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open_in_memory()?;
        guard::bound(&connection)?;
        functions::add(&connection, &self.trace)?;
        for (name, relation) in &self.relations {
            module::register(&connection, name, Arc::clone(relation), &self.stopping)?;
        }
        for (name, query) in VIEWS {
            connection.execute_batch(&format!("create view {name} as {query}"))?;
        }
        Ok(connection)
    }

    /// The times that a query within a query selects.
    fn times(self: &Arc<Self>, query: &str) -> Result<Vec<Span>, String> {
        self.asked(query).map_err(|error| match error {
            Error::InvalidColumnType(_, name, kind) => {
                format!("column {name} of {query:?} is {kind}, not whole nanoseconds")
            }
            Error::InvalidColumnIndex(_) => format!("{query:?} has no second column, dur"),
            error => error.to_string(),
        })
    }

    fn asked(self: &Arc<Self>, query: &str) -> rusqlite::Result<Vec<Span>> {
        let mut connection = self.connect()?;
        guard::close(&mut connection)?;
        let stopping = Arc::clone(&self.stopping);
        connection.progress_handler(STEPS, Some(move || stopping.is_stopped()))?;
        let mut statement = connection.prepare(query)?;
        let mut rows = statement.query([])?;
        let mut spans = Vec::new();
        while let Some(row) = rows.next()? {
            let (ts, dur): (i64, i64) = (row.get(0)?, row.get(1)?);
            if ts.saturating_abs() > FURTHEST_NS || dur > FURTHEST_NS {
                let what = format!("{ts} and {dur} are no times of a recording: {query}");
                return Err(Error::ModuleError(what));
            }
            spans.push(Span::new(ts, ts + dur.max(0)));
        }
        Ok(spans)
    }
}

/// Everything that queries can read but functions and views.
fn relations(trace: &Arc<Trace>) -> Vec<Named> {
    let all = Arc::new(Numbered::of(Arc::clone(trace)));
    let slices = |keep: fn(&TrackKind) -> bool| -> Arc<dyn Relation> {
        Arc::new(Slices::of(Arc::clone(&all), COLUMNS, keep))
    };
    let flows = Arc::new(Flows::of(Arc::clone(&all)));
    let is_stream = |kind: &TrackKind| matches!(kind, TrackKind::Stream { .. });
    let is_ordinary = |kind: &TrackKind| {
        let (is_block, is_inside) =
            (matches!(kind, TrackKind::Sm { .. }), matches!(kind, TrackKind::Inside { .. }));
        !(is_block || is_inside || matches!(kind, TrackKind::Answer { .. }))
    };
    let mut relations: Vec<Named> = vec![
        ("slice", slices(is_ordinary)),
        ("gpu_slice", Arc::new(Slices::of(Arc::clone(&all), &GPU_COLUMNS, is_stream))),
        ("block", slices(|kind| matches!(kind, TrackKind::Sm { .. }))),
        ("inside", slices(|kind| matches!(kind, TrackKind::Inside { .. }))),
        ("answer", slices(|kind| matches!(kind, TrackKind::Answer { .. }))),
        ("counter", Arc::new(Counters(Arc::clone(trace)))),
        ("args", Arc::new(ArgRows(Arc::clone(trace)))),
        ("flow", Arc::clone(&flows) as Arc<dyn Relation>),
    ];
    for (name, is_up) in [("ancestor_slice", true), ("descendant_slice", false)] {
        relations.push((name, Arc::new(Nested { all: Arc::clone(&all), is_up })));
    }
    for (name, arrows) in [
        ("directly_connected_flow", Arrows::Direct),
        ("following_flow", Arrows::Following),
        ("preceding_flow", Arrows::Preceding),
    ] {
        let (all, flows) = (Arc::clone(&all), Arc::clone(&flows));
        relations.push((name, Arc::new(Connected { all, flows, arrows })));
    }
    for &(name, columns, make) in parts::TABLES {
        let trace = Arc::clone(trace);
        relations.push((name, Arc::new(Listed { trace, columns, make, rows: OnceLock::new() })));
    }
    relations.extend(tabled::all(trace));
    relations
}

/// Name and columns.
fn described((name, relation): &Named) -> TableColumns {
    let all = relation.columns().iter();
    let (hidden, columns): (Vec<_>, Vec<_>) = all.partition(|(_, kind)| kind.ends_with("HIDDEN"));
    let names = |of: Vec<&Column>| of.into_iter().map(|(name, _)| (*name).to_owned()).collect();
    TableColumns {
        name: (*name).to_owned(),
        columns: names(columns),
        hidden: names(hidden),
        is_function: !relation.arguments().is_empty(),
    }
}

impl Database {
    /// A database of this trace; what it needs beside the trace's columns is made when a query asks for it.
    ///
    /// # Errors
    /// [`QueryError::Sql`] where SQLite does not work.
    pub fn new(trace: &Arc<Trace>) -> Result<Self, QueryError> {
        Self::open(trace).map_err(|error| QueryError::Sql { what: error.to_string(), at: None })
    }

    fn open(trace: &Arc<Trace>) -> rusqlite::Result<Self> {
        let shared = Arc::new(Shared {
            relations: relations(trace),
            trace: Arc::clone(trace),
            stopping: Arc::default(),
        });
        let mut connection = shared.connect()?;
        let within = Arc::clone(&shared);
        let times: Arc<Times> = Arc::new(move |query: &str| within.times(query));
        let functions: Vec<Named> = intervals::all(&times).collect();
        for (name, relation) in &functions {
            module::register(&connection, name, Arc::clone(relation), &shared.stopping)?;
        }
        let mut tables: Vec<TableColumns> =
            shared.relations.iter().chain(&functions).map(described).collect();
        for (name, _) in VIEWS {
            let view = connection.prepare(&format!("select * from {name}"))?;
            let columns = view.column_names().map(str::to_owned).collect();
            let (name, hidden) = ((*name).to_owned(), Vec::new());
            tables.push(TableColumns { name, columns, hidden, is_function: false });
        }
        let functions = {
            let mut names = connection
                .prepare("select distinct name from pragma_function_list order by name")?;
            let names = names.query_map([], |row| row.get(0))?;
            names.collect::<rusqlite::Result<_>>()?
        };
        guard::close(&mut connection)?;
        Ok(Self { connection, shared, tables, functions })
    }

    /// Everything that can stand behind `from`.
    pub fn tables(&self) -> &[TableColumns] {
        &self.tables
    }

    /// Answers a query row by row; `stop` is asked many times a second whether to end it.
    ///
    /// # Errors
    /// [`QueryError`]; rows until then were taken.
    pub fn run(
        &mut self,
        query: &str,
        stop: impl FnMut() -> bool + Send + 'static,
        taker: &mut dyn Taker,
    ) -> Result<(), QueryError> {
        let (whole, (query, modules)) = (query, without_includes(query));
        // What is passed over stands at the front.
        let skipped = whole.len() - query.len();
        if !modules.is_empty() {
            taker.passed_over(&modules);
        }
        if query.is_empty() {
            return Err(QueryError::Nothing);
        }
        let stopping = Arc::clone(&self.shared.stopping);
        stopping.begin(stop);
        let asked = Arc::clone(&stopping);
        self.connection
            .progress_handler(STEPS, Some(move || asked.is_stopped()))
            .map_err(|error| self.explained(&error, 0))?;
        let answered = self.answer((query, skipped), taker);
        let is_over = stopping.end();
        let answered = answered.map_err(|error| if is_over { QueryError::Stopped } else { error });
        let released = self.connection.progress_handler(STEPS, None::<fn() -> bool>);
        answered.and(released.map_err(|error| self.explained(&error, 0)))
    }

    fn answer(
        &self,
        (query, skipped): (&str, usize),
        taker: &mut dyn Taker,
    ) -> Result<(), QueryError> {
        let explained = |error: Error| self.explained(&error, skipped);
        let mut statement = self.connection.prepare(query).map_err(explained)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        if names.is_empty() {
            return Err(QueryError::Nothing);
        }
        taker.columns(&names).map_err(QueryError::Taker)?;
        let mut rows = statement.query([]).map_err(explained)?;
        while let Some(row) = rows.next().map_err(explained)? {
            let mut cells = Vec::with_capacity(names.len());
            for column in 0..names.len() {
                cells.push(match row.get_ref(column).map_err(explained)? {
                    ValueRef::Null => Cell::Null,
                    ValueRef::Integer(int) => Cell::Int(int),
                    ValueRef::Real(real) => Cell::Real(real),
                    // Bytes that are no text are not shown.
                    ValueRef::Text(text) | ValueRef::Blob(text) => {
                        Cell::text(std::str::from_utf8(text).ok())
                    }
                });
            }
            if taker.row(&cells).map_err(QueryError::Taker)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// What SQLite's error means here; so many bytes stand before the text that SQLite was given.
    fn explained(&self, error: &Error, skipped: usize) -> QueryError {
        if matches!(error, Error::MultipleStatement) {
            return QueryError::Several;
        }
        let (code, what, at) = match error {
            Error::SqliteFailure(failure, what) => {
                (Some(failure.code), what.clone().unwrap_or_else(|| error.to_string()), None)
            }
            Error::SqlInputError { error: failure, msg, offset, .. } => {
                let at = usize::try_from(*offset).ok().map(|at| at + skipped);
                (Some(failure.code), msg.clone(), at)
            }
            _ => (None, error.to_string(), None),
        };
        let tables = || self.tables.iter().map(|table| table.name.clone()).collect();
        let of = |table: &TableColumns| [table.columns.clone(), table.hidden.clone()].concat();
        let columns = || self.tables.iter().flat_map(of).collect();
        let functions = || self.functions.clone();
        for (before, known) in [
            ("no such table: ", &tables as &dyn Fn() -> Vec<String>),
            ("no such column: ", &columns),
            ("no such function: ", &functions),
        ] {
            if let Some(name) = what.strip_prefix(before) {
                let name = name.rsplit('.').next().unwrap_or(name).to_owned();
                return QueryError::Unknown { name, known: known(), what, at };
            }
        }
        match code {
            Some(ErrorCode::OperationInterrupted) => QueryError::Stopped,
            Some(ErrorCode::AuthorizationForStatementDenied) => QueryError::Denied(what),
            Some(ErrorCode::OutOfMemory | ErrorCode::TooBig) => QueryError::TooBig(what),
            _ => QueryError::Sql { what, at },
        }
    }
}

/// Everything that can stand behind `from`, whatever the recording.
pub fn known_tables() -> &'static [TableColumns] {
    static KNOWN: LazyLock<Vec<TableColumns>> = LazyLock::new(|| {
        let source = String::new();
        let nothing = TraceParts::new(Meta::new("", Provenance::Modelled { source }));
        let trace = Trace::checked(nothing).map(Arc::new);
        let database = trace.ok().and_then(|trace| Database::new(&trace).ok());
        database.map(|database| database.tables).unwrap_or_default()
    });
    &KNOWN
}
