//! Flux: all-gather and reduce-scatter at the grain of a GEMM's tiles.
//!
//! A GEMM behind an all-gather starts with the rows that its rank has; each further tile polls a flag that says that its rows
//! are here, brought by copy engines meanwhile. The tiles of a GEMM before a reduce-scatter are stored to the rank whose rows
//! they are as they end; that rank adds up what all have sent. The baseline runs the same GEMMs and NCCL's collectives one
//! after another.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Runs, Settings, Source, Unit, machines::machine_named,
};
use crate::{
    batch::Batch,
    model::{self, Ffn, ModelShape},
    plan::{
        Collective, Message, Op, OpId, OpRole, Plan, PlanError, Steps, Tiles, Where, plan_with,
    },
    spec::{Knobs, RunSpec, Transport},
    strategy::Run,
};

/// See the [module](self).
pub(super) const FLUX: Neighbour = Neighbour {
    name: "flux",
    title: "Flux",
    about: "GEMMs fused with reduce-scatter and all-gather, tile by tile",
    source: Source {
        title: "FLUX: Fast Software-based Communication Overlap On GPUs Through Kernel Fusion",
        place: "arXiv 2406.06858; figures by kernel: docs/performance_report.md of its repository",
    },
    claim: "up to 96 % of the communication hidden in a fused kernel",
    leaves_out: &[
        "What a store to a peer costs the tile that makes it: tiles end as if they stored to their own memory.",
        "Tile sizes tuned for the fused kernels, and clusters; tiles are those of the plain GEMM.",
        "Links between nodes: the paper's 128 GPUs are 8 here.",
    ],
    knobs: &[
        Knob {
            name: "run",
            unit: "",
            range: Range::Choice(&["ag-gemm", "gemm-rs", "llama-3.3-70b"]),
            default: 2.0,
            help: "The kernels of the performance report (hidden 12288, intermediate 49152, ungated), or layers of a model",
        },
        Knob {
            name: "machine",
            unit: "",
            range: Range::Choice(&["h800x8", "a800x8", "h100x8", "a100x8"]),
            default: 0.0,
            help: "Eight GPUs; the report measured on H800 and A800, which have fewer NVLinks",
        },
        Knob {
            name: "tokens",
            unit: "tokens",
            range: Range::Whole { least: 256, most: 65_536 },
            default: 4096.0,
            help: "Rows of the GEMMs",
        },
        Knob {
            name: "chunks",
            unit: "",
            range: Range::Whole { least: 1, most: 256 },
            default: 4.0,
            help: "Communication tiles that the rows of one rank are moved in: few expose the first, many cost a flag each",
        },
        Knob {
            name: "layers",
            unit: "",
            range: Range::Whole { least: 1, most: 8 },
            default: 2.0,
            help: "Layers of the model",
        },
    ],
    plans,
    figures,
};

/// GPUs of every machine that can be chosen.
const RANKS: u32 = 8;
/// Copies of an all-gather under way: the next begins while the flag of the one before travels.
const COPIES_AT_ONCE: u32 = 2;
/// Groups of tiles whose stores are under way.
const STORES_AT_ONCE: u32 = 4;

/// What becomes of a collective.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Fused,
    Unfused,
    /// Left out.
    Absent,
}

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let spec = spec(settings)?;
    let build = |name, how| -> Result<Plan, PlanError> {
        plan_with(&spec, name, |run| Layers::new(run, settings, how).build())
    };
    Ok(Plans {
        with: build("flux", How::Fused)?,
        without: build("unfused", How::Unfused)?,
        others: vec![("alone", build("computation alone", How::Absent)?)],
    })
}

fn spec(settings: &Settings) -> Result<RunSpec, PlanError> {
    let tokens = settings.whole("tokens");
    let (model, layers) = match settings.choice("run") {
        "llama-3.3-70b" => (model::builtin("llama-3.3-70b"), settings.whole("layers")),
        _ => (gpt3_mlp(), 1),
    };
    let unknown = || PlanError::Knob {
        knob: "run",
        value: settings.choice("run").to_owned(),
        range: "a built-in model".to_owned(),
    };
    let knobs = Knobs { tp: RANKS, layers: Some(layers), ..Knobs::default() };
    Ok(RunSpec {
        model: model.ok_or_else(unknown)?,
        machine: machine_named(settings.choice("machine"))?,
        batch: Batch::prefill(tokens, tokens),
        knobs,
    })
}

/// The sizes that the performance report measured: GPT-3's of 175 billion weights. Of it one GEMM runs.
fn gpt3_mlp() -> Option<ModelShape> {
    Some(ModelShape {
        name: "gpt-3-175b".to_owned(),
        hidden: 12_288,
        layers: 96,
        heads: 96,
        kv_heads: 96,
        ffn: Ffn::Dense { intermediate: 49_152 },
        ..model::builtin("llama-3.3-70b")?
    })
}

struct Layers<'a> {
    run: Run<'a>,
    settings: &'a Settings,
    how: How,
    ops: Steps<'a>,
    layer: Option<u32>,
}

impl<'a> Layers<'a> {
    fn new(run: Run<'a>, settings: &'a Settings, how: How) -> Self {
        let ops = Steps::new(&run.spec.machine, run.spec.knobs.tp);
        Self { run, settings, how, ops, layer: Some(0) }
    }

    fn build(mut self) -> Vec<Op> {
        let Ffn::Dense { intermediate } = self.run.shard.ffn else { return Vec::new() };
        let hidden = self.run.shard.hidden;
        match self.settings.choice("run") {
            "ag-gemm" => {
                self.gather_and_multiply(None, OpRole::GateUp, (intermediate, hidden));
            }
            "gemm-rs" => {
                self.multiply_and_scatter(OpRole::Down, (hidden, intermediate));
            }
            _ => (0..self.run.layers).for_each(|layer| self.layer(layer, intermediate)),
        }
        self.ops.finish()
    }

    /// A layer in sequence parallelism: each rank norms its share of the rows.
    fn layer(&mut self, layer: u32, intermediate: u32) {
        self.layer = Some(layer);
        let (shard, hidden) = (self.run.shard, self.run.shard.hidden);
        let rows = self.rows();
        let on = Where::compute(self.layer);
        let qkv = shard.qkv_columns();
        let normed = self.ops.add_norm(on, rows / RANKS, hidden);
        self.gather_and_multiply(Some(normed), OpRole::Qkv, (qkv, hidden));
        // Reads and writes queries, keys and values.
        let rope_bytes = 4.0 * f64::from(rows) * f64::from(qkv);
        self.ops.pointwise(on, OpRole::RopeKv, rows, rope_bytes);
        self.ops.attention(on, shard, &self.run.spec.batch.requests);
        self.multiply_and_scatter(OpRole::OProj, (hidden, shard.heads * shard.head_dim));
        let normed = self.ops.add_norm(on, rows / RANKS, hidden);
        self.gather_and_multiply(Some(normed), OpRole::GateUp, (2 * intermediate, hidden));
        // Reads gate and up, writes one.
        let gated_bytes = 6.0 * f64::from(rows) * f64::from(intermediate);
        self.ops.pointwise(on, OpRole::SiluMul, rows, gated_bytes);
        self.multiply_and_scatter(OpRole::Down, (hidden, intermediate));
    }

    /// All rows to every rank, times `[k, n]`.
    fn gather_and_multiply(&mut self, normed: Option<OpId>, role: OpRole, (n, k): (u32, u32)) {
        let rows = self.rows();
        let message = Message { collective: Collective::AllGather, rows, columns: k };
        let on = Where::compute(self.layer);
        match self.how {
            How::Absent => {}
            How::Unfused => {
                self.ops.collective(on, message, Transport::Nccl);
            }
            How::Fused => {
                let after: Vec<OpId> = normed.into_iter().collect();
                let comm = Where::comm(self.layer);
                // This rank's rows go to where peers may read them, and the GEMM begins behind that.
                let (own, bytes) = (rows / RANKS, 2.0 * message.bytes() / f64::from(RANKS));
                let copy_in = OpRole::Step("copy_in");
                let copied = self.ops.pointwise(comm.after(&after), copy_in, own, bytes);
                let gathered = self.ops.copies(comm, message, (self.chunks(), COPIES_AT_ONCE));
                let on = on.after(std::slice::from_ref(&copied));
                // Tiles of this rank's own rows come first.
                let gemm = self.ops.gemm(on, role, (rows, n, k));
                let own = self.ops.grid(gemm) / RANKS;
                self.ops.follow(gemm, Tiles { of: gathered.0, free: own, spare: 0 });
                return;
            }
        }
        self.ops.gemm(on, role, (rows, n, k));
    }

    /// All rows times `[k, n]`, of which every rank gets the sum over its share of the rows.
    fn multiply_and_scatter(&mut self, role: OpRole, (n, k): (u32, u32)) {
        let rows = self.rows();
        let message = Message { collective: Collective::ReduceScatter, rows, columns: n };
        let on = Where::compute(self.layer);
        let gemm = self.ops.gemm(on, role, (rows, n, k));
        match self.how {
            How::Absent => {}
            How::Unfused => {
                self.ops.collective(on, message, Transport::Nccl);
            }
            How::Fused => {
                // Tiles of this rank's own rows come last and stay here.
                let spare = self.ops.grid(gemm) / RANKS;
                let tiles = Tiles { of: gemm.0, free: 0, spare };
                let comm = Where::comm(self.layer).tiles(tiles);
                let sent = self.ops.copies(comm, message, (self.chunks(), STORES_AT_ONCE));
                // One share of the rows from every rank is read, one written.
                let bytes = message.bytes() * f64::from(RANKS + 1) / f64::from(RANKS);
                let reduce = OpRole::Step("reduce");
                self.ops.pointwise(on.after(&[sent]), reduce, rows / RANKS, bytes);
            }
        }
    }

    fn rows(&self) -> u32 {
        self.run.spec.batch.tokens().next_multiple_of(RANKS)
    }

    /// Of all the rows that come from other ranks, or go there.
    fn chunks(&self) -> u32 {
        self.settings.whole("chunks") * (RANKS - 1)
    }
}

fn figures(settings: &Settings, runs: &Runs) -> Vec<Figure> {
    let alone_ns = runs.other("alone").map_or(f64::NAN, |run| run.time_ns as f64);
    let exposed = |time_ns: i64| time_ns as f64 - alone_ns;
    let hidden = 1.0 - exposed(runs.with.time_ns) / exposed(runs.without.time_ns);
    let published = published(settings);
    vec![
        Figure::new("communication hidden", Unit::Share, hidden)
            .beside(published.map_or("up to 96 %", |(hidden, _)| hidden)),
        Figure::new("speed-up", Unit::Times, runs.speed_up())
            .beside(published.map(|(_, speed_up)| speed_up)),
        Figure::new("with", Unit::Ns, runs.with.time_ns as f64),
        Figure::new("without", Unit::Ns, runs.without.time_ns as f64),
        Figure::new("computation alone", Unit::Ns, alone_ns),
    ]
}

/// Share hidden and speed-up that follow from the report's times of 4096 tokens, e.g. of AG + GEMM on H800 0.957 ms, 1.429 ms
/// unfused, of which the GEMM 0.846: 1 − (0.957 − 0.846) / (1.429 − 0.846).
fn published(settings: &Settings) -> Option<(&'static str, &'static str)> {
    if settings.whole("tokens") != 4096 {
        return None;
    }
    match (settings.choice("run"), settings.choice("machine")) {
        ("ag-gemm", "h800x8") => Some(("81.0 %", "1.49×")),
        ("gemm-rs", "h800x8") => Some(("80.7 %", "1.51×")),
        ("ag-gemm", "a800x8") => Some(("95.3 %", "1.26×")),
        ("gemm-rs", "a800x8") => Some(("91.5 %", "1.24×")),
        _ => None,
    }
}
