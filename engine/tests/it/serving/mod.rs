//! Serving from outside: the scheduler against a twin, the price of iterations against whole simulations, and what holds
//! of everything that is served.

mod price;
mod scheduler;
mod served;

use weftscope_engine::{
    machine, model,
    serving::{Chunk, CudaGraphs, Limits, ServingSpec, Step},
    spec::{Knobs, StrategyKind, Transport},
};

/// Llama-3.3-70B on all GPUs of a machine.
fn spec(machine: &str, strategy: StrategyKind) -> ServingSpec {
    let machine = machine::builtin(machine).expect("a built-in machine");
    let multicast = machine.link.multimem_bytes_per_s.is_some();
    let transport = if multicast { Transport::Multimem } else { Transport::P2p };
    let knobs = Knobs { tp: machine.gpus, transport, strategy, ..Knobs::default() };
    ServingSpec {
        model: model::builtin("llama-3.3-70b").expect("a built-in model"),
        machine,
        knobs,
        limits: Limits { budget_tokens: 2048, max_sequences: 256 },
        memory_share: 0.9,
        graphs: CudaGraphs::Auto,
    }
}

/// Decode steps at these contexts, then chunks of prompts: tokens cached and new.
fn step(decodes: &[u32], prefill: &[(u32, u32)]) -> Step {
    let chunk = |cached_tokens, new_tokens, decodes| Chunk {
        request: 0,
        cached_tokens,
        new_tokens,
        decodes,
    };
    let decodes = decodes.iter().map(|&cached| chunk(cached, 1, true));
    let prefill = prefill.iter().map(|&(cached, new)| chunk(cached, new, false));
    Step { chunks: decodes.chain(prefill).collect(), preempted: 0 }
}
