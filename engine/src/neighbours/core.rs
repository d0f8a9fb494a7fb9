//! CORE: gradients as a few numbers along random directions that all ranks know.
//!
//! Every rank draws the same random vectors from a common seed and sends what its gradient is along each; the sums along
//! them and the same vectors give an estimate of the summed gradient. So m numbers travel instead of d, for the work of
//! drawing m vectors of d numbers and reading them, twice. The baseline all-reduces gradients layer by layer while the
//! next layer's are computed.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Runs, Settings, Source, Unit, machines::machine_named,
    stand_in::run_of,
};
use crate::{
    plan::{Collective, Message, Op, OpId, OpRole, Plan, PlanError, Steps, Where, plan_with},
    spec::Transport,
};

/// See the [module](self).
pub(super) const CORE: Neighbour = Neighbour {
    name: "core",
    title: "CORE",
    about: "gradients sent as a few numbers along random directions that all ranks know",
    source: Source {
        title: "CORE: Common Random Reconstruction for Distributed Optimization with Provable Low Communication Complexity",
        place: "arXiv 2309.13307",
    },
    claim: "O(1) numbers sent a gradient instead of O(d), at a rate of convergence that is not worse, for linear models",
    leaves_out: &[
        "Convergence: how many steps it takes is the paper's theorem, and how many numbers a gradient needs.",
        "Random numbers drawn in registers: they are written to memory slab by slab and read from there.",
        "Arithmetic of drawing them, which is a few tens of operations a number.",
    ],
    knobs: &[
        Knob {
            name: "numbers",
            unit: "a layer",
            range: Range::Whole { least: 1, most: 4096 },
            default: 16.0,
            help: "Numbers sent of the gradient of a layer, m: each costs drawing and reading d random numbers twice",
        },
        Knob {
            name: "network",
            unit: "",
            range: Range::Choice(&["100gbe", "nvlink"]),
            default: 0.0,
            help: "Links of a rank: 100 Gb/s, or NVLink of an H100",
        },
        Knob {
            name: "tokens",
            unit: "rows",
            range: Range::Whole { least: 256, most: 65_536 },
            default: 4096.0,
            help: "Rows of the batch of a rank: what is computed beside the communication",
        },
        Knob {
            name: "layers",
            unit: "",
            range: Range::Whole { least: 1, most: 16 },
            default: 4.0,
            help: "Layers of 8192 x 8192 weights",
        },
    ],
    plans,
    figures,
};

/// Ranks that each have all weights.
const RANKS: u32 = 8;
/// Rows and columns of a layer's weights.
const SIDE: u32 = 8192;
/// Weights of a layer, d.
const WEIGHTS: f64 = SIDE as f64 * SIDE as f64;
/// Bytes of a number.
const BF16: f64 = 2.0;

/// What becomes of the gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Projected,
    Whole,
    /// They stay where they are.
    Kept,
}

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let machine = match settings.choice("network") {
        "nvlink" => machine_named("h100x8")?,
        _ => machine_named("h100x8-100gbe")?,
    };
    let shape = (settings.whole("layers"), settings.whole("tokens"));
    let spec = run_of("linear layers", machine, RANKS, shape);
    let build = |name, how| -> Result<Plan, PlanError> {
        plan_with(&spec, name, |run| step(Steps::new(&run.spec.machine, RANKS), settings, how))
    };
    Ok(Plans {
        with: build("core", How::Projected)?,
        without: build("whole gradients", How::Whole)?,
        others: vec![("alone", build("computation alone", How::Kept)?)],
    })
}

/// The backward pass, last layer first.
fn step(mut ops: Steps<'_>, settings: &Settings, how: How) -> Vec<Op> {
    let (tokens, numbers) = (settings.whole("tokens"), settings.whole("numbers"));
    let mut sums = Vec::new();
    for layer in (0..settings.whole("layers")).rev() {
        let at = Where::compute(Some(layer));
        ops.gemm(at, OpRole::Step("input_gradient"), (tokens, SIDE, SIDE));
        let gradient = ops.gemm(at, OpRole::Step("gradient"), (SIDE, SIDE, tokens));
        match how {
            How::Kept => {}
            How::Whole => {
                all_reduce(&mut ops, (layer, gradient), (SIDE, SIDE));
            }
            How::Projected => {
                let projected = along_vectors(&mut ops, at, "project", numbers);
                sums.push((layer, all_reduce(&mut ops, (layer, projected), (1, numbers))));
            }
        }
    }
    // Last, so that nothing that computes waits for a sum that is still on its way.
    for (layer, sum) in sums {
        along_vectors(&mut ops, Where::compute(Some(layer)).after(&[sum]), "rebuild", numbers);
    }
    ops.finish()
}

fn all_reduce(
    ops: &mut Steps<'_>,
    (layer, behind): (u32, OpId),
    (rows, columns): (u32, u32),
) -> OpId {
    let message = Message { collective: Collective::AllReduce, rows, columns };
    ops.collective(Where::comm(Some(layer)).after(&[behind]), message, Transport::Nccl)
}

/// Draws the vectors, and reads them beside the gradient, which is read or written.
fn along_vectors(ops: &mut Steps<'_>, at: Where<'_>, role: &'static str, numbers: u32) -> OpId {
    let vectors = BF16 * f64::from(numbers) * WEIGHTS;
    ops.pointwise(at, OpRole::Step("draw"), SIDE, vectors);
    ops.pointwise(at, OpRole::Step(role), SIDE, vectors + BF16 * WEIGHTS)
}

fn figures(_: &Settings, runs: &Runs) -> Vec<Figure> {
    let sent = |plan: &Plan| plan.ops.iter().map(|op| op.link_bytes).sum::<f64>();
    let alone_ns = runs.other("alone").map_or(f64::NAN, |run| run.time_ns as f64);
    let vectors = [OpRole::Step("draw"), OpRole::Step("project"), OpRole::Step("rebuild")];
    let at_vectors = runs.with.ops.iter().filter(|record| {
        record.rank == 0 && vectors.contains(&runs.with.plan.ops[record.op.index()].role)
    });
    let vectors_ns: i64 = at_vectors.map(|record| record.end_ns - record.start_ns).sum();
    vec![
        Figure::new(
            "bytes sent, fewer",
            Unit::Times,
            sent(&runs.without.plan) / sent(&runs.with.plan),
        )
        .beside("d / m: O(1) numbers instead of O(d)"),
        Figure::new("speed-up of a step", Unit::Times, runs.speed_up()),
        Figure::new("with", Unit::Ns, runs.with.time_ns as f64),
        Figure::new("without", Unit::Ns, runs.without.time_ns as f64),
        Figure::new("computation alone", Unit::Ns, alone_ns),
        Figure::new("drawing and reading vectors", Unit::Ns, vectors_ns as f64),
    ]
}
