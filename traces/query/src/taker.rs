use std::ops::ControlFlow;

use crate::cell::Cell;

/// A table, a view, or a function that answers rows, and its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumns {
    /// What queries call it.
    pub name: String,
    /// Its columns, as `*` gives them.
    pub columns: Vec<String>,
    /// Columns that `*` leaves out: of a table, Perfetto's that say what others say or that no recording has; of a
    /// function, its arguments.
    pub hidden: Vec<String>,
    /// It is called, with its hidden columns in brackets.
    pub is_function: bool,
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

    /// Takes a row, and says whether more are wanted.
    ///
    /// # Errors
    /// Why nothing more is taken.
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<ControlFlow<()>, String>;
}
