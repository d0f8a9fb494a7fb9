//! What the tests of this room share.

use super::{CudaGraphs, Limits, ServingSpec};
use crate::{
    machine, model,
    spec::{Knobs, Transport},
};

/// Llama-3.3-70B on all GPUs of a machine, vLLM's usual limits.
pub(super) fn spec(machine: &str) -> ServingSpec {
    let machine = machine::builtin(machine).unwrap();
    let multicast = machine.link.multimem_bytes_per_s.is_some();
    let transport = if multicast { Transport::Multimem } else { Transport::P2p };
    let knobs = Knobs { tp: machine.gpus, transport, ..Knobs::default() };
    ServingSpec {
        model: model::builtin("llama-3.3-70b").unwrap(),
        machine,
        knobs,
        limits: Limits { budget_tokens: 2048, max_sequences: 256 },
        memory_share: 0.9,
        graphs: CudaGraphs::Auto,
    }
}
