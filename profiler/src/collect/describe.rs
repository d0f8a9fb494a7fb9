//! What a trace says about the run that made it.

use weftscope_engine::{
    batch::Batch,
    executor::ExecutorInfo,
    plan::{Plan, SplitDecision},
    spec::{RunSpec, SplitChoice},
};
use weftscope_traces::{DeviceInfo, Meta, Provenance, RankInfo};

/// Key of [`Meta::run`] under which the whole spec lies as JSON, so that a file can be run again.
pub const SPEC_KEY: &str = "spec";

/// The spec that a recorded trace was made from; `None` for imports and for specs of another version.
pub fn spec_of(meta: &Meta) -> Option<RunSpec> {
    let (_, json) = meta.run.iter().find(|(key, _)| key == SPEC_KEY)?;
    serde_json::from_str(json).ok()
}

/// Meta data of a run of `plan`; the overhead is filled in at the end.
pub(super) fn meta(plan: &Plan, info: &ExecutorInfo) -> Meta {
    let spec = &plan.spec;
    let shards = spec.knobs.shard_of.filter(|&degree| degree != plan.ranks);
    let title = format!(
        "{} TP{}{}, {} tokens, {} on {}",
        spec.model.name,
        plan.ranks,
        shards.map_or_else(String::new, |degree| format!(" of TP{degree} shards")),
        spec.batch.tokens(),
        plan.decision.runs.name(),
        spec.machine.name
    );
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
        })
        .collect();
    meta.run = run_lines(plan);
    meta
}

/// Measured or modelled, and by what.
pub(super) fn provenance(info: &ExecutorInfo) -> Provenance {
    let source = info.source.clone();
    if info.measured { Provenance::Measured { source } } else { Provenance::Modelled { source } }
}

fn run_lines(plan: &Plan) -> Vec<(String, String)> {
    let spec = &plan.spec;
    let knobs = &spec.knobs;
    let mut lines = Vec::new();
    let mut line = |key: &str, value: String| lines.push((key.to_owned(), value));
    line("model", spec.model.name.clone());
    line("machine", spec.machine.title.clone());
    line("tp", knobs.tp.to_string());
    if let Some(shard_of) = knobs.shard_of {
        line("shard sizes as of tp", shard_of.to_string());
        if shard_of != plan.ranks {
            line(Meta::CAVEAT, caveat(shard_of, plan.ranks));
        }
    }
    line("batch", batch_in_words(&spec.batch));
    line("layers", format!("{} of {}", plan.layers, spec.model.layers));
    line("strategy asked", plan.decision.asked.name().to_owned());
    line("strategy run", plan.decision.runs.name().to_owned());
    if !plan.decision.reason.is_empty() {
        line("strategy reason", plan.decision.reason.clone());
    }
    line("transport", knobs.transport.name().to_owned());
    line("split asked", split_choice(knobs.split));
    if let Some(split) = &plan.decision.split {
        line("split", split_in_words(split));
        line("split reason", split.reason.clone());
        line("comm CTAs", format!("attention {}, mlp {}", split.attn_ctas, split.mlp_ctas));
    }
    if knobs.skew_ns.iter().any(|&skew| skew != 0) {
        let skews: Vec<String> = knobs.skew_ns.iter().map(i64::to_string).collect();
        line("rank skew ns", skews.join(", "));
    }
    line("seed", knobs.seed.to_string());
    // A spec that does not turn into JSON has a rate that is not finite; the rest of the trace is still true.
    if let Ok(json) = serde_json::to_string(&**spec) {
        line(SPEC_KEY, json);
    }
    lines
}

/// A part of the shards is missing, so what the layers add up is not the model's.
fn caveat(shard_of: u32, ranks: u32) -> String {
    format!(
        "shards of {shard_of} ranks on {ranks}: times show the ratio of {shard_of}, logits are meaningless"
    )
}

fn batch_in_words(batch: &Batch) -> String {
    let num = batch.requests.len();
    let cached: u64 = batch.requests.iter().map(|request| u64::from(request.cached_tokens)).sum();
    let requests = if num == 1 { "1 sequence".to_owned() } else { format!("{num} sequences") };
    let mut text = format!("{} tokens of {requests}", batch.tokens());
    if batch.num_decode() > 0 {
        text += &format!(", {} of them decoding", batch.num_decode());
    }
    if cached > 0 {
        text += &format!(", {cached} tokens cached");
    }
    text
}

fn split_choice(choice: SplitChoice) -> String {
    match choice {
        SplitChoice::Auto(chooser) => format!("auto ({})", chooser.name()),
        SplitChoice::Fixed(tokens) => format!("{tokens} tokens"),
    }
}

fn split_in_words(split: &SplitDecision) -> String {
    format!(
        "{} + {} rows ({} tokens, padded to {})",
        split.first_tokens, split.second_rows, split.tokens, split.padded_tokens
    )
}
