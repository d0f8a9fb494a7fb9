use serde::{Deserialize, Serialize};

/// Everything about a Llama-family decoder that decides how much work an iteration is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelShape {
    /// Name as the command line takes it, e.g. `llama-3.3-70b`.
    pub name: String,
    /// Width of the residual stream.
    pub hidden: u32,
    /// Decoder layers.
    pub layers: u32,
    /// Query heads.
    pub heads: u32,
    /// Key/value heads.
    pub kv_heads: u32,
    /// Width of one head.
    pub head_dim: u32,
    /// Feed-forward block.
    pub ffn: Ffn,
    /// Vocabulary size.
    pub vocab: u32,
    /// Epsilon of RMSNorm.
    pub rms_eps: f64,
    /// Base of the rotary embedding.
    pub rope_theta: f64,
    /// The QKV projection has a bias (Qwen2).
    pub qkv_bias: bool,
    /// Query and key heads are normalised (Qwen3).
    pub qk_norm: bool,
}

/// The feed-forward block of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ffn {
    /// gate, up, down.
    Dense {
        /// Rows of gate and of up.
        intermediate: u32,
    },
    /// Router and experts, each with gate, up, down.
    Moe {
        /// Experts a layer.
        experts: u32,
        /// Experts a token.
        top_k: u32,
        /// Rows of gate and of up of one expert.
        intermediate: u32,
    },
}

impl ModelShape {
    /// True when the feed-forward block is a mixture of experts.
    pub fn is_moe(&self) -> bool {
        matches!(self.ffn, Ffn::Moe { .. })
    }
}
