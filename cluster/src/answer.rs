//! What a question answers: a table, and what it means in sentences.

use std::fmt::Write as _;

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Not known.
    Null,
    /// A whole number.
    Int(i64),
    /// A real number.
    Float(f64),
    /// Text.
    Text(String),
}

impl Cell {
    /// The number in it.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(*int as f64),
            Self::Float(float) => Some(*float),
            Self::Null | Self::Text(_) => None,
        }
    }

    /// The whole number in it.
    pub fn int(&self) -> Option<i64> {
        if let Self::Int(int) = self { Some(*int) } else { None }
    }

    /// The text in it.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    fn shown(&self) -> String {
        match self {
            Self::Null => "?".to_owned(),
            Self::Int(int) => int.to_string(),
            Self::Float(float) => format!("{float:.3}"),
            Self::Text(text) => text.clone(),
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Int(int) => (*int).into(),
            Self::Float(float) => (*float).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

/// Whom a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All of the job.
    Job,
    /// A rank.
    Rank(i64),
    /// A server, or the link between two, in order of their names.
    Servers(Vec<String>),
    /// A communicator, by its ranks.
    Communicator(String),
}

/// Something that stands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whom it is about.
    pub of: Subject,
    /// What of it, a sentence without its full stop.
    pub says: String,
}

impl Finding {
    /// A finding.
    pub(crate) fn new(of: Subject, says: impl Into<String>) -> Self {
        Self { of, says: says.into() }
    }

    fn json(&self) -> serde_json::Value {
        let of = match &self.of {
            Subject::Job => serde_json::Value::Null,
            Subject::Rank(rank) => serde_json::json!({ "rank": rank }),
            Subject::Servers(servers) => serde_json::json!({ "servers": servers }),
            Subject::Communicator(ranks) => serde_json::json!({ "communicator": ranks }),
        };
        serde_json::json!({ "of": of, "says": self.says })
    }
}

/// A table with names, and what it means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// What was asked: `stragglers`, `skew` …
    pub name: &'static str,
    /// What was found; nothing where nothing stands out.
    pub findings: Vec<Finding>,
    /// What is not known, or was left out, a sentence each.
    pub caveats: Vec<String>,
    /// Names of the columns, units included.
    pub columns: Vec<String>,
    /// The rows, what matters most first.
    pub rows: Vec<Vec<Cell>>,
}

impl Answer {
    /// The cells of a column, if there is one of this name.
    pub fn column(&self, name: &str) -> Option<impl Iterator<Item = &Cell>> {
        let at = self.columns.iter().position(|column| column == name)?;
        Some(self.rows.iter().filter_map(move |row| row.get(at)))
    }

    /// As text: sentences, then the first `rows` rows.
    pub fn text(&self, rows: usize) -> String {
        let mut out = format!("== {}\n", self.name);
        if self.findings.is_empty() {
            out += "Nothing stands out.\n";
        }
        let said = self.findings.iter().map(|finding| &finding.says);
        for line in said.chain(&self.caveats) {
            let _infallible = writeln!(out, "{line}.");
        }
        let shown = self.rows.iter().take(rows);
        let shown: Vec<Vec<String>> =
            shown.map(|row| row.iter().map(Cell::shown).collect()).collect();
        let lines = || std::iter::once(&self.columns).chain(&shown);
        let width = |at: usize| lines().map(|line| line[at].chars().count()).max().unwrap_or(0);
        let is_text = |at: usize| self.rows.iter().any(|row| row[at].text().is_some());
        let layout: Vec<(usize, bool)> =
            (0..self.columns.len()).map(|at| (width(at), is_text(at))).collect();
        for line in lines() {
            // Text begins at one edge, numbers end at one.
            let cell = |(cell, &(width, is_text)): (&String, &(usize, bool))| match is_text {
                true => format!("{cell:<width$}"),
                false => format!("{cell:>width$}"),
            };
            let cells: Vec<String> = line.iter().zip(&layout).map(cell).collect();
            let _infallible = writeln!(out, "  {}", cells.join("  ").trim_end());
        }
        if self.rows.len() > rows {
            let _infallible =
                writeln!(out, "  … {} more rows (--rows, --json)", self.rows.len() - rows);
        }
        out
    }

    /// As JSON: one object a row.
    pub fn json(&self) -> serde_json::Value {
        let object = |row: &Vec<Cell>| -> serde_json::Value {
            let cells = self.columns.iter().cloned().zip(row.iter().map(Cell::json));
            serde_json::Value::Object(cells.collect())
        };
        serde_json::json!({
            "name": self.name,
            "findings": self.findings.iter().map(Finding::json).collect::<Vec<_>>(),
            "caveats": self.caveats,
            "rows": self.rows.iter().map(object).collect::<Vec<_>>(),
        })
    }
}
