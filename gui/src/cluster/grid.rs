use std::ops::Range;

/// One cell of a picture: the largest of what falls into it, and whose that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// What is shown.
    pub value: f64,
    /// Place in the order of the picture.
    pub at: usize,
}

/// Ranks by columns, as many rows as there is room for. Where several ranks share a row the worst is seen: a straggler among a
/// thousand must not be averaged away.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// Cells by row, then column; `None` where nothing is known.
    pub cells: Vec<Vec<Option<Cell>>>,
    /// The smallest and the largest value; both 0 where nothing is known.
    pub range: (f64, f64),
}

impl Grid {
    /// Ranks of a stretch of an order in so many rows at most; `value` says what a rank, by its place in the order, shows in a column.
    pub fn of(
        shown: Range<usize>,
        (rows, columns): (usize, usize),
        value: impl Fn(usize, usize) -> Option<f64>,
    ) -> Self {
        let ranks = shown.len();
        let rows = rows.min(ranks);
        let mut grid = Self { cells: Vec::with_capacity(rows), range: (0.0, 0.0) };
        let mut range = (f64::INFINITY, f64::NEG_INFINITY);
        for row in 0..rows {
            let from = shown.start + row * ranks / rows;
            let to = shown.start + (row + 1) * ranks / rows;
            let largest = |column: usize| {
                let known =
                    (from..to).filter_map(|at| Some(Cell { value: value(at, column)?, at }));
                known.max_by(|one, other| one.value.total_cmp(&other.value))
            };
            let cells: Vec<Option<Cell>> = (0..columns).map(largest).collect();
            for cell in cells.iter().flatten() {
                range = (range.0.min(cell.value), range.1.max(cell.value));
            }
            grid.cells.push(cells);
        }
        if range.0 <= range.1 {
            grid.range = range;
        }
        grid
    }
}
