//! Tables on a terminal.

use std::io::{self, Write};

/// Headings of columns that hold words.
const WORDS: [&str; 10] = [
    "strategy", "kernel", "tokens", "limit", "layer", "launched", "setting", "figure", "knob",
    "may be",
];

/// Columns as wide as they need; words to the left, numbers to the right.
pub(super) struct Table<const N: usize> {
    headings: [&'static str; N],
    pub(super) rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(super) fn new(headings: [&'static str; N]) -> Self {
        Self { headings, rows: Vec::new() }
    }

    pub(super) fn row(&mut self, row: [String; N]) {
        self.rows.push(row);
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let headings = self.headings.map(str::to_owned);
        let lines = || std::iter::once(&headings).chain(&self.rows);
        let width = |column: usize| lines().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
        for row in lines() {
            let mut line = String::from(" ");
            for ((cell, width), heading) in row.iter().zip(&widths).zip(&self.headings) {
                let pad = " ".repeat(width - cell.chars().count());
                let words = WORDS.contains(heading);
                line += &if words { format!(" {cell}{pad}") } else { format!(" {pad}{cell}") };
                line.push(' ');
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
