//! Tables of what a recording's analyses answer, each under its own name; made once when a query first asks.
//!
//! Slices, blocks and counters are not among them: `slice`, `block` and `counter` read them without a copy.

use std::sync::{Arc, LazyLock, OnceLock};

use weftscope_traces::Trace;
use weftscope_traces::analysis::{Config, Ops, Reports, Statistics};
use weftscope_traces::tables::{Answered, Cell, CellType, TABLES, Table, TableSource};

use crate::listed::{Kept, ListedRows};
use crate::relation::{Column, Found, Relation, Search};

/// The column that says which of several files a row is of: here they are one.
const FILE: &str = "file";
/// Rows that the planner is told of, before any are made.
const ABOUT: usize = 1000;

/// Tables by the name that SQL takes without quotes, and their columns.
static ALL: LazyLock<Vec<(String, &Table, Vec<Column>)>> = LazyLock::new(|| {
    let is_ours = |table: &&Table| !table.is_of_recordings() && !table.is_of_comparison();
    let all = TABLES.iter().filter(is_ours);
    all.map(|table| (table.name.replace('-', "_"), table, columns(table))).collect()
});

fn columns(table: &Table) -> Vec<Column> {
    let all = table.columns().into_iter().filter(|column| column.name != FILE);
    let typed = |column: weftscope_traces::tables::Column| match column.cell {
        CellType::Int => (column.name, "BIGINT"),
        CellType::Float => (column.name, "DOUBLE"),
        CellType::Text => (column.name, "TEXT"),
    };
    all.map(typed).collect()
}

/// What a recording answers, asked when a table first needs it.
pub(crate) struct Answers {
    trace: Arc<Trace>,
    asked: OnceLock<(Reports, Statistics)>,
}

impl Answers {
    /// Asks every analysis once; a query that ends while they are asked leaves them unasked.
    fn asked(&self, search: &Search<'_>) -> Result<&(Reports, Statistics), String> {
        if let Some(asked) = self.asked.get() {
            return Ok(asked);
        }
        search.go_on()?;
        let ops = Ops::of(&self.trace, &Config::default());
        let answers = Reports::unless(&ops, search.is_stopped);
        search.go_on()?;
        let statistics = Statistics::of(&ops);
        search.go_on()?;
        Ok(self.asked.get_or_init(|| (answers.unwrap_or_default(), statistics)))
    }

    fn rows(&self, table: &Table, search: &Search<'_>) -> Result<Vec<Vec<Kept>>, String> {
        let (answers, statistics) = self.asked(search)?;
        let all = [Answered { file: "", trace: &self.trace, answers, statistics }];
        let rows = table.rows(TableSource::Report(&all)).map_err(|error| error.to_string())?;
        let is_file: Vec<bool> = table.columns().iter().map(|it| it.name == FILE).collect();
        let row = |row: Vec<Cell<'static>>| {
            let cells = row.into_iter().zip(&is_file).filter(|&(_, is_file)| !is_file);
            cells.map(|(cell, _)| kept(cell)).collect()
        };
        Ok(rows.into_iter().map(row).collect())
    }
}

fn kept(cell: Cell<'static>) -> Kept {
    match cell {
        Cell::Null => Kept::Null,
        Cell::Int(int) => Kept::Int(int),
        Cell::Float(real) => Kept::Real(real),
        Cell::Text(text) => Kept::Text(text.into_owned()),
    }
}

/// All tables of a recording by their names.
pub(crate) fn all(trace: &Arc<Trace>) -> impl Iterator<Item = (&'static str, Arc<dyn Relation>)> {
    let answers = Arc::new(Answers { trace: Arc::clone(trace), asked: OnceLock::new() });
    ALL.iter().map(move |(name, table, columns)| {
        let rows = OnceLock::new();
        let relation = Tabled { answers: Arc::clone(&answers), table, columns, rows };
        (name.as_str(), Arc::new(relation) as Arc<dyn Relation>)
    })
}

struct Tabled {
    answers: Arc<Answers>,
    table: &'static Table,
    columns: &'static [Column],
    rows: OnceLock<Arc<Vec<Vec<Kept>>>>,
}

impl Relation for Tabled {
    fn columns(&self) -> &'static [Column] {
        self.columns
    }

    fn len(&self) -> usize {
        ABOUT
    }

    fn rows(&self, search: &Search<'_>) -> Found {
        if self.rows.get().is_none() {
            let rows = Arc::new(self.answers.rows(self.table, search)?);
            self.rows.get_or_init(|| rows);
        }
        let rows = self.rows.get().map(Arc::clone).unwrap_or_default();
        Ok(Box::new(ListedRows::of(rows)))
    }
}
