//! Splitwiser: prompts and decode steps beside each other on one GPU.
//!
//! Two processes share a GPU's SMs through MPS: one computes prompts, the other decodes. Each has a host of its own, a stream, and
//! whatever SMs the other leaves. The baseline is one process with one host and one stream, which does both in turns: a decode step
//! after each slice of the prompts.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Runs, Settings, Source, Unit, machines::machine_named,
};
use crate::{
    batch::{Batch, Request},
    model::{self, Ffn, ModelShape},
    plan::{At, Builder, Op, Part, Phase, PlanError, Split, StreamId, plan_with},
    spec::{Knobs, RunSpec, Transport},
    strategy::Run,
};

/// See the [module](self).
pub(super) const SPLITWISER: Neighbour = Neighbour {
    name: "splitwiser",
    title: "Splitwiser",
    about: "prompts and decode steps beside each other on one GPU",
    source: Source {
        title: "Splitwiser: Efficient LM inference with constrained resources",
        place: "arXiv 2505.03763",
    },
    claim: "up to 18.2 % less latency than one phase after the other, up to 1.42 times the throughput",
    leaves_out: &[
        "More than two processes: the paper has up to eight, whose hosts are what it mostly wins by.",
        "What starting processes costs, and caches that they do not share.",
    ],
    knobs: &[
        Knob {
            name: "model",
            unit: "",
            range: Range::Choice(&["opt-125m", "llama-7b"]),
            default: 0.0,
            help: "Sizes of the model: a small one, whose kernels leave SMs free, or a large one",
        },
        Knob {
            name: "machine",
            unit: "",
            range: Range::Choice(&["a100x8", "h100x8", "rtx4090x2"]),
            default: 0.0,
            help: "One GPU of it; the paper has an A10 and an A100",
        },
        Knob {
            name: "prompt",
            unit: "tokens",
            range: Range::Whole { least: 512, most: 16_384 },
            default: 2048.0,
            help: "Tokens of prompts that are computed, in sequences of 512",
        },
        Knob {
            name: "sequences",
            unit: "",
            range: Range::Whole { least: 1, most: 256 },
            default: 32.0,
            help: "Sequences that are decoded meanwhile",
        },
        Knob {
            name: "steps",
            unit: "",
            range: Range::Whole { least: 1, most: 32 },
            default: 4.0,
            help: "Decode steps of each of them",
        },
        Knob {
            name: "context",
            unit: "tokens",
            range: Range::Whole { least: 1, most: 32_768 },
            default: 512.0,
            help: "Tokens of each of them so far",
        },
        Knob {
            name: "layers",
            unit: "",
            range: Range::Whole { least: 1, most: 12 },
            default: 12.0,
            help: "Layers of the model",
        },
    ],
    plans,
    figures,
};

/// Tokens of a prompt.
const PROMPT_TOKENS: u32 = 512;

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let spec = spec(settings)?;
    let build = |name, sharing| {
        plan_with(&spec, name, |run| Processes::new(run, settings).interleaved(sharing))
    };
    Ok(Plans {
        with: build("beside each other", Sharing::Sms)?,
        without: build("in turns", Sharing::Time)?,
        others: vec![("decode alone", build("decode alone", Sharing::DecodeAlone)?)],
    })
}

/// The batch is all that runs: every prompt, and a token of each step of a sequence.
fn spec(settings: &Settings) -> Result<RunSpec, PlanError> {
    let unknown = || PlanError::Knob {
        knob: "model",
        value: settings.choice("model").to_owned(),
        range: "opt-125m or llama-7b".to_owned(),
    };
    let prompts = Batch::prefill(settings.whole("prompt"), PROMPT_TOKENS).requests;
    let decodes = decodes(settings);
    let layers = Some(settings.whole("layers"));
    Ok(RunSpec {
        model: sizes(settings.choice("model")).ok_or_else(unknown)?,
        machine: machine_named(settings.choice("machine"))?,
        batch: Batch { requests: prompts.into_iter().chain(decodes).collect() },
        knobs: Knobs { tp: 1, layers, ..Knobs::default() },
    })
}

fn decodes(settings: &Settings) -> Vec<Request> {
    let request = Request { cached_tokens: settings.whole("context"), new_tokens: 1 };
    vec![request; settings.whole("sequences") as usize]
}

/// Sizes of their `config.json`; OPT's two products of the feed-forward block as a gated block of two thirds of its width, which
/// has as many weights.
fn sizes(name: &str) -> Option<ModelShape> {
    let (hidden, layers, heads, intermediate, vocab) = match name {
        "opt-125m" => (768, 12, 12, 2048, 50_272),
        _ => (4096, 32, 32, 11_008, 32_000),
    };
    Some(ModelShape {
        name: name.to_owned(),
        hidden,
        layers,
        heads,
        kv_heads: heads,
        head_dim: hidden / heads,
        ffn: Ffn::Dense { intermediate },
        vocab,
        ..model::builtin("llama-3.3-70b")?
    })
}

/// How two processes share a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    /// Each takes the SMs that the other leaves.
    Sms,
    /// One process does both in turns.
    Time,
    /// One has it alone.
    DecodeAlone,
}

/// What there is to do.
struct Processes<'a> {
    layers: u32,
    steps: u32,
    ops: Builder<'a>,
    prompts: Part,
    decodes: Part,
}

impl<'a> Processes<'a> {
    fn new(run: Run<'a>, settings: &Settings) -> Self {
        let prompts = Batch::prefill(settings.whole("prompt"), PROMPT_TOKENS);
        let decodes = decodes(settings);
        Self {
            layers: run.layers,
            steps: settings.whole("steps"),
            // There is one rank.
            ops: run.builder(Transport::Nccl),
            prompts: part(prompts.tokens(), prompts.requests),
            decodes: part(settings.whole("sequences"), decodes),
        }
    }

    /// A share of the prompts' layers, a decode step, and so on.
    fn interleaved(mut self, sharing: Sharing) -> Vec<Op> {
        let (layers, steps) = (self.layers, self.steps);
        let layers = |step: u32| step * layers / steps;
        for step in 0..steps {
            if sharing != Sharing::DecodeAlone {
                for layer in layers(step)..layers(step + 1) {
                    let at = At::compute(Some(layer), Phase::None);
                    block(&mut self.ops, at, &self.prompts);
                }
            }
            let decoding = match sharing {
                Sharing::Sms | Sharing::DecodeAlone => StreamId::BESIDE,
                Sharing::Time => StreamId::COMPUTE,
            };
            self.decode(decoding);
        }
        self.ops.finish()
    }

    /// A token of each sequence.
    fn decode(&mut self, stream: StreamId) {
        let phase = Phase::None;
        for layer in 0..self.layers {
            block(&mut self.ops, At { stream, layer: Some(layer), phase }, &self.decodes);
        }
        let (at, sequences) = (At { stream, layer: None, phase }, self.decodes.rows);
        self.ops.lm_head(at, &self.decodes, sequences, &[]);
    }
}

fn part(rows: u32, sequences: Vec<Request>) -> Part {
    Part { split: Split::Whole, rows, sequences }
}

/// A layer.
fn block(ops: &mut Builder<'_>, at: At, part: &Part) {
    ops.attention_block(at, part, &[]);
    ops.add_norm(at, part, &[]);
    ops.mlp_block(at, part, &[]);
    ops.add_norm(at, part, &[]);
}

fn figures(settings: &Settings, runs: &Runs) -> Vec<Figure> {
    // Prompts have more tokens than there can be sequences.
    let end_ns = |run: &super::Run, tokens| {
        run.end_of(|op| op.tokens == tokens).map_or(f64::NAN, |end_ns| end_ns as f64)
    };
    let [with, without] = [&runs.with, &runs.without];
    let alone_ns = runs.other("decode alone").map_or(f64::NAN, |run| run.time_ns as f64);
    let [prompts, decode] = ["prompt", "sequences"].map(|knob| settings.whole(knob));
    let less = 1.0 - with.time_ns as f64 / without.time_ns as f64;
    vec![
        Figure::new("less latency of both together", Unit::Share, less).beside("up to 18.2 %"),
        Figure::new("throughput", Unit::Times, runs.speed_up()).beside("up to 1.42×"),
        Figure::new("prompts, beside", Unit::Ns, end_ns(with, prompts)),
        Figure::new("prompts, in turns", Unit::Ns, end_ns(without, prompts)),
        Figure::new("decode steps, beside", Unit::Ns, end_ns(with, decode)),
        Figure::new("decode steps, in turns", Unit::Ns, end_ns(without, decode)),
        Figure::new("decode steps, alone", Unit::Ns, alone_ns),
    ]
}
