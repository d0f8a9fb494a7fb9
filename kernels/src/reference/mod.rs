//! What each device op computes: slow, obvious, in `f64`. The oracle of every kernel test.
//!
//! Matrices are row-major slices; shapes stand in the doc comments. Device results are compared after upcasting, as
//! [`relative_error`].

mod attention;
mod collective;
mod experts;
mod gemm;
mod pointwise;

pub use attention::{Attention, attention};
pub use collective::{FusedNorm, all_reduce, fused_all_reduce_norm};
pub use experts::{combine, grouped_gemm, places_by_expert, top_k};
pub use gemm::{gemm, gemm_silu_mul};
pub use pointwise::{add_rms_norm, embedding, rms_norm, rope, silu, silu_mul};

/// `‖out − reference‖ / ‖reference‖`, Euclidean; NaN anywhere gives NaN, which passes no bound.
///
/// float32 arithmetic lands far under 1e-3; bf16 operands between 1e-3 and 1e-2.
pub fn relative_error(out: &[f64], reference: &[f64]) -> f64 {
    assert_eq!(out.len(), reference.len(), "shapes differ");
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let error = norm(&mut out.iter().zip(reference).map(|(a, b)| a - b));
    let scale = norm(&mut reference.iter().copied());
    if scale == 0.0 { error } else { error / scale }
}

/// Inner product, in eight interleaved sums: strictly one after the other no processor adds fast, and the difference is
/// of the order of 1e-16.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
    for (a, b) in a.zip(b) {
        for (sum, (x, y)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f64>() + rest
}
