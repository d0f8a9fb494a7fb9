use serde::{Deserialize, Serialize};

use super::{ModelError, RopeScaling};

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
    /// How the rotary embedding's frequencies are stretched for contexts longer than those first trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rope_scaling: Option<RopeScaling>,
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
    Moe(Moe),
}

/// A mixture of experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moe {
    /// Experts a layer.
    pub experts: u32,
    /// Experts a token.
    pub top_k: u32,
    /// Rows of gate and of up of one expert.
    pub intermediate: u32,
    /// Rows of gate and of up of the expert that every token goes to (Qwen2-MoE); 0 without one.
    pub shared_intermediate: u32,
    /// The weights of a token's experts are made to sum to 1 (`norm_topk_prob`; Mixtral always).
    #[serde(default = "renormalises")]
    pub renormalise: bool,
}

/// What recordings mean that say nothing of it.
fn renormalises() -> bool {
    true
}

impl Moe {
    /// Columns of the router: a score an expert, and the gate of the shared expert where there is one.
    pub fn scores(&self) -> u32 {
        self.experts + u32::from(self.shared_intermediate > 0)
    }
}

impl ModelShape {
    /// Whether the shape makes sense by itself, whatever the parallel degree.
    ///
    /// # Errors
    /// [`ModelError::Odd`] with the Hugging Face spelling of the first key that contradicts another.
    pub fn check(&self) -> Result<(), ModelError> {
        let odd = |key: &str, value: u32, expected: String| {
            Err(ModelError::Odd { key: key.to_owned(), value: value.to_string(), expected })
        };
        if self.kv_heads == 0 || !self.heads.is_multiple_of(self.kv_heads) {
            let expected = format!("it must divide the {} attention heads", self.heads);
            return odd("num_key_value_heads", self.kv_heads, expected);
        }
        if self.head_dim == 0 || !self.head_dim.is_multiple_of(8) {
            let expected = "it must be a multiple of 8 (16-byte vectors of bf16)".to_owned();
            return odd("head_dim", self.head_dim, expected);
        }
        if self.hidden == 0 || !self.hidden.is_multiple_of(8) {
            let expected = "it must be a multiple of 8 (16-byte vectors of bf16)".to_owned();
            return odd("hidden_size", self.hidden, expected);
        }
        match self.ffn {
            Ffn::Moe(Moe { experts, top_k, .. }) if top_k > experts => {
                let expected = format!("there are only {experts} experts");
                odd("num_experts_per_tok", top_k, expected)
            }
            _ => Ok(()),
        }
    }

    /// True when the feed-forward block is a mixture of experts.
    pub fn is_moe(&self) -> bool {
        matches!(self.ffn, Ffn::Moe(_))
    }
}
