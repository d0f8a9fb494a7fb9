//! A trace as a database, and questions to it.

use std::sync::{Arc, OnceLock};

use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, ErrorCode};
use weftscope_traces::{ArgValue, ArgsId, Trace, TrackKind};

use crate::cell::Cell;
use crate::counters::Counters;
use crate::error::QueryError;
use crate::include::without_includes;
use crate::listed::Listed;
use crate::relation::Relation;
use crate::slice_rows::Numbered;
use crate::slices::Slices;
use crate::views::VIEWS;
use crate::{guard, module, parts};

/// Instructions of SQLite's machine between two questions whether to stop: well below a millisecond.
const STEPS: i32 = 4096;

/// A trace that answers SQL.
pub struct Database {
    connection: Connection,
    /// Tables and their columns.
    tables: Vec<(String, Vec<String>)>,
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
        let mut connection = Connection::open_in_memory()?;
        guard::bound(&connection)?;
        functions(&connection, trace)?;
        let mut tables = Vec::new();
        let mut add = |name: &str, relation: Arc<dyn Relation>| {
            let columns = relation.columns().iter().map(|(name, _)| (*name).to_owned());
            tables.push((name.to_owned(), columns.collect()));
            module::register(&connection, name, relation)
        };
        let all = Arc::new(Numbered::of(Arc::clone(trace)));
        let slices = |keep: fn(&TrackKind) -> bool| Arc::new(Slices::of(Arc::clone(&all), keep));
        add("slice", slices(|kind| !matches!(kind, TrackKind::Sm { .. })))?;
        add("gpu_slice", slices(|kind| matches!(kind, TrackKind::Stream { .. })))?;
        add("block", slices(|kind| matches!(kind, TrackKind::Sm { .. })))?;
        add("counter", Arc::new(Counters(Arc::clone(trace))))?;
        for &(name, columns, make) in parts::TABLES {
            let trace = Arc::clone(trace);
            add(name, Arc::new(Listed { trace, columns, make, rows: OnceLock::new() }))?;
        }
        for (name, query) in VIEWS {
            connection.execute_batch(&format!("create view {name} as {query}"))?;
            let view = connection.prepare(&format!("select * from {name}"))?;
            let columns = view.column_names().map(str::to_owned).collect();
            tables.push(((*name).to_owned(), columns));
        }
        guard::close(&mut connection)?;
        Ok(Self { connection, tables })
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
        self.connection
            .progress_handler(STEPS, Some(stop))
            .map_err(|error| self.explained(&error))?;
        let answered = self.answer(query, taker);
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
