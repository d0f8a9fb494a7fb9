//! EPS-MoE: experts in groups, whose tokens are on their way while other groups multiply.
//!
//! Attention is tensor-parallel, and its sums are scattered by tokens. Each rank then sends its tokens to the ranks that have their
//! experts, one group of experts after another, and gets them back likewise; products of a group run as soon as its tokens are here. The baseline is
//! what vLLM does: all of it tensor-parallel, two all-reduces a layer.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Runs, Settings, Source, Unit, machines::machine_named,
};
use crate::{
    batch::Batch,
    machine::{GpuSpec, Machine},
    model::{self, Ffn, ModelShape, Moe},
    plan::{At, Collective, Message, Op, OpId, OpRole, Phase, PlanError, Steps, Where, plan_with},
    spec::{Knobs, RunSpec, Transport},
    split::gemm_shape,
    strategy::Run,
};

/// See the [module](self).
pub(super) const EPS_MOE: Neighbour = Neighbour {
    name: "eps-moe",
    title: "EPS-MoE",
    about: "experts in pipelined groups, kernel by load, all-to-all beside them",
    source: Source {
        title: "EPS-MoE: Expert Pipeline Scheduler for Cost-Efficient MoE Inference",
        place: "arXiv 2410.12247, table 1",
    },
    claim: "up to 52.4 % more prefill throughput (DBRX on 8 H800s; Mixtral 8x7B on 4: 32.2 %)",
    leaves_out: &[
        "Routers that favour some experts: each expert gets as many tokens.",
        "The batches of the paper, which it does not give; DeepSeek-V2, whose attention is not modelled.",
        "What vLLM leaves idle besides: the baseline's products, attention and all-reduces follow one another without a scheduler between.",
    ],
    knobs: &[
        Knob {
            name: "model",
            unit: "",
            range: Range::Choice(&["dbrx", "mixtral-8x7b", "qwen3-235b-a22b"]),
            default: 0.0,
            help: "DBRX on 8 H800s and Mixtral on 4, as published; Qwen3 on 8, which has 16 experts a rank",
        },
        Knob {
            name: "tokens",
            unit: "tokens",
            range: Range::Whole { least: 256, most: 65_536 },
            default: 16_384.0,
            help: "Prompt tokens of an iteration, in sequences of 2048",
        },
        Knob {
            name: "groups",
            unit: "",
            range: Range::Whole { least: 1, most: 16 },
            default: 2.0,
            help: "Groups that the experts of a rank are pipelined in; no more than there are experts",
        },
        Knob {
            name: "kernel",
            unit: "",
            range: Range::Choice(&["by-load", "grouped", "dense"]),
            default: 0.0,
            help: "One launch for the experts of a group, one for each of them, or whichever their rows make faster",
        },
        Knob {
            name: "layers",
            unit: "",
            range: Range::Whole { least: 1, most: 8 },
            default: 2.0,
            help: "Layers that run",
        },
    ],
    plans,
    figures,
};

/// Tokens of a prompt.
const PROMPT_TOKENS: u32 = 2048;

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let (spec, moe) = spec(settings)?;
    let pipelined = |name, groups, kernel| {
        plan_with(&spec, name, |run| Layers::new(run, moe, groups, kernel).build())
    };
    let (groups, kernel) = (settings.whole("groups"), settings.choice("kernel"));
    Ok(Plans {
        with: pipelined("eps-moe", groups, kernel)?,
        without: plan_with(&spec, "tensor-parallel", tensor_parallel)?,
        others: vec![("one group", pipelined("expert-parallel", 1, "grouped")?)],
    })
}

fn spec(settings: &Settings) -> Result<(RunSpec, Moe), PlanError> {
    let name = settings.choice("model");
    let (model, ranks) = match name {
        "dbrx" => (dbrx(), 8),
        "mixtral-8x7b" => (mixtral_8x7b(), 4),
        _ => (model::builtin(name), 8),
    };
    let range = "a model with experts".to_owned();
    let unknown = || PlanError::Knob { knob: "model", value: name.to_owned(), range };
    let layers = Some(settings.whole("layers"));
    let Some(ModelShape { ffn: Ffn::Moe(moe), .. }) = model else { return Err(unknown()) };
    let spec = RunSpec {
        model: model.ok_or_else(unknown)?,
        machine: machine_named("h800x8")?,
        batch: Batch::prefill(settings.whole("tokens"), PROMPT_TOKENS),
        knobs: Knobs { tp: ranks, layers, ..Knobs::default() },
    };
    Ok((spec, moe))
}

/// Its `config.json`: d_model, n_layers, n_heads, kv_n_heads, ffn_hidden_size, moe_num_experts, moe_top_k.
fn dbrx() -> Option<ModelShape> {
    let moe = Moe {
        experts: 16,
        top_k: 4,
        intermediate: 10_752,
        shared_intermediate: 0,
        renormalise: true,
    };
    Some(ModelShape {
        name: "dbrx".to_owned(),
        hidden: 6144,
        layers: 40,
        heads: 48,
        kv_heads: 8,
        ffn: Ffn::Moe(moe),
        vocab: 100_352,
        ..model::builtin("mixtral-8x22b")?
    })
}

/// Its `config.json`.
fn mixtral_8x7b() -> Option<ModelShape> {
    let moe = Moe {
        experts: 8,
        top_k: 2,
        intermediate: 14_336,
        shared_intermediate: 0,
        renormalise: true,
    };
    Some(ModelShape {
        name: "mixtral-8x7b".to_owned(),
        hidden: 4096,
        layers: 32,
        heads: 32,
        kv_heads: 8,
        ffn: Ffn::Moe(moe),
        vocab: 32_000,
        ..model::builtin("mixtral-8x22b")?
    })
}

/// Layers as vLLM's: attention and experts cut by the same degree, an all-reduce behind each.
fn tensor_parallel(run: Run<'_>) -> Vec<Op> {
    let (mut ops, part) = (run.builder(Transport::Nccl), run.whole(run.spec.knobs.tp));
    for layer in 0..run.layers {
        let at = At::compute(Some(layer), Phase::None);
        for is_attention in [true, false] {
            match is_attention {
                true => ops.attention_block(at, &part, &[]),
                false => ops.mlp_block(at, &part, &[]),
            };
            ops.collective(at, &part, Collective::AllReduce, None, &[]);
            ops.add_norm(at, &part, &[]);
        }
    }
    ops.finish()
}

/// Layers whose experts are whole, some on each rank.
struct Layers<'a> {
    run: Run<'a>,
    moe: Moe,
    groups: u32,
    kernel: &'static str,
    ops: Steps<'a>,
}

impl<'a> Layers<'a> {
    fn new(run: Run<'a>, moe: Moe, groups: u32, kernel: &'static str) -> Self {
        let groups = groups.min(moe.experts / run.spec.knobs.tp).max(1);
        let ops = Steps::new(&run.spec.machine, run.spec.knobs.tp);
        Self { run, moe, groups, kernel, ops }
    }

    fn build(mut self) -> Vec<Op> {
        for layer in 0..self.run.layers {
            self.attention(layer);
            self.experts(layer);
        }
        self.ops.finish()
    }

    /// All tokens of the rank's heads, then the sum of its share of the tokens.
    fn attention(&mut self, layer: u32) {
        let (shard, on) = (self.run.shard, Where::compute(Some(layer)));
        let (rows, hidden, qkv) = (self.rows(), shard.hidden, shard.qkv_columns());
        self.ops.gemm(on, OpRole::Qkv, (rows, qkv, hidden));
        let rope_bytes = 4.0 * f64::from(rows) * f64::from(qkv);
        self.ops.pointwise(on, OpRole::RopeKv, rows, rope_bytes);
        self.ops.attention(on, shard, &self.run.spec.batch.requests);
        self.ops.gemm(on, OpRole::OProj, (rows, hidden, shard.heads * shard.head_dim));
        let scatter = Message { collective: Collective::ReduceScatter, rows, columns: hidden };
        self.ops.collective(on, scatter, Transport::Nccl);
        self.ops.add_norm(on, self.own_rows(), hidden);
    }

    /// Tokens to their experts and back, group by group; then all of them to every rank.
    fn experts(&mut self, layer: u32) {
        let Moe { experts, top_k, .. } = self.moe;
        let (hidden, own) = (self.run.shard.hidden, self.own_rows());
        let (on, comm) = (Where::compute(Some(layer)), Where::comm(Some(layer)));
        self.ops.gemm(on, OpRole::Router, (own, experts, hidden));
        let scores_bytes = f64::from(own) * (4.0 * f64::from(experts) + 12.0 * f64::from(top_k));
        let chosen = self.ops.pointwise(on, OpRole::TopK, own, scores_bytes);
        // Every choice of a token is a row that is sent.
        let rows = (own * top_k).div_ceil(self.groups);
        let exchange = Message { collective: Collective::AllToAll, rows, columns: hidden };
        let send = |ops: &mut Steps<'a>, after: OpId| {
            ops.collective(comm.after(&[after]), exchange, Transport::Nccl)
        };
        let sent: Vec<OpId> = (0..self.groups).map(|_| send(&mut self.ops, chosen)).collect();
        let mut back = chosen;
        for sent in sent {
            let done = self.group(layer, sent);
            back = send(&mut self.ops, done);
        }
        let sum_bytes = 2.0 * f64::from(own * (top_k + 1)) * f64::from(hidden);
        self.ops.pointwise(on.after(&[back]), OpRole::MoeSum, own, sum_bytes);
        self.ops.add_norm(on, own, hidden);
        let rows = self.rows();
        let gather = Message { collective: Collective::AllGather, rows, columns: hidden };
        self.ops.collective(on, gather, Transport::Nccl);
    }

    /// The products of a group's experts, once its tokens are here.
    fn group(&mut self, layer: u32, sent: OpId) -> OpId {
        let Moe { experts, top_k, intermediate, .. } = self.moe;
        let (ranks, hidden) = (self.run.spec.knobs.tp, self.run.shard.hidden);
        let here = (experts / ranks).div_ceil(self.groups);
        let each = (self.rows() * top_k).div_ceil(experts);
        let on = Where::compute(Some(layer));
        let up = (each, 2 * intermediate, hidden);
        let up = Products { role: OpRole::ExpertsW13, experts: here, size: up };
        let down = (each, hidden, intermediate);
        let down = Products { role: OpRole::ExpertsW2, experts: here, size: down };
        self.multiply(on.after(&[sent]), up);
        let gated = here * each;
        let gated_bytes = 6.0 * f64::from(gated) * f64::from(intermediate);
        self.ops.pointwise(on, OpRole::SiluMul, gated, gated_bytes);
        self.multiply(on, down)
    }

    fn multiply(&mut self, at: Where<'_>, products: Products) -> OpId {
        let Products { role, experts, size } = products;
        if !products.is_dense(self.kernel, &self.run.spec.machine) {
            return self.ops.grouped_gemm(at, role, size, experts);
        }
        let first = self.ops.gemm(at, role, size);
        let rest = Where { after: &[], ..at };
        (1..experts).fold(first, |_, _| self.ops.gemm(rest, role, size))
    }

    fn rows(&self) -> u32 {
        self.run.spec.batch.tokens().next_multiple_of(self.run.spec.knobs.tp)
    }

    /// Of each rank.
    fn own_rows(&self) -> u32 {
        self.rows() / self.run.spec.knobs.tp
    }
}

/// Products of one size, one an expert.
#[derive(Clone, Copy)]
struct Products {
    role: OpRole,
    experts: u32,
    size: (u32, u32, u32),
}

impl Products {
    /// Each by itself rather than all in one launch: as asked, or where waves of one after another, with the gaps between
    /// launches, are over sooner than those of all together, whose tiles are slower.
    fn is_dense(self, kernel: &str, machine: &Machine) -> bool {
        let rates = &machine.kernels;
        let grouped_rate = rates.grouped_sm_flops.unwrap_or(rates.gemm_sm_flops);
        let gap_ns = machine.host.kernel_gap_ns.max(machine.host.issue_ns);
        match kernel {
            "grouped" => false,
            "dense" => true,
            _ => {
                let dense = self.waves_ns(1, rates.gemm_sm_flops, machine) + gap_ns;
                let grouped = self.waves_ns(self.experts, grouped_rate, machine) + gap_ns;
                f64::from(self.experts) * dense < grouped
            }
        }
    }

    /// Of so many experts in one launch, ns.
    fn waves_ns(self, experts: u32, sm_flops: f64, machine: &Machine) -> f64 {
        let gpu: &GpuSpec = &machine.gpu;
        let shape = gemm_shape(self.size, Some(experts), gpu, gpu.sms);
        let waves = f64::from(shape.grid().div_ceil(gpu.sms));
        let flops = 2.0 * f64::from(shape.tile_m) * f64::from(shape.tile_n) * f64::from(shape.k);
        waves * (machine.kernels.gemm_fixed_ns + flops / sm_flops * 1e9)
    }
}

fn figures(settings: &Settings, runs: &Runs) -> Vec<Figure> {
    let spec = &runs.with.plan.spec;
    let share = f64::from(runs.with.plan.layers) / f64::from(spec.model.layers);
    let per_s = |time_ns: i64| f64::from(spec.batch.tokens()) / (time_ns as f64 / share) * 1e9;
    let one_group_ns = runs.other("one group").map_or(f64::NAN, |run| run.time_ns as f64);
    let (gain, throughput, before) = match settings.choice("model") {
        "dbrx" => (Some("52.4 %"), Some("56740 tokens/s"), Some("37230 tokens/s")),
        "mixtral-8x7b" => (Some("32.2 %"), Some("94890 tokens/s"), Some("71840 tokens/s")),
        _ => (None, None, None),
    };
    vec![
        Figure::new("more prefill throughput", Unit::Share, runs.speed_up() - 1.0).beside(gain),
        Figure::new("throughput", Unit::TokensPerS, per_s(runs.with.time_ns)).beside(throughput),
        Figure::new("tensor-parallel", Unit::TokensPerS, per_s(runs.without.time_ns))
            .beside(before),
        Figure::new(
            "gained over one group",
            Unit::Share,
            one_group_ns / runs.with.time_ns as f64 - 1.0,
        ),
    ]
}
