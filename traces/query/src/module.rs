//! Relations as SQLite's virtual tables: the one file that is unsafe, because SQLite's traits are unsafe to implement.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_int};
use std::sync::Arc;

use rusqlite::types::Type;
use rusqlite::vtab::{
    Context, Filters, IndexInfo, Module, VTab, VTabConnection, VTabCursor, sqlite3_vtab,
    sqlite3_vtab_cursor,
};
use rusqlite::{Connection, Error, Result};

use crate::cell::Cell;
use crate::plan::{Planned, plan, planned};
use crate::relation::{Relation, Rows, Search};
use crate::stopping::Stopping;

/// Gives a relation a name under which queries find it.
pub(crate) fn register(
    connection: &Connection,
    name: &str,
    relation: Arc<dyn Relation>,
    stopping: &Arc<Stopping>,
) -> Result<()> {
    const MODULE: &Module<'static, Table> = &Module::eponymous_only_module();
    let given = Given { relation, stopping: Arc::clone(stopping) };
    connection.create_module(name, MODULE, Some(given))
}

/// What a table is made of.
#[derive(Clone)]
struct Given {
    relation: Arc<dyn Relation>,
    stopping: Arc<Stopping>,
}

/// A relation as SQLite holds it.
#[repr(C)]
struct Table {
    base: sqlite3_vtab,
    given: Given,
}

/// A walk over its rows.
#[repr(C)]
struct Cursor {
    base: sqlite3_vtab_cursor,
    given: Given,
    /// None: past the last row.
    rows: Option<Box<dyn Rows>>,
}

#[expect(unsafe_code, reason = "SQLite reads the first field of what implements this")]
// SAFETY: the struct is `repr(C)` and its first field is a `sqlite3_vtab`, which is what the trait asks for.
unsafe impl VTab<'_> for Table {
    type Aux = Given;
    type Cursor = Cursor;

    fn connect(
        _: &mut VTabConnection,
        aux: Option<&Self::Aux>,
        name: &[u8],
        _: &[u8],
        _: &[u8],
        _: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Self)> {
        let missing = || Error::ModuleError(String::from_utf8_lossy(name).into_owned());
        let given = aux.ok_or_else(missing)?.clone();
        let columns: Vec<String> = given
            .relation
            .columns()
            .iter()
            .map(|(name, kind)| format!("\"{name}\" {kind}"))
            .collect();
        let schema = CString::new(format!("CREATE TABLE x({})", columns.join(", ")))?;
        Ok((Cow::Owned(schema), Self { base: sqlite3_vtab::default(), given }))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        Ok(plan(&*self.given.relation, info))
    }

    fn open(&mut self) -> Result<Cursor> {
        let given = self.given.clone();
        Ok(Cursor { base: sqlite3_vtab_cursor::default(), given, rows: None })
    }
}

#[expect(unsafe_code, reason = "SQLite reads the first field of what implements this")]
// SAFETY: the struct is `repr(C)` and its first field is a `sqlite3_vtab_cursor`, which is what the trait asks for.
unsafe impl VTabCursor for Cursor {
    fn filter(&mut self, _: c_int, signs: Option<&str>, args: &Filters<'_>) -> Result<()> {
        let Planned { bounds, order, read } = planned(signs.unwrap_or_default(), args);
        let is_stopped = || self.given.stopping.is_stopped();
        let search = Search { bounds: &bounds, order: &order, read, is_stopped: &is_stopped };
        self.rows = Some(self.given.relation.rows(&search).map_err(Error::ModuleError)?);
        self.next()
    }

    fn next(&mut self) -> Result<()> {
        if !self.rows.as_mut().is_some_and(|rows| rows.advance()) {
            self.rows = None;
        }
        Ok(())
    }

    fn eof(&self) -> bool {
        self.rows.is_none()
    }

    fn column(&self, context: &mut Context, column: c_int) -> Result<()> {
        let Some(rows) = &self.rows else { return Ok(()) };
        let column = usize::try_from(column)
            .map_err(|_| Error::InvalidColumnType(0, String::new(), Type::Null))?;
        match rows.cell(column) {
            Cell::Null => Ok(()),
            Cell::Int(int) => context.set_result(int),
            Cell::Real(real) => context.set_result(real),
            Cell::Text(text) => context.set_result(text),
        }
    }

    fn rowid(&self) -> Result<i64> {
        Ok(self.rows.as_ref().map_or(0, |rows| rows.id()))
    }
}
