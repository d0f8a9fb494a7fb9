//! Answers as text: columns for people, CSV, JSON; row by row.

use std::io::Write;

use serde_json::Value;
use weftscope_query::{Cell, Taker};

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Columns,
    Csv,
    Json,
}

/// Rows that decide how wide columns are.
const SAMPLE: usize = 1000;
/// Letters of a column at most, but for the last.
const WIDEST: usize = 60;

/// Writes an answer as it comes.
pub(super) struct Writer<W> {
    out: W,
    shape: Shape,
    names: Vec<String>,
    /// Rows that wait for their columns' widths.
    waiting: Vec<Vec<String>>,
    widths: Vec<usize>,
    rows: u64,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W, shape: Shape) -> Self {
        let (names, waiting, widths) = (Vec::new(), Vec::new(), Vec::new());
        Self { out, shape, names, waiting, widths, rows: 0 }
    }

    /// Ends a whole answer.
    pub(super) fn finish(mut self) -> std::io::Result<()> {
        match self.shape {
            Shape::Json if self.rows == 0 => writeln!(self.out, "[]")?,
            Shape::Json => writeln!(self.out, "\n]")?,
            Shape::Columns => self.flush_waiting()?,
            Shape::Csv => {}
        }
        self.out.flush()
    }

    fn flush_waiting(&mut self) -> std::io::Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        if self.widths.is_empty() {
            let length = |row: &Vec<String>, at: usize| row[at].chars().count().min(WIDEST);
            let widest = |at| rows.iter().map(|row| length(row, at)).max().unwrap_or(0);
            self.widths = (0..self.names.len()).map(widest).collect();
        }
        rows.iter().try_for_each(|row| self.line(row))
    }

    fn line(&mut self, row: &[String]) -> std::io::Result<()> {
        let mut line = String::new();
        for (cell, &width) in row.iter().zip(&self.widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        writeln!(self.out, "{}", line.trim_end())
    }

    fn take(&mut self, cells: &[Cell<'_>]) -> std::io::Result<()> {
        self.rows += 1;
        match self.shape {
            Shape::Columns => {
                self.waiting.push(cells.iter().map(shown).collect());
                if self.waiting.len() > SAMPLE || !self.widths.is_empty() {
                    self.flush_waiting()?;
                }
                Ok(())
            }
            Shape::Csv => {
                let cells: Vec<String> = cells.iter().map(|cell| quoted(&shown(cell))).collect();
                writeln!(self.out, "{}", cells.join(","))
            }
            Shape::Json => {
                let object = self.names.iter().cloned().zip(cells.iter().map(value));
                let object = Value::Object(object.collect());
                let before = if self.rows == 1 { "[\n" } else { ",\n" };
                write!(self.out, "{before}{object}")
            }
        }
    }

    fn begin(&mut self, names: &[String]) -> std::io::Result<()> {
        self.names = names.to_vec();
        match self.shape {
            Shape::Columns => self.waiting.push(names.to_vec()),
            Shape::Csv => {
                let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
                writeln!(self.out, "{}", names.join(","))?;
            }
            Shape::Json => {}
        }
        Ok(())
    }
}

impl<W: Write> Taker for Writer<W> {
    fn passed_over(&mut self, modules: &[String]) {
        eprintln!(
            "weftscope: passed over: INCLUDE PERFETTO MODULE {}; `weftscope sql --help` names the tables there are",
            modules.join(", ")
        );
    }

    fn columns(&mut self, names: &[String]) -> Result<(), String> {
        self.begin(names).map_err(|error| error.to_string())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), String> {
        self.take(cells).map_err(|error| error.to_string())
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

fn value(cell: &Cell<'_>) -> Value {
    match *cell {
        Cell::Null => Value::Null,
        Cell::Int(int) => int.into(),
        Cell::Real(real) => real.into(),
        Cell::Text(text) => text.into(),
    }
}

/// As RFC 4180 has it.
fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(shape: Shape) -> String {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, shape);
        writer.columns(&["name".to_owned(), "n".to_owned()]).expect("room");
        writer.row(&[Cell::Text("a, \"b\""), Cell::Int(1)]).expect("room");
        writer.row(&[Cell::Null, Cell::Real(0.5)]).expect("room");
        writer.finish().expect("room");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn an_answer_has_three_shapes() {
        assert_eq!(written(Shape::Columns), "name    n\na, \"b\"  1\n        0.5\n");
        assert_eq!(written(Shape::Csv), "name,n\n\"a, \"\"b\"\"\",1\n,0.5\n");
        let json: Value = serde_json::from_str(&written(Shape::Json)).expect("JSON");
        assert_eq!(json[0]["name"], "a, \"b\"");
        assert_eq!(json[1]["name"], Value::Null);
    }
}
