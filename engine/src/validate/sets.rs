//! The data sets: which file, which machine, and how its rows are run.

use super::Part;

/// How the rows of a file are predicted.
pub(super) enum Runs {
    /// Kernels alone, a column each.
    Alone,
    /// Two kernels alone, a column a count of CTAs.
    AloneByCtas,
    /// Whole prefills, a column a strategy.
    Prefill(&'static str),
    /// Kernels where they stand in a layer, and layers; shards of 8 on all ranks.
    InPlace,
    /// The same of one rank, model and degree by the row.
    OneRank,
    /// A layer amid others.
    Layers,
    /// The same, cut where the row says, with these CTAs under attention and under the MLP.
    Cuts(u32, u32),
    /// A layer of a turn of `bench`, model, degree, cut and CTAs by the row.
    Candidates,
    /// The same by model and strategy.
    Strategies,
    /// The MLP of a layer alone, uncut and cut.
    Mlp,
}

/// One file and what it is held against.
pub(super) struct Set {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    pub(super) machine: &'static str,
    pub(super) part: Part,
    pub(super) runs: Runs,
}

macro_rules! set {
    ($name:literal, $machine:literal, $part:ident, $runs:expr) => {
        Set {
            name: $name,
            text: include_str!(concat!("../../data/", $name, ".csv")),
            machine: $machine,
            part: Part::$part,
            runs: $runs,
        }
    };
}

/// Every set, published ones first.
pub(super) static ALL: [Set; 17] = [
    set!("kernel_times_h100x8", "h100x8", Fitted, Runs::Alone),
    set!("kernel_times_by_ctas_h100x8", "h100x8", Fitted, Runs::AloneByCtas),
    set!("llama_tp8_prefill_h100x8", "h100x8", Fitted, Runs::Prefill("llama-3.3-70b")),
    set!("llama_tp8_mlp_split_h100", "h100x8", Unseen, Runs::Mlp),
    set!("mixtral_tp8_prefill_h100x8", "h100x8", Fitted, Runs::Prefill("mixtral-8x22b")),
    set!("kernels_h200_llama", "h200x2", Fitted, Runs::OneRank),
    set!("kernels_h200_qwen", "h200x2", Unseen, Runs::OneRank),
    set!("kernels_h200_moe", "h200x2", Unseen, Runs::OneRank),
    set!("layers_h200x2_shard8", "h200x2", Fitted, Runs::Layers),
    set!("cuts_h200x2_shard8", "h200x2", Unseen, Runs::Cuts(16, 4)),
    set!("cuts_h200x2_2048", "h200x2", Unseen, Runs::Cuts(16, 4)),
    set!("cuts_h200x2_4096", "h200x2", Unseen, Runs::Cuts(16, 4)),
    set!("cuts_h200x2_8192", "h200x2", Unseen, Runs::Cuts(16, 4)),
    set!("candidates_h200x2", "h200x2", Unseen, Runs::Candidates),
    set!("strategies_h200x2", "h200x2", Unseen, Runs::Strategies),
    set!("kernels_h100x4_shard8", "h100x4", Fitted, Runs::InPlace),
    set!("layers_h100x4_shard8", "h100x4", Unseen, Runs::Layers),
];
