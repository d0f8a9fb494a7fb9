use thiserror::Error;

use super::{Ffn, ModelShape, Moe};

/// What one rank of a tensor-parallel group holds of every layer.
///
/// Attention is cut by heads, the feed-forward block (of every expert) by intermediate rows, the vocabulary by
/// rows. Where the degree exceeds the K/V heads, each rank keeps a copy of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Width of the residual stream (not cut).
    pub hidden: u32,
    /// Query heads on this rank.
    pub heads: u32,
    /// K/V heads on this rank, replicas included.
    pub kv_heads: u32,
    /// Width of one head.
    pub head_dim: u32,
    /// Feed-forward block, with this rank's intermediate rows.
    pub ffn: Ffn,
    /// Vocabulary rows on this rank, rounded up.
    pub vocab: u32,
    /// Query and key heads are normalised.
    pub qk_norm: bool,
}

/// A tensor-parallel degree that does not fit a model.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("tensor parallelism of {degree} does not divide the {count} {what} of {model}")]
pub struct DegreeError {
    /// Degree asked.
    pub degree: u32,
    /// What does not divide.
    pub what: &'static str,
    /// How many there are.
    pub count: u32,
    /// Model name.
    pub model: String,
}

impl Shard {
    /// The shard of one rank of `degree`.
    ///
    /// # Errors
    /// [`DegreeError`] when heads, K/V heads or intermediate rows cannot be dealt out evenly. K/V heads may be
    /// fewer than ranks as long as they divide them.
    pub fn new(model: &ModelShape, degree: u32) -> Result<Self, DegreeError> {
        let refuse = |what, count| DegreeError { degree, what, count, model: model.name.clone() };
        let share = |what, count: u32| {
            if degree > 0 && count.is_multiple_of(degree) && count > 0 {
                Ok(count / degree)
            } else {
                Err(refuse(what, count))
            }
        };
        let heads = share("attention heads", model.heads)?;
        let kv_heads = if degree > model.kv_heads && model.kv_heads > 0 {
            if !degree.is_multiple_of(model.kv_heads) {
                return Err(refuse("key/value heads", model.kv_heads));
            }
            1
        } else {
            share("key/value heads", model.kv_heads)?
        };
        let ffn = match model.ffn {
            Ffn::Dense { intermediate } => {
                Ffn::Dense { intermediate: share("intermediate rows", intermediate)? }
            }
            Ffn::Moe(moe) => Ffn::Moe(Moe {
                intermediate: share("intermediate rows of an expert", moe.intermediate)?,
                shared_intermediate: match moe.shared_intermediate {
                    0 => 0,
                    rows => share("intermediate rows of the shared expert", rows)?,
                },
                ..moe
            }),
        };
        Ok(Self {
            hidden: model.hidden,
            heads,
            kv_heads,
            head_dim: model.head_dim,
            ffn,
            vocab: model.vocab.div_ceil(degree),
            qk_norm: model.qk_norm,
        })
    }

    /// Columns of the QKV projection on this rank.
    pub fn qkv_columns(&self) -> u32 {
        (self.heads + 2 * self.kv_heads) * self.head_dim
    }
}
