//! Runs of work that no decoder does: a plan needs a model and a batch all the same.

use crate::{
    batch::Batch,
    machine::Machine,
    model::{Ffn, ModelShape},
    spec::{Knobs, RunSpec},
};

/// A run called `name` on `ranks` GPUs whose ops stand in so many layers and have at most so many rows. Nothing of the model is
/// in its ops; it has a name, and is small, so that it fits into any memory.
pub(super) fn run_of(
    name: &str,
    machine: Machine,
    ranks: u32,
    (layers, rows): (u32, u32),
) -> RunSpec {
    let model = ModelShape {
        name: name.to_owned(),
        hidden: 1024,
        layers,
        heads: 8,
        kv_heads: 8,
        head_dim: 128,
        ffn: Ffn::Dense { intermediate: 1024 },
        vocab: 1024,
        rms_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: None,
        qkv_bias: false,
        qk_norm: false,
    };
    let knobs = Knobs { tp: ranks, layers: Some(layers), ..Knobs::default() };
    RunSpec { model, machine, batch: Batch::prefill(rows, rows), knobs }
}
