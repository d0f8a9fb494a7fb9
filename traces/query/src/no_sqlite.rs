//! What stands in for a database where there is no SQLite: it answers nothing, and says so.

use std::sync::Arc;

use weftscope_traces::Trace;

use crate::error::QueryError;
use crate::taker::{TableColumns, Taker};

/// A database that there is not.
#[derive(Debug)]
pub enum Database {}

impl Database {
    /// There is none.
    ///
    /// # Errors
    /// [`QueryError::Sql`], always.
    pub fn new(_trace: &Arc<Trace>) -> Result<Self, QueryError> {
        Err(QueryError::Sql {
            what: "there is no SQL in a browser; the program has it".to_owned(),
            at: None,
        })
    }

    /// Its tables.
    pub fn tables(&self) -> &[TableColumns] {
        match *self {}
    }

    /// Answers a query.
    ///
    /// # Errors
    /// Never: there is nobody to ask.
    pub fn run(
        &mut self,
        _query: &str,
        _stop: impl FnMut() -> bool + Send + 'static,
        _taker: &mut dyn Taker,
    ) -> Result<(), QueryError> {
        match *self {}
    }
}

/// None.
pub fn known_tables() -> &'static [TableColumns] {
    &[]
}
