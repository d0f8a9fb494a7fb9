use super::{dot, silu};

/// `[m, k] × [n, k]ᵀ → [m, n]`: a linear layer with weights as a checkpoint stores them.
pub fn gemm(a: &[f64], b: &[f64], (m, n, k): (usize, usize, usize)) -> Vec<f64> {
    assert_eq!((a.len(), b.len()), (m * k, n * k), "shapes differ");
    let mut c = Vec::with_capacity(m * n);
    for row in a.chunks_exact(k) {
        c.extend(b.chunks_exact(k).map(|column| dot(row, column)));
    }
    c
}

/// `silu(a · gateᵀ) · (a · upᵀ) → [m, n]` with `b = [gate; up]`, `[2n, k]`.
pub fn gemm_silu_mul(a: &[f64], b: &[f64], (m, n, k): (usize, usize, usize)) -> Vec<f64> {
    let gate = gemm(a, &b[..n * k], (m, n, k));
    let up = gemm(a, &b[n * k..], (m, n, k));
    gate.into_iter().zip(up).map(|(gate, up)| silu(gate) * up).collect()
}
