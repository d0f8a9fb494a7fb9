//! What families call the tensors of their feed-forward blocks.

/// How a family names what it has of experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExpertNames {
    /// `block_sparse_moe.experts.0.w1`.
    Mixtral,
    /// `mlp.experts.0.gate_proj`.
    Qwen,
}

/// Gate, up and down of a feed-forward block.
pub(super) const GATED: [&str; 3] = ["gate_proj", "up_proj", "down_proj"];

impl ExpertNames {
    /// The feed-forward block within a layer.
    pub(super) fn block(self) -> &'static str {
        match self {
            Self::Mixtral => "block_sparse_moe",
            Self::Qwen => "mlp",
        }
    }

    /// Gate, up and down of an expert.
    pub(super) fn matrices(self) -> [&'static str; 3] {
        match self {
            Self::Mixtral => ["w1", "w3", "w2"],
            Self::Qwen => GATED,
        }
    }
}
