//! Sequences with keys and values, for both attention kernels.

use weftscope_kernels::reference::{Attention, attention};

use super::{Bench, data::Numbers};

/// Width of a head, fixed in the kernels.
pub(super) const HEAD_DIM: usize = 128;

/// What scores are multiplied with, log2(e) / √128: the kernels take powers of two.
pub(super) const SCALE: f32 = std::f32::consts::LOG2_E * 0.088_388_35;

/// Keys and values `[cached + new, kv_heads, 128]` of one sequence.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    pub(super) cached: usize,
    pub(super) new: usize,
    pub(super) keys: Numbers,
    pub(super) values: Numbers,
}

impl Sequence {
    pub(super) fn draw(bench: &Bench, (cached, new): (usize, usize), kv_heads: usize) -> Self {
        let len = (cached + new) * kv_heads * HEAD_DIM;
        Self { cached, new, keys: bench.numbers(len, 1.0), values: bench.numbers(len, 1.0) }
    }

    pub(super) fn tokens(&self) -> usize {
        self.cached + self.new
    }
}

/// The reference over a packed batch, one head a thread: `q [new tokens of all, heads, 128]`.
pub(super) fn attend_all(
    q: &[f64],
    sequences: &[Sequence],
    (heads, kv_heads): (usize, usize),
) -> Vec<f64> {
    let mut out = vec![0.0; q.len()];
    let mut first = 0;
    for sequence in sequences {
        let q = &q[first * heads * HEAD_DIM..][..sequence.new * heads * HEAD_DIM];
        let to = &mut out[first * heads * HEAD_DIM..][..q.len()];
        let shape =
            Attention { heads: 1, kv_heads: 1, head_dim: HEAD_DIM, cached_tokens: sequence.cached };
        let results: Vec<Vec<f64>> = std::thread::scope(|scope| {
            let head = |head: usize| {
                let kv_head = head * kv_heads / heads;
                let (k, v) = (
                    column(&sequence.keys.wide, kv_heads, kv_head),
                    column(&sequence.values.wide, kv_heads, kv_head),
                );
                attention(&column(q, heads, head), &k, &v, shape)
            };
            let threads: Vec<_> =
                (0..heads).map(|index| scope.spawn(move || head(index))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("references do not panic"))
                .collect()
        });
        for (head, result) in results.iter().enumerate() {
            for (row, values) in result.chunks_exact(HEAD_DIM).enumerate() {
                to[(row * heads + head) * HEAD_DIM..][..HEAD_DIM].copy_from_slice(values);
            }
        }
        first += sequence.new;
    }
    out
}

/// One head of `[tokens, heads, 128]`.
fn column(x: &[f64], heads: usize, head: usize) -> Vec<f64> {
    x.chunks_exact(heads * HEAD_DIM)
        .flat_map(|row| &row[head * HEAD_DIM..][..HEAD_DIM])
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Head by head is the same as all heads of a sequence at once.
    #[test]
    fn heads_can_be_taken_apart() {
        let (heads, kv_heads) = (6, 2);
        let draw =
            |seed, tokens: usize, heads: usize| Numbers::draw(seed, tokens * heads * HEAD_DIM, 1.0);
        let sequence = |cached, new, seed| Sequence {
            cached,
            new,
            keys: draw(seed, cached + new, kv_heads),
            values: draw(seed + 1, cached + new, kv_heads),
        };
        let sequences = [sequence(3, 4, 10), sequence(0, 2, 20)];
        let q = draw(1, 6, heads);
        let mut whole = Vec::new();
        let mut first = 0;
        for sequence in &sequences {
            let shape =
                Attention { heads, kv_heads, head_dim: HEAD_DIM, cached_tokens: sequence.cached };
            let q = &q.wide[first * heads * HEAD_DIM..][..sequence.new * heads * HEAD_DIM];
            whole.extend(attention(q, &sequence.keys.wide, &sequence.values.wide, shape));
            first += sequence.new;
        }
        assert_eq!(attend_all(&q.wide, &sequences, (heads, kv_heads)), whole);
    }
}
