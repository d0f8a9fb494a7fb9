use super::dot;

/// Shape of an attention over one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Query heads.
    pub heads: usize,
    /// Key/value heads; query head `h` reads key/value head `h · kv_heads / heads`.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Tokens of the sequence before the first query (the cached prefix).
    pub cached_tokens: usize,
}

/// Causal attention: `q [new, heads, head_dim]` over `k, v [cached + new, kv_heads, head_dim]` gives
/// `[new, heads, head_dim]`, scaled by `1/√head_dim`. Query `i` sees keys `0..=cached + i`.
pub fn attention(q: &[f64], k: &[f64], v: &[f64], shape: Attention) -> Vec<f64> {
    let Attention { heads, kv_heads, head_dim, cached_tokens } = shape;
    let new_tokens = q.len() / (heads * head_dim);
    assert_eq!(k.len(), (cached_tokens + new_tokens) * kv_heads * head_dim, "shapes differ");
    assert_eq!(k.len(), v.len(), "shapes differ");
    let scale = (head_dim as f64).sqrt().recip();
    let mut out = Vec::with_capacity(q.len());
    for token in 0..new_tokens {
        for head in 0..heads {
            let query = &q[(token * heads + head) * head_dim..][..head_dim];
            let kv_head = head * kv_heads / heads;
            let row = |of: usize| (of * kv_heads + kv_head) * head_dim;
            let seen = cached_tokens + token + 1;
            let scores: Vec<f64> =
                (0..seen).map(|key| scale * dot(query, &k[row(key)..][..head_dim])).collect();
            let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
            let total: f64 = weights.iter().sum();
            let mut sum = vec![0.0; head_dim];
            for (key, weight) in weights.iter().enumerate() {
                for (sum, value) in sum.iter_mut().zip(&v[row(key)..][..head_dim]) {
                    *sum += weight * value;
                }
            }
            out.extend(sum.iter().map(|sum| sum / total));
        }
    }
    out
}
