//! What SQLite asks for, as a search: comparisons that narrow it, and the order in which rows come.
//!
//! The plan is made once for a query and goes to each search as a text: a column and a sign after another.

use rusqlite::types::ValueRef;
use rusqlite::vtab::{DistinctMode, Filters, IndexConstraintOp, IndexInfo};

use crate::relation::{Bound, Compared, Relation, Sought, Wanted};

/// Chooses what the search is narrowed by and in which order rows come; both go to `filter` as text and number.
/// False where an argument is not known yet: other tables have to come first.
pub(crate) fn plan(relation: &dyn Relation, info: &mut IndexInfo) -> bool {
    let mut missing: Vec<usize> = relation.arguments().collect();
    let mut signs = String::new();
    let mut cost = relation.len().max(1) as f64;
    let mut num_args = 0;
    // A comparison by another collation finds more than the bytes that are searched by.
    let is_binary: Vec<bool> = (0..info.constraints().count())
        .map(|at| info.collation(at).is_ok_and(|name| name.eq_ignore_ascii_case("BINARY")))
        .collect();
    for ((constraint, mut usage), is_binary) in info.constraints_and_usages().zip(is_binary) {
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
        let narrows = is_binary && relation.narrows(column, compared);
        if constraint.is_usable() && (is_argument || narrows) {
            missing.retain(|&argument| argument != column);
            num_args += 1;
            usage.set_argv_index(num_args);
            // An argument says what is answered; no row has to say it again.
            usage.set_omit(is_argument);
            signs.push_str(&format!("{column}{}", compared.sign()));
            cost /= if compared == Compared::Equal { 1000.0 } else { 3.0 };
        }
    }
    let order = order(relation, info);
    info.set_order_by_consumed(order.is_some());
    for column in order.iter().flatten() {
        signs.push_str(&format!("{column}{ORDERED}"));
    }
    signs.push_str(&format!("{}{READ}", info.col_used()));
    info.set_idx_str(&signs);
    info.set_estimated_cost(cost.max(1.0));
    info.set_estimated_rows(cost.max(1.0) as i64);
    missing.is_empty()
}

/// Stands behind the columns by which rows come, in the text that goes from plan to search.
const ORDERED: char = 'o';

/// Stands behind the bits of the columns that the query reads, at the end of that text.
const READ: char = 'r';

/// The columns by which rows come, where that spares SQLite to sort them.
fn order(relation: &dyn Relation, info: &IndexInfo) -> Option<Vec<usize>> {
    let mode = info.distinct();
    // Whoever groups or wants one of each takes either direction.
    let wanted = match mode {
        DistinctMode::Grouped | DistinctMode::Distinct => Wanted::Grouped,
        _ => Wanted::Sorted,
    };
    let mut columns = Vec::with_capacity(info.num_of_order_by());
    for order in info.order_bys() {
        if wanted == Wanted::Sorted && order.is_order_by_desc() {
            return None;
        }
        columns.push(usize::try_from(order.column()).ok()?);
    }
    if columns.is_empty() { None } else { relation.order(&columns, wanted) }
}

/// What [`plan`] wrote, with its values.
#[derive(Default)]
pub(crate) struct Planned {
    /// What narrows the search.
    pub(crate) bounds: Vec<Bound>,
    /// The columns by which rows come.
    pub(crate) order: Vec<usize>,
    /// The columns that the query reads, one bit each.
    pub(crate) read: u64,
}

/// Reads what [`plan`] wrote.
pub(crate) fn planned(signs: &str, args: &Filters<'_>) -> Planned {
    let mut planned = Planned::default();
    let mut values = args.iter();
    for sign in signs.split_inclusive(['=', '>', '<', ORDERED, READ]) {
        let digits = sign.get(..sign.len() - 1).unwrap_or_default();
        if sign.ends_with(READ) {
            // What cannot be read back asks for everything.
            planned.read = digits.parse().unwrap_or(u64::MAX);
            continue;
        }
        let Ok(column) = digits.parse() else { continue };
        let Some(compared) = sign.chars().last().and_then(Compared::of_sign) else {
            planned.order.push(column);
            continue;
        };
        let value = match values.next() {
            Some(ValueRef::Integer(int)) => Sought::Int(int),
            Some(ValueRef::Text(text)) => Sought::Text(String::from_utf8_lossy(text).into_owned()),
            _ => Sought::Other,
        };
        planned.bounds.push(Bound { column, compared, value });
    }
    planned
}
