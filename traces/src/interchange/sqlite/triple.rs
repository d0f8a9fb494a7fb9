//! Three numbers of a row as one argument: a grid, a thread block.

use hashbrown::HashMap;

use super::database::Cells;

/// Triples as text, each written once: launches are millions, shapes are few.
#[derive(Debug, Default)]
pub(super) struct Triples {
    numbers: HashMap<[i64; 3], usize>,
    texts: Vec<String>,
}

impl Triples {
    /// Number of the triple in three columns; `None` where one is null.
    pub(super) fn number(&mut self, cells: &Cells<'_>, at: usize) -> Option<usize> {
        let triple = [cells.int(at)?, cells.int(at + 1)?, cells.int(at + 2)?];
        let Self { numbers, texts } = self;
        Some(*numbers.entry(triple).or_insert_with(|| {
            let [x, y, z] = triple;
            texts.push(format!("[{x}, {y}, {z}]"));
            texts.len() - 1
        }))
    }

    /// A triple that has a number, as JSON writes a list.
    pub(super) fn text(&self, number: usize) -> &str {
        &self.texts[number]
    }
}
