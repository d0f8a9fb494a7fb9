use weftscope_engine::{
    batch::Batch,
    machine::Machine,
    model::{ModelShape, Shard},
    spec::{Knobs, RunSpec, SplitChoice, Transport},
};

/// Tokens of the first run.
const DEFAULT_TOKENS: u32 = 8192;
/// Layers of the first run: one whole weave with a head and a tail, quick enough to follow a slider.
const DEFAULT_LAYERS: u32 = 2;

/// Finest shards offered: the published settings end at 8 ranks.
const MOST_SHARDS: u32 = 8;

/// What runs at the first start: the page's main job on the catalog's first model and machine.
pub fn default_spec(model: ModelShape, machine: Machine) -> RunSpec {
    let knobs = Knobs { layers: Some(DEFAULT_LAYERS), ..Knobs::default() };
    let mut spec =
        RunSpec { model, machine, batch: Batch::prefill(DEFAULT_TOKENS, DEFAULT_TOKENS), knobs };
    let before = spec.clone();
    fit(&mut spec, &before);
    spec
}

/// Knobs that hang on the model, the machine or the batch follow them.
pub(super) fn fit(spec: &mut RunSpec, before: &RunSpec) {
    let degrees = degrees(&spec.model, &spec.machine);
    let knobs = &mut spec.knobs;
    if !degrees.contains(&knobs.tp) {
        let largest_below = degrees.iter().copied().filter(|&degree| degree <= knobs.tp).max();
        knobs.tp = largest_below.or_else(|| degrees.first().copied()).unwrap_or(1);
    }
    if spec.machine.link.multimem_bytes_per_s.is_none() && knobs.transport == Transport::Multimem {
        knobs.transport = Transport::P2p;
    } else if spec.machine.name != before.machine.name
        && before.machine.link.multimem_bytes_per_s.is_none()
        && spec.machine.link.multimem_bytes_per_s.is_some()
    {
        // A move from a machine without a switch to one with it goes back to the default.
        knobs.transport = Transport::Multimem;
    }
    let finer = |degree: &u32| *degree > knobs.tp && Shard::new(&spec.model, *degree).is_ok();
    knobs.shard_of = knobs.shard_of.filter(finer);
    if let Some(layers) = knobs.layers {
        knobs.layers = Some(layers.clamp(1, spec.model.layers));
    }
    if let SplitChoice::Fixed(first) = knobs.split {
        let tokens = spec.batch.tokens();
        knobs.split = SplitChoice::Fixed(first.clamp(1, tokens.saturating_sub(1).max(1)));
    }
    knobs.skew_ns.truncate(knobs.tp as usize);
    knobs.slowdown.truncate(knobs.tp as usize);
}

/// Tensor-parallel degrees, 1–8, that divide the model and fit on the machine.
pub(crate) fn degrees(model: &ModelShape, machine: &Machine) -> Vec<u32> {
    (1..=machine.gpus.min(8)).filter(|&degree| Shard::new(model, degree).is_ok()).collect()
}

/// Degrees whose shards may be computed by fewer ranks, above `tp`.
pub(crate) fn shard_degrees(model: &ModelShape, tp: u32) -> Vec<u32> {
    (tp + 1..=MOST_SHARDS).filter(|&degree| Shard::new(model, degree).is_ok()).collect()
}
