//! The query tiles of a batch, for the prefill kernel.

use crate::batch::Batch;

/// Queries `[first, first + rows)` of the batch's rows; the first has `position` keys before it. Laid out as the
/// kernel reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(16))]
pub(super) struct Tile {
    pub(super) first: u32,
    pub(super) rows: u32,
    pub(super) position: u32,
    /// Row of the sequence's first key.
    pub(super) sequence: u32,
}

/// Queries a tile.
const TILE_ROWS: u32 = 128;

/// Tiles of the batch's tokens `[from, to)`, longest first (most keys), so that the triangle of causal lengths ends
/// evenly. Keys and values of earlier tokens of a cut sequence lie in the rows of the other split.
pub(super) fn tiles(batch: &Batch, from: u32, to: u32) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let mut sequence = 0;
    for request in &batch.requests {
        let end = sequence + request.new_tokens;
        let (low, high) = (sequence.max(from), end.min(to));
        let mut first = low;
        while first < high {
            let rows = TILE_ROWS.min(high - first);
            tiles.push(Tile { first, rows, position: first - sequence, sequence });
            first += rows;
        }
        sequence = end;
    }
    tiles.sort_by_key(|tile| std::cmp::Reverse(tile.position + tile.rows));
    tiles
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::batch::Request;

    proptest! {
        /// Every query is in exactly one tile, at its position in its sequence, wherever the batch is cut.
        #[test]
        fn cover_every_query_once(lens in proptest::collection::vec(1u32..400, 1..6), cut in 0.0f64..1.0) {
            let requests: Vec<_> = lens.iter().map(|&new_tokens| Request { cached_tokens: 0, new_tokens }).collect();
            let batch = Batch { requests };
            let cut = (f64::from(batch.tokens()) * cut) as u32;
            let mut seen = vec![0; batch.tokens() as usize];
            for tile in tiles(&batch, 0, cut).into_iter().chain(tiles(&batch, cut, batch.tokens())) {
                prop_assert!(tile.rows >= 1 && tile.rows <= TILE_ROWS);
                prop_assert_eq!(tile.first, tile.sequence + tile.position);
                prop_assert!(tile.first + tile.rows <= cut || tile.first >= cut);
                for row in tile.first..tile.first + tile.rows {
                    seen[row as usize] += 1;
                }
            }
            prop_assert!(seen.iter().all(|&times| times == 1));
        }
    }
}
