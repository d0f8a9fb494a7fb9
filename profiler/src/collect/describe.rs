//! What a trace says about the run that made it.

use weftscope_engine::{
    batch::Batch,
    executor::ExecutorInfo,
    machine::{HERE, Machine},
    plan::{Plan, SplitDecision},
    spec::{RunSpec, SplitChoice},
};
use weftscope_traces::{
    BatchFacts, CommCtas, DeviceInfo, ExpectedError, LayerFacts, Meta, Provenance, RankInfo,
    RunFacts, SplitAsked, SplitFacts, StrategyFacts, words::counted,
};

/// The spec that a recorded trace was made from; `None` for imports, for several runs in one trace, and for specs of
/// another version.
pub fn spec_of(meta: &Meta) -> Option<RunSpec> {
    let [run] = meta.runs.as_slice() else { return None };
    serde_json::from_value(run.spec.clone()?).ok()
}

/// Meta data of a run of `plan`; the overhead is filled in at the end.
pub(super) fn meta(plan: &Plan, info: &ExecutorInfo) -> Meta {
    let spec = &plan.spec;
    let shards = spec.knobs.shard_of.filter(|&degree| degree != plan.ranks);
    // A file is read elsewhere too.
    let machine = if spec.machine.name == HERE { &spec.machine.title } else { &spec.machine.name };
    let what = if plan.is_of_decoder() {
        let shards = shards.map_or_else(String::new, |degree| format!(" of TP{degree} shards"));
        format!(" TP{}{shards}, {}", plan.ranks, counted(spec.batch.tokens().into(), "token"))
    } else {
        format!(", {}", counted(plan.ranks.into(), "rank"))
    };
    let title = format!("{}{what}, {} on {machine}", spec.model.name, plan.decision.name());
    let mut meta = Meta::new(title, provenance(info));
    meta.world_size = plan.ranks;
    let gpu = &spec.machine.gpu;
    meta.ranks = (0..plan.ranks)
        .map(|rank| RankInfo {
            rank,
            device: DeviceInfo {
                name: gpu.name.clone(),
                sms: gpu.sms,
                memory_bytes: gpu.memory_bytes,
                compute_capability: gpu.compute_capability,
            },
            server: None,
        })
        .collect();
    let expected_error = expected_error(&spec.machine).filter(|_| !info.measured);
    meta.runs.push(RunFacts { expected_error, ..facts(plan) });
    meta
}

/// What its file says of how far the predictions of a machine are off; `None`: nothing.
pub fn expected_error(machine: &Machine) -> Option<ExpectedError> {
    machine.expected_error.as_ref().map(|error| ExpectedError {
        percent: error.layer_pct,
        worst_percent: error.worst_pct,
        rows: error.rows,
        is_fitted: error.fitted,
        source: error.source.clone(),
    })
}

/// Measured or modelled, and by what.
pub(super) fn provenance(info: &ExecutorInfo) -> Provenance {
    let source = info.source.clone();
    if info.measured { Provenance::Measured { source } } else { Provenance::Modelled { source } }
}

fn facts(plan: &Plan) -> RunFacts {
    let spec = &plan.spec;
    let knobs = &spec.knobs;
    let decision = &plan.decision;
    let is_skewed = knobs.skew_ns.iter().any(|&skew| skew != 0);
    let partial = knobs.shard_of.filter(|&shard_of| shard_of != plan.ranks);
    RunFacts {
        model: spec.model.name.clone(),
        machine: spec.machine.title.clone(),
        tp: knobs.tp,
        shard_of: knobs.shard_of,
        batch: batch(&spec.batch),
        layers: LayerFacts { run: plan.layers, of: spec.model.layers },
        strategy: StrategyFacts {
            asked: decision.asked.name().to_owned(),
            run: decision.name().to_owned(),
            reason: decision.reason.clone(),
        },
        transport: knobs.transport.name().to_owned(),
        split_asked: match knobs.split {
            SplitChoice::Auto(chooser) => SplitAsked::Auto(chooser.name().to_owned()),
            SplitChoice::Fixed(tokens) => SplitAsked::Tokens(tokens),
        },
        split: decision.split.as_ref().map(split),
        rank_skew_ns: if is_skewed { knobs.skew_ns.clone() } else { Vec::new() },
        seed: knobs.seed,
        expected_error: None,
        caveats: partial
            .map(|shard_of| caveat(shard_of, plan.ranks))
            .into_iter()
            .chain(slowed(&knobs.slowdown))
            .collect(),
        // A schedule of the caller's own cannot be run again from its spec.
        spec: decision.own.is_none().then(|| serde_json::to_value(&**spec).ok()).flatten(),
    }
}

/// Which ranks compute more slowly than the machine, if some do.
fn slowed(slowdown: &[f64]) -> Option<String> {
    let slow = slowdown.iter().enumerate().filter(|(_, times)| **times > 1.0);
    let words: Vec<String> =
        slow.map(|(rank, times)| format!("rank {rank} {times:.2} times")).collect();
    (!words.is_empty()).then(|| format!("ranks compute more slowly: {} as long", words.join(", ")))
}

/// A part of the shards is missing, so what the layers add up is not the model's.
fn caveat(shard_of: u32, ranks: u32) -> String {
    format!(
        "shards of {shard_of} ranks on {ranks}: times show the ratio of {shard_of}, logits are meaningless"
    )
}

fn batch(batch: &Batch) -> BatchFacts {
    let cached = batch.requests.iter().map(|request| u64::from(request.cached_tokens));
    BatchFacts {
        tokens: u64::from(batch.tokens()),
        sequences: batch.requests.len() as u64,
        decoding: batch.num_decode() as u64,
        cached_tokens: cached.sum(),
    }
}

fn split(split: &SplitDecision) -> SplitFacts {
    SplitFacts {
        first_tokens: split.first_tokens,
        second_rows: split.second_rows,
        tokens: split.tokens,
        padded_tokens: split.padded_tokens,
        reason: split.reason.clone(),
        comm_ctas: CommCtas { attention: split.attn_ctas, mlp: split.mlp_ctas },
    }
}
