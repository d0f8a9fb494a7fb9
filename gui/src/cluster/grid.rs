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
    /// The same without two of 100 cells at either end: a scale over these shows how nearly all of them differ.
    pub usual: (f64, f64),
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
        let mut grid = Self { cells: Vec::with_capacity(rows), ..Self::default() };
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
            grid.usual = usual(&grid.cells);
        }
        grid
    }
}

/// Of the known values, of which there is one.
fn usual(cells: &[Vec<Option<Cell>>]) -> (f64, f64) {
    let mut values: Vec<f64> = cells.iter().flatten().flatten().map(|cell| cell.value).collect();
    let most = (values.len() * 98).div_ceil(100) - 1;
    let least = values.len() - 1 - most;
    let mut at = |place| *values.select_nth_unstable_by(place, f64::total_cmp).1;
    (at(least), at(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_is_kept_apart_from_both_ends() {
        let of = |count: usize, value: fn(usize) -> Option<f64>| {
            let grid = Grid::of(0..count, (count, 1), |at, _| value(at));
            (grid.range, grid.usual)
        };
        assert_eq!(of(100, |at| Some(at as f64)), ((0.0, 99.0), (2.0, 97.0)));
        assert_eq!(of(100, |at| Some(if at == 40 { 1.0 } else { 0.1 })), ((0.1, 1.0), (0.1, 0.1)));
        assert_eq!(
            of(3, |at| Some(at as f64)),
            ((0.0, 2.0), (0.0, 2.0)),
            "none of few is left out"
        );
        assert_eq!(of(3, |at| (at == 1).then_some(0.5)), ((0.5, 0.5), (0.5, 0.5)));
        assert_eq!(of(3, |_| None), ((0.0, 0.0), (0.0, 0.0)));
    }
}
