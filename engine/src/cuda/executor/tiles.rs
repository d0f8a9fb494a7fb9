//! What attention works on, op by op: query tiles for the prefill kernel, runs of single queries for the decode kernel.

use super::layout::Rows;
use crate::batch::Batch;

/// Queries `[first, first + rows)` of the batch's rows; the first has `position` keys before it. Laid out as the
/// kernel reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(16))]
pub(super) struct Tile {
    pub(super) first: u32,
    pub(super) rows: u32,
    pub(super) position: u32,
    /// Row of the sequence's first key, or the request's row of the page table.
    pub(super) sequence: u32,
}

/// Requests with one query each, in rows that follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Row of the first query.
    pub(super) first: u32,
    /// By query: its request.
    pub(super) requests: Vec<u32>,
    /// By query: keys it sees, its own included.
    pub(super) lengths: Vec<u32>,
}

/// The work of an attention op over rows of the batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Queries {
    /// Longest first (most keys), so that the triangle of causal lengths ends evenly.
    pub(super) tiles: Vec<Tile>,
    pub(super) runs: Vec<Run>,
}

/// Queries a tile.
const TILE_ROWS: u32 = 128;

impl Queries {
    /// Of `rows`, whose keys lie in the rows of the batch itself: everything in tiles. Keys and values of earlier tokens of a
    /// cut sequence lie in the rows of the other split.
    pub(super) fn in_rows(batch: &Batch, rows: Rows) -> Self {
        Self::of(batch, rows, false)
    }

    /// Of `rows`, whose keys lie in pages of the cache: single queries apart.
    pub(super) fn in_pages(batch: &Batch, rows: Rows) -> Self {
        Self::of(batch, rows, true)
    }

    fn of(batch: &Batch, rows: Rows, paged: bool) -> Self {
        let (from, to) = (rows.first, rows.first + rows.rows);
        let mut queries = Self::default();
        let mut sequence = 0;
        for (request, tokens) in (0..).zip(&batch.requests) {
            let end = sequence + tokens.new_tokens;
            let (low, high) = (sequence.max(from), end.min(to));
            let position = |row: u32| tokens.cached_tokens + row - sequence;
            if paged && high == low + 1 {
                queries.push_single(low, request, position(low) + 1);
            } else {
                let mut first = low;
                while first < high {
                    let rows = TILE_ROWS.min(high - first);
                    let sequence = if paged { request } else { sequence };
                    queries.tiles.push(Tile { first, rows, position: position(first), sequence });
                    first += rows;
                }
            }
            sequence = end;
        }
        queries.tiles.sort_by_key(|tile| std::cmp::Reverse(tile.position + tile.rows));
        queries
    }

    fn push_single(&mut self, row: u32, request: u32, length: u32) {
        let follows = |run: &Run| run.first + run.requests.len() as u32 == row;
        match self.runs.last_mut().filter(|run| follows(run)) {
            Some(run) => {
                run.requests.push(request);
                run.lengths.push(length);
            }
            None => {
                let (requests, lengths) = (vec![request], vec![length]);
                self.runs.push(Run { first: row, requests, lengths });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::batch::Request;

    proptest! {
        /// Every query is worked on exactly once, at its position in its sequence, wherever the batch is cut.
        #[test]
        fn cover_every_query_once(
            lens in proptest::collection::vec((0u32..300, prop_oneof![Just(1u32), 0u32..400]), 1..8),
            cut in 0.0f64..1.0,
            paged in any::<bool>(),
        ) {
            let cached = |cached| if paged { cached } else { 0 };
            let requests: Vec<_> = lens
                .iter()
                .map(|&(before, new_tokens)| Request { cached_tokens: cached(before), new_tokens })
                .collect();
            let batch = Batch { requests };
            let tokens = batch.tokens();
            let cut = (f64::from(tokens) * cut) as u32;
            // By row: request, keys seen, row of the sequence's first token.
            let mut expected = Vec::new();
            for (index, request) in batch.requests.iter().enumerate() {
                let first = expected.len() as u32;
                expected.extend((0..request.new_tokens).map(|i| (index as u32, request.cached_tokens + i + 1, first)));
            }
            let mut seen = vec![0; tokens as usize];
            for (from, to) in [(0, cut), (cut, tokens)] {
                let rows = Rows { first: from, rows: to - from };
                let queries = if paged { Queries::in_pages(&batch, rows) } else { Queries::in_rows(&batch, rows) };
                prop_assert!(paged || queries.runs.is_empty());
                for tile in queries.tiles {
                    prop_assert!(tile.rows >= 1 && tile.rows <= TILE_ROWS);
                    prop_assert!(from <= tile.first && tile.first + tile.rows <= to);
                    for i in 0..tile.rows {
                        let (request, keys, first) = expected[(tile.first + i) as usize];
                        prop_assert_eq!(tile.position + i + 1, keys);
                        prop_assert_eq!(tile.sequence, if paged { request } else { first });
                        seen[(tile.first + i) as usize] += 1;
                    }
                }
                for run in queries.runs {
                    prop_assert_eq!(run.requests.len(), run.lengths.len());
                    for (i, (&request, &length)) in run.requests.iter().zip(&run.lengths).enumerate() {
                        let row = run.first as usize + i;
                        prop_assert!(from as usize <= row && row < to as usize);
                        prop_assert_eq!((request, length), (expected[row].0, expected[row].1));
                        seen[row] += 1;
                    }
                }
            }
            prop_assert!(seen.iter().all(|&times| times == 1));
        }
    }
}
