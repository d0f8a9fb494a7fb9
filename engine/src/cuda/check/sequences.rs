//! Sequences with keys and values, for both attention kernels.

use weftscope_kernels::reference::{Attention, attention};

use super::{Bench, data::Numbers};

/// Heads of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads {
    pub(super) query: usize,
    pub(super) key: usize,
    /// Width of a head.
    pub(super) dim: usize,
}

impl Heads {
    /// Width of a row of queries.
    pub(super) fn query_columns(self) -> usize {
        self.query * self.dim
    }

    /// Width of a row of keys, or of values.
    pub(super) fn key_columns(self) -> usize {
        self.key * self.dim
    }
}

/// Keys and values `[cached + new, key heads, head dim]` of one sequence.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    pub(super) cached: usize,
    pub(super) new: usize,
    pub(super) keys: Numbers,
    pub(super) values: Numbers,
}

impl Sequence {
    pub(super) fn draw(bench: &Bench, cached: usize, new: usize, heads: Heads) -> Self {
        let len = (cached + new) * heads.key_columns();
        Self { cached, new, keys: bench.numbers(len, 1.0), values: bench.numbers(len, 1.0) }
    }

    pub(super) fn tokens(&self) -> usize {
        self.cached + self.new
    }
}

/// The reference over a packed batch, one head a thread: `q [new tokens of all, query heads, head dim]`.
pub(super) fn attend_all(q: &[f64], sequences: &[Sequence], heads: Heads) -> Vec<f64> {
    let mut out = vec![0.0; q.len()];
    let mut first = 0;
    for sequence in sequences {
        let columns = heads.query_columns();
        let q = &q[first * columns..][..sequence.new * columns];
        let to = &mut out[first * columns..][..q.len()];
        let shape = Attention {
            heads: 1,
            kv_heads: 1,
            head_dim: heads.dim,
            cached_tokens: sequence.cached,
        };
        let results: Vec<Vec<f64>> = std::thread::scope(|scope| {
            let head = |head: usize| {
                let key_head = head * heads.key / heads.query;
                let of = |x: &[f64]| column(x, heads.key_columns(), key_head, heads.dim);
                let (k, v) = (of(&sequence.keys.wide), of(&sequence.values.wide));
                attention(&column(q, columns, head, heads.dim), &k, &v, shape)
            };
            let threads: Vec<_> =
                (0..heads.query).map(|index| scope.spawn(move || head(index))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("references do not panic"))
                .collect()
        });
        for (head, result) in results.iter().enumerate() {
            for (row, values) in result.chunks_exact(heads.dim).enumerate() {
                to[row * columns + head * heads.dim..][..heads.dim].copy_from_slice(values);
            }
        }
        first += sequence.new;
    }
    out
}

/// One head of rows of `columns`.
fn column(x: &[f64], columns: usize, head: usize, dim: usize) -> Vec<f64> {
    x.chunks_exact(columns).flat_map(|row| &row[head * dim..][..dim]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Head by head is the same as all heads of a sequence at once.
    #[test]
    fn heads_can_be_taken_apart() {
        let heads = Heads { query: 6, key: 2, dim: 128 };
        let draw = |seed, tokens: usize, columns: usize| Numbers::draw(seed, tokens * columns, 1.0);
        let sequence = |cached, new, seed| Sequence {
            cached,
            new,
            keys: draw(seed, cached + new, heads.key_columns()),
            values: draw(seed + 1, cached + new, heads.key_columns()),
        };
        let sequences = [sequence(3, 4, 10), sequence(0, 2, 20)];
        let q = draw(1, 6, heads.query_columns());
        let mut whole = Vec::new();
        let mut first = 0;
        for sequence in &sequences {
            let Heads { query, key, dim } = heads;
            let cached_tokens = sequence.cached;
            let shape = Attention { heads: query, kv_heads: key, head_dim: dim, cached_tokens };
            let columns = heads.query_columns();
            let q = &q.wide[first * columns..][..sequence.new * columns];
            whole.extend(attention(q, &sequence.keys.wide, &sequence.values.wide, shape));
            first += sequence.new;
        }
        assert_eq!(attend_all(&q.wide, &sequences, heads), whole);
    }
}
