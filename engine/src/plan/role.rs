//! What ops are: steps of a decoder, collectives, and the steps of what is no decoder.

use std::fmt;

use super::Collective;

/// What an op is in a decoder: which step of a layer, or of what stands before the first and after the last.
///
/// The same op of another layer, split or phase has the same role. How it runs (shape, grid, bytes) is
/// [`Op::work`](super::Op::work).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OpRole {
    /// Token ids become rows of the residual stream; each rank writes those of its vocabulary shard.
    Embed,
    /// RMSNorm of the embedding output: there is no residual to add yet.
    FirstNorm,
    /// Residual add, then RMSNorm.
    AddNorm,
    /// Queries, keys and values in one GEMM.
    Qkv,
    /// RMSNorm of each query and key head.
    QkNorm,
    /// Rotary embedding of queries and keys; keys and values are written to the cache.
    RopeKv,
    /// Causal attention.
    Attention,
    /// Output projection of attention.
    OProj,
    /// Gate and up projection of a dense feed-forward block in one GEMM.
    GateUp,
    /// SiLU(gate) · up, of a dense block or of the routed rows of experts.
    SiluMul,
    /// Down projection of a dense feed-forward block.
    Down,
    /// Scores of every expert for every token.
    Router,
    /// Each token's experts: their weights, ids and places in the order sorted by expert.
    TopK,
    /// Rows of tokens in the order of their experts, one for each expert of a token.
    Permute,
    /// Gate and up projection of all experts in one launch.
    ExpertsW13,
    /// Down projection of all experts in one launch.
    ExpertsW2,
    /// Gate and up projection of the expert that every token goes to.
    SharedGateUp,
    /// SiLU(gate) · up of the expert that every token goes to.
    SharedSiluMul,
    /// Down projection of the expert that every token goes to.
    SharedDown,
    /// Sum over each token's experts.
    MoeSum,
    /// Moves bytes over the links; all ranks meet, but in a send.
    Collective(Collective),
    /// Logits of each sequence's last token, one vocabulary shard a rank.
    LmHead,
    /// What no decoder layer has, by one of the names in [`STEPS`].
    Step(&'static str),
}

/// Names of ops outside a decoder: those of the [`neighbours`](crate::neighbours).
pub const STEPS: &[&str] = &[
    "copy_in",
    "reduce",
    "gradient",
    "input_gradient",
    "draw",
    "project",
    "rebuild",
    "convolution",
    "left_product",
    "right_product",
    "encode",
    "layer",
    "fused_mlp",
    "features",
    "pairs",
    "kernel_matrix",
    "solve",
    "forward",
    "backward",
    "update",
    "product",
    "shares",
];

impl OpRole {
    /// Every role of a decoder.
    pub const ALL: [Self; 27] = [
        Self::Embed,
        Self::FirstNorm,
        Self::AddNorm,
        Self::Qkv,
        Self::QkNorm,
        Self::RopeKv,
        Self::Attention,
        Self::OProj,
        Self::GateUp,
        Self::SiluMul,
        Self::Down,
        Self::Router,
        Self::TopK,
        Self::Permute,
        Self::ExpertsW13,
        Self::ExpertsW2,
        Self::SharedGateUp,
        Self::SharedSiluMul,
        Self::SharedDown,
        Self::MoeSum,
        Self::Collective(Collective::AllReduce),
        Self::Collective(Collective::ReduceScatter),
        Self::Collective(Collective::AllGather),
        Self::Collective(Collective::AllToAll),
        Self::Collective(Collective::Send),
        Self::Collective(Collective::FusedArNorm),
        Self::LmHead,
    ];

    /// The role of this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::known().find(|role| role.name() == name)
    }

    /// Every role that a plan may have.
    pub fn known() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain(STEPS.iter().map(|&name| Self::Step(name)))
    }

    /// Short name as plans, labels and tables show it, e.g. `qkv`, `fused_ar_norm`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embed => "embed",
            Self::FirstNorm => "norm",
            Self::AddNorm => "add_norm",
            Self::Qkv => "qkv",
            Self::QkNorm => "qk_norm",
            Self::RopeKv => "rope_kv",
            Self::Attention => "attention",
            Self::OProj => "o_proj",
            Self::GateUp => "gate_up",
            Self::SiluMul => "silu_mul",
            Self::Down => "down",
            Self::Router => "router",
            Self::TopK => "topk",
            Self::Permute => "permute",
            Self::ExpertsW13 => "experts_w13",
            Self::ExpertsW2 => "experts_w2",
            Self::SharedGateUp => "shared_gate_up",
            Self::SharedSiluMul => "shared_silu_mul",
            Self::SharedDown => "shared_down",
            Self::MoeSum => "moe_sum",
            Self::Collective(Collective::AllReduce) => "all_reduce",
            Self::Collective(Collective::ReduceScatter) => "reduce_scatter",
            Self::Collective(Collective::AllGather) => "all_gather",
            Self::Collective(Collective::AllToAll) => "all_to_all",
            Self::Collective(Collective::Send) => "send",
            Self::Collective(Collective::FusedArNorm) => "fused_ar_norm",
            Self::LmHead => "lm_head",
            Self::Step(name) => name,
        }
    }
}

impl fmt::Display for OpRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
