//! Instant NGP: a hash grid of features and a tiny network in one kernel, instead of a large network.
//!
//! A training step of samples in space. With the grid: of each level the features of a sample's eight corners are gathered, a level at a time
//! so that its table stays in L2, and a network of 64 wide layers runs in one kernel; backwards the same. The baseline is NeRF's: frequencies
//! of the position into eight layers of 256, a product each.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Runs, Settings, Source, Unit, machines::machine_named,
    stand_in::run_of,
};
use crate::plan::{Collective, Message, OpRole, PlanError, Steps, Where, plan_with};
use crate::spec::{RunSpec, Transport};

/// See the [module](self).
pub(super) const INSTANT_NGP: Neighbour = Neighbour {
    name: "instant-ngp",
    title: "Instant NGP",
    about: "hash-grid gathers bound by L2, and a tiny fused network",
    source: Source {
        title: "Instant Neural Graphics Primitives with a Multiresolution Hash Encoding",
        place: "arXiv 2201.05989",
    },
    claim: "several orders of magnitude together: training in seconds",
    leaves_out: &[
        "That the grid needs fewer steps than a large network, which is part of what is claimed: here a step is held against a step.",
        "Samples that share corners, and atomics that meet, of which the first saves reads and the second costs time.",
        "Marching of rays, which chooses the samples.",
    ],
    knobs: &[
        Knob {
            name: "log2-table",
            unit: "",
            range: Range::Whole { least: 14, most: 24 },
            default: 19.0,
            help: "Entries of a level's table, as a power of two; the paper has 14 to 24",
        },
        Knob {
            name: "log2-samples",
            unit: "",
            range: Range::Whole { least: 14, most: 21 },
            default: 18.0,
            help: "Samples of a step on each GPU, as a power of two; the paper has 18",
        },
        Knob {
            name: "gpus",
            unit: "",
            range: Range::Whole { least: 1, most: 8 },
            default: 1.0,
            help: "GPUs that have a share of the samples each and add up their gradients",
        },
        Knob {
            name: "machine",
            unit: "",
            range: Range::Choice(&["a100x8", "h100x8"]),
            default: 0.0,
            help: "GPUs; the paper has an RTX 3090, of which there is no machine file",
        },
    ],
    plans,
    figures,
};

/// Levels of the grid, features of an entry, and corners of a cell.
const LEVELS: u32 = 16;
const FEATURES: u32 = 2;
const CORNERS: u32 = 8;
/// Least that is read of memory at a place.
const SECTOR_BYTES: f64 = 32.0;
/// The network behind the grid: two layers of 64 and one to density and colour.
const TINY: [u32; 4] = [LEVELS * FEATURES, 64, 64, 16];
/// NeRF's: 60 frequencies, eight layers of 256, density and colour.
const LARGE: [u32; 10] = [60, 256, 256, 256, 256, 256, 256, 256, 256, 4];
/// What backward costs of forward: gradients of inputs and of weights.
const BACKWARD: u32 = 2;

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let machine = machine_named(settings.choice("machine"))?;
    let spec = run_of("instant-ngp", machine, settings.whole("gpus"), (1, 1));
    let step = Step {
        samples: 1 << settings.whole("log2-samples"),
        entries: 1 << settings.whole("log2-table"),
        spec: &spec,
    };
    Ok(Plans {
        with: plan_with(&spec, "hash grid", |_| step.hash_grid())?,
        without: plan_with(&spec, "large network", |_| step.large_network())?,
        others: Vec::new(),
    })
}

#[derive(Clone, Copy)]
struct Step<'a> {
    samples: u32,
    entries: u32,
    spec: &'a RunSpec,
}

impl Step<'_> {
    fn hash_grid(self) -> Vec<crate::plan::Op> {
        let (mut ops, on) = (self.ops(), Where::compute(None));
        self.encode(&mut ops);
        ops.fused_layers(on, OpRole::Step("fused_mlp"), self.samples, &TINY);
        for _ in 0..BACKWARD {
            ops.fused_layers(on, OpRole::Step("fused_mlp"), self.samples, &TINY);
        }
        self.encode(&mut ops);
        // 2 bytes a feature.
        let features = LEVELS * FEATURES;
        self.update(&mut ops, self.entries, features);
        ops.finish()
    }

    /// Features of every sample's corners in one launch whose blocks go through level after level, so that one level's table at a time is
    /// in L2; backward writes where forward reads.
    fn encode(self, ops: &mut Steps<'_>) {
        let (entry_bytes, levels) = (2.0 * f64::from(FEATURES), f64::from(LEVELS));
        let table_bytes = f64::from(self.entries) * entry_bytes;
        let read_bytes = levels * f64::from(self.samples) * f64::from(CORNERS) * SECTOR_BYTES;
        // A position of three floats, and the features.
        let streamed = f64::from(self.samples) * (12.0 + levels * entry_bytes);
        let bytes = (table_bytes, read_bytes, streamed);
        ops.gather(Where::compute(None), OpRole::Step("encode"), self.samples, bytes);
    }

    fn large_network(self) -> Vec<crate::plan::Op> {
        let (mut ops, on) = (self.ops(), Where::compute(None));
        let bytes = f64::from(self.samples) * (12.0 + 2.0 * f64::from(LARGE[0]));
        ops.pointwise(on, OpRole::Step("encode"), self.samples, bytes);
        for _ in 0..=BACKWARD {
            for pair in LARGE.windows(2) {
                ops.gemm(on, OpRole::Step("layer"), (self.samples, pair[1], pair[0]));
            }
        }
        self.update(&mut ops, LARGE.len() as u32 * 256, 256);
        ops.finish()
    }

    /// Gradients of `rows` by `columns` of weights are added up over the GPUs, and Adam's step is taken.
    fn update(self, ops: &mut Steps<'_>, rows: u32, columns: u32) {
        let on = Where::compute(None);
        if self.spec.knobs.tp > 1 {
            let message = Message { collective: Collective::AllReduce, rows, columns };
            ops.collective(on, message, Transport::Nccl);
        }
        // Weight, gradient, two moments: read; three of them written.
        let bytes = 14.0 * f64::from(rows) * f64::from(columns);
        ops.pointwise(on, OpRole::Step("update"), rows, bytes);
    }

    fn ops(&self) -> Steps<'_> {
        Steps::new(&self.spec.machine, self.spec.knobs.tp)
    }
}

fn figures(settings: &Settings, runs: &Runs) -> Vec<Figure> {
    let samples = f64::from(1 << settings.whole("log2-samples")) * f64::from(runs.with.plan.ranks);
    let per_ns = samples / runs.with.time_ns as f64;
    vec![
        Figure::new("speed-up of a step", Unit::Times, runs.speed_up())
            .beside("several orders, with fewer steps"),
        Figure::new("step with the grid", Unit::Ns, runs.with.time_ns as f64),
        Figure::new("step of the large network", Unit::Ns, runs.without.time_ns as f64),
        Figure::new("samples a µs", Unit::Number, 1000.0 * per_ns),
    ]
}
