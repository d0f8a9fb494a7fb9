//! Relations as SQLite's virtual tables: the one file that is unsafe, because SQLite's traits are unsafe to implement.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_int};
use std::sync::Arc;

use rusqlite::types::{Type, ValueRef};
use rusqlite::vtab::{
    Context, DistinctMode, Filters, IndexConstraintOp, IndexInfo, Module, VTab, VTabConnection,
    VTabCursor, sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::{Connection, Error, Result};

use crate::cell::Cell;
use crate::relation::{Bound, Compared, Relation, Rows, Sought};

/// Gives a relation a name under which queries find it.
pub(crate) fn register(
    connection: &Connection,
    name: &str,
    relation: Arc<dyn Relation>,
) -> Result<()> {
    const MODULE: &Module<'static, Table> = &Module::eponymous_only_module();
    connection.create_module(name, MODULE, Some(relation))
}

/// A relation as SQLite holds it.
#[repr(C)]
struct Table {
    base: sqlite3_vtab,
    relation: Arc<dyn Relation>,
}

/// A walk over its rows.
#[repr(C)]
struct Cursor {
    base: sqlite3_vtab_cursor,
    relation: Arc<dyn Relation>,
    /// None: past the last row.
    rows: Option<Box<dyn Rows>>,
}

#[expect(unsafe_code, reason = "SQLite reads the first field of what implements this")]
// SAFETY: the struct is `repr(C)` and its first field is a `sqlite3_vtab`, which is what the trait asks for.
unsafe impl VTab<'_> for Table {
    type Aux = Arc<dyn Relation>;
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
        let relation = Arc::clone(aux.ok_or_else(missing)?);
        let columns: Vec<String> =
            relation.columns().iter().map(|(name, kind)| format!("\"{name}\" {kind}")).collect();
        let schema = CString::new(format!("CREATE TABLE x({})", columns.join(", ")))?;
        Ok((Cow::Owned(schema), Self { base: sqlite3_vtab::default(), relation }))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        Ok(plan(&*self.relation, info))
    }

    fn open(&mut self) -> Result<Cursor> {
        let relation = Arc::clone(&self.relation);
        Ok(Cursor { base: sqlite3_vtab_cursor::default(), relation, rows: None })
    }
}

/// Chooses what the search is narrowed by and in which order rows come; both go to `filter` as text and number.
/// False where an argument is not known yet: other tables have to come first.
fn plan(relation: &dyn Relation, info: &mut IndexInfo) -> bool {
    let mut missing: Vec<usize> = relation.arguments().collect();
    let mut signs = String::new();
    let mut cost = relation.len().max(1) as f64;
    let mut num_args = 0;
    for (constraint, mut usage) in info.constraints_and_usages() {
        let compared = match constraint.operator() {
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ => Compared::Equal,
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GT
            | IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GE => Compared::AtLeast,
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LT
            | IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LE => Compared::AtMost,
            _ => continue,
        };
        let Ok(column) = usize::try_from(constraint.column()) else { continue };
        let is_argument = compared == Compared::Equal && relation.arguments().contains(&column);
        if constraint.is_usable() && (is_argument || relation.narrows(column, compared)) {
            missing.retain(|&argument| argument != column);
            num_args += 1;
            usage.set_argv_index(num_args);
            signs.push_str(&format!("{column}{}", compared.sign()));
            cost /= if compared == Compared::Equal { 1000.0 } else { 3.0 };
        }
    }
    let ordered: Vec<(c_int, bool)> =
        info.order_bys().map(|order| (order.column(), order.is_order_by_desc())).collect();
    let sorted = match ordered[..] {
        // Whoever groups or wants one of each takes either direction.
        [(column, is_descending)] if !is_descending || info.distinct() != DistinctMode::Ordered => {
            usize::try_from(column).ok().filter(|&column| relation.sorts(column))
        }
        _ => None,
    };
    let is_descending = ordered.first().is_some_and(|&(_, is_descending)| is_descending);
    let sorted =
        sorted.filter(|_| !is_descending || info.distinct() != DistinctMode::DistinctOrdered);
    info.set_order_by_consumed(sorted.is_some());
    info.set_idx_num(sorted.and_then(|column| c_int::try_from(column + 1).ok()).unwrap_or(0));
    info.set_idx_str(&signs);
    info.set_estimated_cost(cost.max(1.0));
    info.set_estimated_rows(cost.max(1.0) as i64);
    missing.is_empty()
}

/// What [`plan`] wrote, with its values.
fn bounds(signs: &str, args: &Filters<'_>) -> Vec<Bound> {
    let mut bounds = Vec::new();
    for (sign, value) in signs.split_inclusive(['=', '>', '<']).zip(args.iter()) {
        let compared = sign.chars().last().and_then(Compared::of_sign);
        let column = sign.get(..sign.len() - 1).and_then(|digits| digits.parse().ok());
        let value = match value {
            ValueRef::Integer(int) => Sought::Int(int),
            ValueRef::Text(text) => Sought::Text(String::from_utf8_lossy(text).into_owned()),
            _ => Sought::Other,
        };
        if let (Some(column), Some(compared)) = (column, compared) {
            bounds.push(Bound { column, compared, value });
        }
    }
    bounds
}

#[expect(unsafe_code, reason = "SQLite reads the first field of what implements this")]
// SAFETY: the struct is `repr(C)` and its first field is a `sqlite3_vtab_cursor`, which is what the trait asks for.
unsafe impl VTabCursor for Cursor {
    fn filter(&mut self, number: c_int, signs: Option<&str>, args: &Filters<'_>) -> Result<()> {
        let sorted = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let rows = self.relation.rows(&bounds(signs.unwrap_or_default(), args), sorted);
        self.rows = Some(rows.map_err(Error::ModuleError)?);
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
