//! The references against identities that can be checked by hand, and against one another.

use weftscope_kernels::reference::{
    Attention, add_rms_norm, attention, embedding, fused_all_reduce_norm, gemm, gemm_silu_mul,
    relative_error, rms_norm, rope, silu_mul,
};

/// Reproducible numbers in −1…1.
fn numbers(seed: u64, len: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        })
        .collect()
}

#[test]
fn gemm_by_hand() {
    // [1 2; 3 4] · [5 6; 7 8]ᵀ
    assert_eq!(gemm(&[1., 2., 3., 4.], &[5., 6., 7., 8.], (2, 2, 2)), [17., 23., 39., 53.]);
}

#[test]
fn silu_mul_epilogue_is_gemm_then_silu_mul() {
    let (m, n, k) = (5, 6, 7);
    let (a, b) = (numbers(1, m * k), numbers(2, 2 * n * k));
    let separate = silu_mul(&gemm(&a, &b, (m, 2 * n, k)), n);
    assert!(relative_error(&gemm_silu_mul(&a, &b, (m, n, k)), &separate) < 1e-14);
}

#[test]
fn norm_has_unit_mean_square() {
    let (hidden, gamma) = (64, vec![1.0; 64]);
    let rows = rms_norm(&numbers(3, 4 * hidden), &gamma, 0.0);
    for row in rows.chunks_exact(hidden) {
        assert!((row.iter().map(|v| v * v).sum::<f64>() / hidden as f64 - 1.0).abs() < 1e-12);
    }
}

#[test]
fn rope_keeps_lengths_and_depends_on_distance_only() {
    let (head_dim, theta) = (8, 10_000.0);
    let (q, k) = (numbers(4, head_dim), numbers(5, head_dim));
    let dot = |at: u32, other: u32| -> f64 {
        let (q, k) = (rope(&q, &[at], head_dim, theta), rope(&k, &[other], head_dim, theta));
        q.iter().zip(&k).map(|(a, b)| a * b).sum()
    };
    assert!((dot(3, 1) - dot(12, 10)).abs() < 1e-12);
    assert_eq!(rope(&q, &[0], head_dim, theta), q);
}

#[test]
fn attention_of_one_key_is_its_value() {
    let shape = Attention { heads: 4, kv_heads: 2, head_dim: 3, cached_tokens: 0 };
    let (q, k, v) = (numbers(6, 12), numbers(7, 6), numbers(8, 6));
    let out = attention(&q, &k, &v, shape);
    assert!(
        relative_error(&out[..3], &v[..3]) < 1e-14 && relative_error(&out[9..], &v[3..]) < 1e-14
    );
}

/// The second half of a prompt over the first half's cached keys gives what the whole prompt gives there: the identity
/// on which splitting a sequence in two rests.
#[test]
fn a_cached_prefix_changes_nothing() {
    let shape = Attention { heads: 4, kv_heads: 2, head_dim: 8, cached_tokens: 0 };
    let (tokens, cut) = (10, 6);
    let (q_row, kv_row) = (4 * 8, 2 * 8);
    let (q, k, v) =
        (numbers(9, tokens * q_row), numbers(10, tokens * kv_row), numbers(11, tokens * kv_row));
    let whole = attention(&q, &k, &v, shape);
    let suffix = attention(&q[cut * q_row..], &k, &v, Attention { cached_tokens: cut, ..shape });
    assert!(relative_error(&suffix, &whole[cut * q_row..]) < 1e-14);
}

#[test]
fn fused_is_reduce_then_add_then_norm() {
    let (tokens, hidden, eps) = (3, 16, 1e-5);
    let partials: Vec<_> = (0..4).map(|rank| numbers(20 + rank, tokens * hidden)).collect();
    let (residual, gamma) = (numbers(30, tokens * hidden), numbers(31, hidden));
    let sum: Vec<f64> = (0..tokens * hidden).map(|i| partials.iter().map(|p| p[i]).sum()).collect();
    let (new_residual, normalised) = add_rms_norm(&sum, &residual, &gamma, eps);
    let fused = fused_all_reduce_norm(&partials, &residual, &gamma, eps);
    assert!(relative_error(&fused.residual, &new_residual) < 1e-14);
    assert!(relative_error(&fused.normalised, &normalised) < 1e-14);
}

/// Summing the shards of a vocabulary-parallel embedding gives the whole table's rows.
#[test]
fn embedding_shards_sum_to_the_table() {
    let (vocab, hidden) = (8, 4);
    let table = numbers(40, vocab * hidden);
    let ids = [0, 7, 3, 4];
    let half = vocab / 2 * hidden;
    let first = embedding(&ids, &table[..half], hidden, 0);
    let second = embedding(&ids, &table[half..], hidden, vocab as u32 / 2);
    let sum: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a + b).collect();
    assert_eq!(sum, embedding(&ids, &table, hidden, 0));
}
