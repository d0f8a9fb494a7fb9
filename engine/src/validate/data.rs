//! Files of `engine/data`: a line that says what they are, a heading, rows.

/// A table as it lies in its file.
pub(super) struct Table {
    /// The first line, less its sign.
    pub(super) source: &'static str,
    heading: Vec<&'static str>,
    rows: Vec<Vec<&'static str>>,
}

impl Table {
    pub(super) fn of(text: &'static str) -> Self {
        let mut lines = text.lines();
        let source = lines.next().unwrap_or_default().trim_start_matches(['#', ' ']);
        let mut rows = lines.map(|line| line.split(',').collect());
        Self { source, heading: rows.next().unwrap_or_default(), rows: rows.collect() }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Cells<'_>> {
        self.rows.iter().map(|cells| Cells { heading: &self.heading, cells })
    }
}

/// A row with its headings.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    heading: &'a [&'static str],
    cells: &'a [&'static str],
}

impl Cells<'_> {
    /// What stands under this heading. A test reads every file.
    pub(super) fn text(&self, column: &str) -> &'static str {
        let found = self.heading.iter().zip(self.cells).find(|(name, _)| **name == column);
        found.unwrap_or_else(|| panic!("no column {column} in {:?}", self.heading)).1
    }

    /// The same as a number.
    pub(super) fn number(&self, column: &str) -> f64 {
        let text = self.text(column);
        text.parse().unwrap_or_else(|_| panic!("{column}: {text} is no number"))
    }

    /// Tokens of the batch.
    pub(super) fn tokens(&self) -> u32 {
        self.number("tokens") as u32
    }
}
