//! Answers as columns, for people: row by row, numbers to the right.

use std::io::Write;
use std::ops::ControlFlow;

use weftscope_query::{Cell, Taker};

/// Rows that decide how wide columns are.
const SAMPLE: usize = 1000;
/// Letters of a column at most, but for the last.
const WIDEST: usize = 60;

/// Writes an answer as it comes.
pub(super) struct Columns<W> {
    out: W,
    /// Rows that wait for their columns' widths, the names first.
    waiting: Vec<Vec<String>>,
    /// Of each column, whether only numbers have stood in it.
    numbers: Vec<bool>,
    widths: Vec<usize>,
}

impl<W: Write> Columns<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, waiting: Vec::new(), numbers: Vec::new(), widths: Vec::new() }
    }

    /// Ends a whole answer.
    pub(super) fn finish(mut self) -> std::io::Result<()> {
        self.flush_waiting()?;
        self.out.flush()
    }

    fn flush_waiting(&mut self) -> std::io::Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        if self.widths.is_empty() {
            let length = |row: &Vec<String>, at: usize| row[at].chars().count().min(WIDEST);
            let widest = |at| rows.iter().map(|row| length(row, at)).max().unwrap_or(0);
            self.widths = (0..self.numbers.len()).map(widest).collect();
        }
        rows.iter().try_for_each(|row| self.line(row))
    }

    fn line(&mut self, row: &[String]) -> std::io::Result<()> {
        let mut line = String::new();
        for ((cell, &width), &is_number) in row.iter().zip(&self.widths).zip(&self.numbers) {
            line.push_str(&match is_number {
                true => format!("{cell:>width$}  "),
                false => format!("{cell:width$}  "),
            });
        }
        writeln!(self.out, "{}", line.trim_end())
    }

    fn take(&mut self, cells: &[Cell<'_>]) -> std::io::Result<()> {
        let is_settled = !self.widths.is_empty();
        for (is_number, cell) in self.numbers.iter_mut().zip(cells).filter(|_| !is_settled) {
            *is_number &= !matches!(cell, Cell::Text(_));
        }
        self.waiting.push(cells.iter().map(shown).collect());
        if self.waiting.len() > SAMPLE || is_settled { self.flush_waiting() } else { Ok(()) }
    }
}

impl<W: Write> Taker for Columns<W> {
    fn columns(&mut self, names: &[String]) -> Result<(), String> {
        self.waiting.push(names.to_vec());
        self.numbers = vec![true; names.len()];
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<ControlFlow<()>, String> {
        self.take(cells).map_err(|error| error.to_string())?;
        Ok(ControlFlow::Continue(()))
    }
}

fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Int(int) => int.to_string(),
        Cell::Real(real) => real.to_string(),
        Cell::Text(text) => (*text).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right() {
        let mut out = Vec::new();
        let mut columns = Columns::new(&mut out);
        columns.columns(&["name", "n", "x"].map(str::to_owned)).expect("room");
        let rows = [
            [Cell::Text("a, \"b\""), Cell::Int(1), Cell::Int(5)],
            [Cell::Null, Cell::Real(10.5), Cell::Text("y")],
        ];
        for row in rows {
            assert!(columns.row(&row).expect("room").is_continue());
        }
        columns.finish().expect("room");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text, "name       n  x\na, \"b\"     1  5\n        10.5  y\n");
    }
}
