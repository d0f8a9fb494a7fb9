//! Queries of a trace: what answers them is made once one is asked.

use std::{
    io::Write,
    ops::ControlFlow,
    sync::{Arc, Mutex, PoisonError},
};

use weftscope_query::{Database, QueryError, Taker, WritingTaker};
use weftscope_traces::{
    Trace,
    tables::{RowWriter, TableFormat},
};

use crate::jobs::JobControl;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// Nobody wants it any more.
    Stopped,
    /// What it is about is not there any more.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    Gone,
    /// In words.
    Failed(String),
}

impl Unanswered {
    /// Of something that went wrong.
    pub(crate) fn failed(error: &dyn std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A trace that can be asked in SQL.
pub(crate) struct Queries {
    trace: Arc<Trace>,
    database: Mutex<Option<Database>>,
}

impl Queries {
    /// Of a trace.
    pub(crate) fn of(trace: Arc<Trace>) -> Self {
        Self { trace, database: Mutex::new(None) }
    }

    /// The trace.
    #[cfg(feature = "live")]
    pub(crate) fn trace(&self) -> &Arc<Trace> {
        &self.trace
    }

    /// Asks it a query; whoever asks at the same time waits.
    ///
    /// # Errors
    /// [`QueryError`], [`QueryError::Stopped`] when the job was cancelled.
    pub(crate) fn ask(
        &self,
        query: &str,
        control: &JobControl,
        taker: &mut dyn Taker,
    ) -> Result<(), QueryError> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let database = match &mut *database {
            Some(database) => database,
            none => none.insert(Database::new(&self.trace)?),
        };
        let control = control.clone();
        database.run(query, move || control.is_cancelled(), taker)
    }

    /// All rows of a query as a file.
    ///
    /// # Errors
    /// [`Unanswered`]; what was written until then is worth nothing.
    pub(crate) fn write_rows(
        &self,
        (query, format): (&str, TableFormat),
        out: &mut dyn Write,
        control: &JobControl,
    ) -> Result<(), Unanswered> {
        let mut go_on = |_| ControlFlow::Continue(());
        let meta = Some(&self.trace.meta);
        let mut taker = WritingTaker(RowWriter::new(format, out, meta, &mut go_on));
        self.ask(query, control, &mut taker).map_err(|error| match error {
            QueryError::Stopped => Unanswered::Stopped,
            error => Unanswered::failed(&error),
        })?;
        taker.0.finish().map_err(|error| Unanswered::failed(&error))
    }
}
