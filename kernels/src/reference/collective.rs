use super::add_rms_norm;

/// Element-wise sum over ranks; every rank gets it.
pub fn all_reduce(ranks: &[Vec<f64>]) -> Vec<f64> {
    let mut sum = vec![0.0; ranks.first().map_or(0, Vec::len)];
    for rank in ranks {
        assert_eq!(rank.len(), sum.len(), "shapes differ");
        for (total, value) in sum.iter_mut().zip(rank) {
            *total += value;
        }
    }
    sum
}

/// What the fused all-reduce leaves behind.
#[derive(Clone, Debug, PartialEq)]
pub struct FusedNorm {
    /// `[tokens, hidden]`, the same on every rank.
    pub normalised: Vec<f64>,
    /// `[tokens, hidden]`; rank `r` holds rows `r·tokens/n .. (r+1)·tokens/n` of it and no others.
    pub residual: Vec<f64>,
}

/// All-reduce, then residual add, then RMSNorm, of `[tokens, hidden]` partial sums. `residual` is the whole stream,
/// put together from the ranks' token shards.
pub fn fused_all_reduce_norm(
    partials: &[Vec<f64>],
    residual: &[f64],
    gamma: &[f64],
    eps: f64,
) -> FusedNorm {
    let (residual, normalised) = add_rms_norm(&all_reduce(partials), residual, gamma, eps);
    FusedNorm { normalised, residual }
}
