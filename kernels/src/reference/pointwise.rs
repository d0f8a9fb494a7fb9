/// `x / (1 + e⁻ˣ)`.
pub fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

/// `[tokens, 2·width] → [tokens, width]`: SiLU of the first half times the second.
pub fn silu_mul(gate_up: &[f64], width: usize) -> Vec<f64> {
    gate_up
        .chunks_exact(2 * width)
        .flat_map(|row| (0..width).map(|i| silu(row[i]) * row[width + i]))
        .collect()
}

/// RMSNorm of each row of `[tokens, hidden]`, `hidden = gamma.len()` (Zhang and Sennrich 2019).
pub fn rms_norm(x: &[f64], gamma: &[f64], eps: f64) -> Vec<f64> {
    let hidden = gamma.len();
    x.chunks_exact(hidden)
        .flat_map(|row| {
            let mean_square = row.iter().map(|v| v * v).sum::<f64>() / hidden as f64;
            let scale = (mean_square + eps).sqrt().recip();
            row.iter().zip(gamma).map(move |(v, g)| v * scale * g)
        })
        .collect()
}

/// New residual `x + residual` and its norm, both `[tokens, hidden]`.
pub fn add_rms_norm(x: &[f64], residual: &[f64], gamma: &[f64], eps: f64) -> (Vec<f64>, Vec<f64>) {
    assert_eq!(x.len(), residual.len(), "shapes differ");
    let sum: Vec<f64> = x.iter().zip(residual).map(|(a, b)| a + b).collect();
    let norm = rms_norm(&sum, gamma, eps);
    (sum, norm)
}

/// Rotates heads `[tokens, heads, head_dim]` by position: element `i` pairs with `i + head_dim / 2`, as Hugging Face
/// stores Llama weights; the angle is `position · theta^(−2i / head_dim)`.
pub fn rope(x: &[f64], positions: &[u32], head_dim: usize, theta: f64) -> Vec<f64> {
    let half = head_dim / 2;
    let per_token = x.len() / positions.len().max(1);
    let mut out = x.to_vec();
    for (token, &position) in out.chunks_exact_mut(per_token.max(1)).zip(positions) {
        for head in token.chunks_exact_mut(head_dim) {
            for i in 0..half {
                let angle = f64::from(position) * theta.powf(-2.0 * i as f64 / head_dim as f64);
                let (sin, cos) = angle.sin_cos();
                let (a, b) = (head[i], head[i + half]);
                head[i] = a * cos - b * sin;
                head[i + half] = b * cos + a * sin;
            }
        }
    }
    out
}

/// Rows of `table`, `[vocab, hidden]`, by token id; ids outside `[first, first + vocab)` give zeros (the shard of
/// another rank).
pub fn embedding(ids: &[u32], table: &[f64], hidden: usize, first: u32) -> Vec<f64> {
    let mut out = Vec::with_capacity(ids.len() * hidden);
    for &id in ids {
        let row = id.checked_sub(first).map(|row| row as usize * hidden);
        match row.and_then(|row| table.get(row..row + hidden)) {
            Some(values) => out.extend_from_slice(values),
            None => out.extend(std::iter::repeat_n(0.0, hidden)),
        }
    }
    out
}
