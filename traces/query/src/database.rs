//! A trace as a database, and questions to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, ErrorCode};
use weftscope_traces::{ArgValue, ArgsId, Span, Trace, TrackKind};

use crate::cell::Cell;
use crate::counters::Counters;
use crate::error::QueryError;
use crate::include::without_includes;
use crate::intervals::{self, Times};
use crate::listed::Listed;
use crate::relation::Relation;
use crate::slice_rows::Numbered;
use crate::slices::Slices;
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
    /// Tables and their columns.
    tables: Vec<(String, Vec<String>)>,
}

/// A relation and the name under which queries find it.
type Named = (&'static str, Arc<dyn Relation>);

/// What connections to one trace share.
struct Shared {
    trace: Arc<Trace>,
    relations: Vec<Named>,
    stop: Mutex<Option<Box<dyn FnMut() -> bool + Send>>>,
    /// Whether it has said so.
    is_over: AtomicBool,
}

impl Shared {
    fn stop(&self) -> MutexGuard<'_, Option<Box<dyn FnMut() -> bool + Send>>> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the query at hand is to end.
    fn is_stopped(&self) -> bool {
        let is_over = self.stop().as_mut().is_some_and(|stop| stop());
        self.is_over.fetch_or(is_over, Ordering::Relaxed) || is_over
    }

    /// A connection with tables and views, not closed yet.
    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open_in_memory()?;
        guard::bound(&connection)?;
        functions(&connection, &self.trace)?;
        for (name, relation) in &self.relations {
            module::register(&connection, name, Arc::clone(relation))?;
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
        let within = Arc::clone(self);
        connection.progress_handler(STEPS, Some(move || within.is_stopped()))?;
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
        Arc::new(Slices::of(Arc::clone(&all), keep))
    };
    let mut relations: Vec<Named> = vec![
        ("slice", slices(|kind| !matches!(kind, TrackKind::Sm { .. }))),
        ("gpu_slice", slices(|kind| matches!(kind, TrackKind::Stream { .. }))),
        ("block", slices(|kind| matches!(kind, TrackKind::Sm { .. }))),
        ("counter", Arc::new(Counters(Arc::clone(trace)))),
    ];
    for &(name, columns, make) in parts::TABLES {
        let trace = Arc::clone(trace);
        relations.push((name, Arc::new(Listed { trace, columns, make, rows: OnceLock::new() })));
    }
    relations.extend(tabled::all(trace));
    relations
}

/// Name and columns.
fn described((name, relation): &Named) -> (String, Vec<String>) {
    let columns = relation.columns().iter().map(|(name, _)| (*name).to_owned());
    ((*name).to_owned(), columns.collect())
}

/// What takes an answer.
pub trait Taker {
    /// Modules of Perfetto that the query includes: they were passed over.
    fn passed_over(&mut self, _modules: &[String]) {}

    /// Takes the columns' names, first of all.
    ///
    /// # Errors
    /// Why nothing more is taken.
    fn columns(&mut self, names: &[String]) -> Result<(), String>;

    /// Takes a row.
    ///
    /// # Errors
    /// Why nothing more is taken.
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), String>;
}

impl Database {
    /// A database of this trace; what it needs beside the trace's columns is made when a query asks for it.
    ///
    /// # Errors
    /// [`QueryError::Sql`] where SQLite does not work.
    pub fn new(trace: &Arc<Trace>) -> Result<Self, QueryError> {
        Self::open(trace).map_err(|error| QueryError::Sql(error.to_string()))
    }

    fn open(trace: &Arc<Trace>) -> rusqlite::Result<Self> {
        let (stop, is_over) = (Mutex::new(None), AtomicBool::new(false));
        let shared = Arc::new(Shared {
            relations: relations(trace),
            trace: Arc::clone(trace),
            stop,
            is_over,
        });
        let mut connection = shared.connect()?;
        let within = Arc::clone(&shared);
        let times: Arc<Times> = Arc::new(move |query: &str| within.times(query));
        let functions: Vec<Named> = intervals::all(&times).collect();
        for (name, relation) in &functions {
            module::register(&connection, name, Arc::clone(relation))?;
        }
        let mut tables: Vec<(String, Vec<String>)> =
            shared.relations.iter().chain(&functions).map(described).collect();
        for (name, _) in VIEWS {
            let view = connection.prepare(&format!("select * from {name}"))?;
            let columns = view.column_names().map(str::to_owned).collect();
            tables.push(((*name).to_owned(), columns));
        }
        guard::close(&mut connection)?;
        Ok(Self { connection, shared, tables })
    }

    /// Tables with their columns.
    pub fn tables(&self) -> &[(String, Vec<String>)] {
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
        let (query, modules) = without_includes(query);
        if !modules.is_empty() {
            taker.passed_over(&modules);
        }
        if query.is_empty() {
            return Err(QueryError::Nothing);
        }
        *self.shared.stop() = Some(Box::new(stop));
        self.shared.is_over.store(false, Ordering::Relaxed);
        let within = Arc::clone(&self.shared);
        self.connection
            .progress_handler(STEPS, Some(move || within.is_stopped()))
            .map_err(|error| self.explained(&error))?;
        let answered = self.answer(query, taker).map_err(|error| {
            let is_over = self.shared.is_over.load(Ordering::Relaxed);
            if is_over { QueryError::Stopped } else { error }
        });
        *self.shared.stop() = None;
        let released = self.connection.progress_handler(STEPS, None::<fn() -> bool>);
        answered.and(released.map_err(|error| self.explained(&error)))
    }

    fn answer(&self, query: &str, taker: &mut dyn Taker) -> Result<(), QueryError> {
        let explained = |error: Error| self.explained(&error);
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
            taker.row(&cells).map_err(QueryError::Taker)?;
        }
        Ok(())
    }

    /// What SQLite's error means here.
    fn explained(&self, error: &Error) -> QueryError {
        if matches!(error, Error::MultipleStatement) {
            return QueryError::Several;
        }
        let (code, what) = match error {
            Error::SqliteFailure(failure, what) => {
                (Some(failure.code), what.clone().unwrap_or_else(|| error.to_string()))
            }
            Error::SqlInputError { error: failure, msg, .. } => (Some(failure.code), msg.clone()),
            _ => (None, error.to_string()),
        };
        let tables = || self.tables.iter().map(|(name, _)| name.clone()).collect();
        let columns = || self.tables.iter().flat_map(|(_, columns)| columns.clone()).collect();
        if let Some(name) = what.strip_prefix("no such table: ") {
            return QueryError::Unknown { name: name.to_owned(), known: tables(), what };
        }
        if let Some(name) = what.strip_prefix("no such column: ") {
            let name = name.rsplit('.').next().unwrap_or(name).to_owned();
            return QueryError::Unknown { name, known: columns(), what };
        }
        match code {
            Some(ErrorCode::OperationInterrupted) => QueryError::Stopped,
            Some(ErrorCode::AuthorizationForStatementDenied) => QueryError::Denied(what),
            Some(ErrorCode::OutOfMemory | ErrorCode::TooBig) => QueryError::TooBig(what),
            _ => QueryError::Sql(what),
        }
    }
}

/// Perfetto's functions over the whole trace and its arguments.
fn functions(connection: &Connection, trace: &Arc<Trace>) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let span = trace.span();
    for (name, value) in
        [("trace_start", span.start_ns), ("trace_end", span.end_ns), ("trace_dur", span.len_ns())]
    {
        connection.create_scalar_function(name, 0, flags, move |_| Ok(value))?;
    }
    let trace = Arc::clone(trace);
    connection.create_scalar_function("extract_arg", 2, flags, move |context| {
        let set: Option<i64> = context.get(0)?;
        let key: Option<String> = context.get(1)?;
        let set = set.and_then(|set| u32::try_from(set).ok()).map(ArgsId);
        let (Some(set), Some(key)) = (set, key) else { return Ok(Value::Null) };
        // Perfetto puts what a JSON file says below `args` or `debug`.
        let bare = key.strip_prefix("args.").or(key.strip_prefix("debug.")).unwrap_or(&key);
        let found = trace.args.get(set).into_iter().find(|(name, _)| *name == key || name == bare);
        Ok(match found.map(|(_, value)| value) {
            None => Value::Null,
            Some(ArgValue::Int(int)) => Value::Integer(int),
            Some(ArgValue::Float(real)) => Value::Real(real),
            Some(ArgValue::Text(text) | ArgValue::Json(text)) => Value::Text(text),
        })
    })
}
