//! Tensor-network states with a non-Abelian symmetry: fewer and larger blocks where spin states stand for one another.
//!
//! One application of the Hamiltonian in DMRG: for every operator and every sector of states between which it goes, the block
//! of the wave function is multiplied from the left and from the right. With SU(2), the sectors are multiplets (N, S), each
//! of which stands for 2S + 1 states; the baseline, with U(1), has the states themselves, (N, M), D(M) = Σ d(S ≥ |M|), for
//! the same accuracy. All operators of a pair of sectors are one strided batch. Ranks share out the operators and add up.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Run, Runs, Settings, Source, Unit,
    machines::machine_named, stand_in::run_of,
};
use crate::{
    plan::{
        Cluster, Collective, Epilogue, GemmShape, Message, Op, OpId, OpRole, Plan, PlanError,
        Resources, Steps, StreamId, Where, plan_with,
    },
    spec::Transport,
};

/// See the [module](self).
pub(super) const TENSOR_NETWORK: Neighbour = Neighbour {
    name: "tensor-network",
    title: "Tensor networks with SU(2)",
    about: "products of many uneven blocks, in batches, of multiplets instead of states",
    source: Source {
        title: "Boosting the effective performance of massively parallel tensor network state algorithms on hybrid CPU-GPU based architectures via non-Abelian symmetries",
        place: "arXiv 2309.16724",
    },
    claim: "110 TFLOP/s on eight A100s, which is worth 250 to 500 TFLOP/s of U(1) at the same accuracy",
    leaves_out: &[
        "The host: blocks are in the memory of the GPUs when they are wanted.",
        "How sectors are filled in a molecule: sizes are Gaussian in particles and spin.",
        "Coefficients of the Wigner-Eckart theorem, which scale blocks, and everything of DMRG but this product.",
    ],
    knobs: &[
        Knob {
            name: "bond",
            unit: "multiplets",
            range: Range::Whole { least: 64, most: 8192 },
            default: 4096.0,
            help: "Bond dimension in multiplets of SU(2), all sectors together",
        },
        Knob {
            name: "spin",
            unit: "",
            range: Range::Real { least: 0.25, most: 4.0 },
            default: 1.0,
            help: "Standard deviation of the spin component of states; 1 has some 2.6 of them a multiplet",
        },
        Knob {
            name: "particles",
            unit: "",
            range: Range::Real { least: 0.25, most: 3.0 },
            default: 1.0,
            help: "Standard deviation of the number of particles",
        },
        Knob {
            name: "operators",
            unit: "",
            range: Range::Whole { least: 8, most: 512 },
            default: 128.0,
            help: "Pairs of operators of each kind, which ranks share out",
        },
    ],
    plans,
    figures,
};

const RANKS: u32 = 8;
/// Bytes of a number.
const FP64: f64 = 8.0;
/// Rows and columns of a tile.
const TILE: (u32, u32) = (128, 64);
/// A block of cuBLAS's FP64 products on the A100: one an SM, by its shared memory.
const BLOCK: Resources = Resources { threads: 256, registers: 240, smem_bytes: 96 << 10 };
/// Sectors have up to so many particles more or fewer than the middle.
const PARTICLES: i32 = 2;
/// Twice the largest spin of a sector.
const TWICE_SPIN: i32 = 8;
/// What operators change: particles, and twice the spin or its component. Four create or take one particle of spin ½; four
/// move spin, two of which leave it. SU(2) and U(1) have as many.
const OPERATORS: [(i32, i32); 8] =
    [(1, 1), (1, -1), (-1, 1), (-1, -1), (0, 2), (0, 0), (0, 0), (0, -2)];

/// Which sectors there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symmetry {
    Su2,
    U1,
}

/// How products are launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Launch {
    /// All operators between two sectors at once, two streams in turns.
    Batched,
    /// One after another.
    Single,
}

/// States or multiplets of one set of quantum numbers.
#[derive(Clone, Copy, Debug)]
struct Sector {
    particles: i32,
    /// Twice the spin, or its component.
    twice_spin: i32,
    size: u32,
}

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let machine = machine_named("a100x8-fp64")?;
    let spec = run_of("blocks of a wave function", machine, RANKS, (1, 1 << 16));
    let build = |name, symmetry, launch| -> Result<Plan, PlanError> {
        let sectors = sectors(settings, symmetry);
        let operators = settings.whole("operators").div_ceil(RANKS);
        plan_with(&spec, name, |run| {
            product(Steps::new(&run.spec.machine, RANKS), &sectors, operators, launch)
        })
    };
    Ok(Plans {
        with: build("SU(2)", Symmetry::Su2, Launch::Batched)?,
        without: build("U(1)", Symmetry::U1, Launch::Batched)?,
        others: vec![("single", build("SU(2), one by one", Symmetry::Su2, Launch::Single)?)],
    })
}

/// States of spin component M are Gaussian, D(N, M) ∝ exp(−M² / 2σ²); each multiplet has one state of every M up to its spin,
/// so that there are d(N, S) = D(N, S) − D(N, S + 1) of them. Particles and spin are even or odd together.
fn sectors(settings: &Settings, symmetry: Symmetry) -> Vec<Sector> {
    let gauss = |x: f64, deviation: f64| (-x * x / (2.0 * deviation * deviation)).exp();
    let states = |particles: i32, twice_spin: i32| {
        gauss(f64::from(particles), settings.real("particles"))
            * gauss(f64::from(twice_spin) / 2.0, settings.real("spin"))
    };
    let multiplets =
        |particles, twice_spin| states(particles, twice_spin) - states(particles, twice_spin + 2);
    let all = |least: i32| {
        let numbers = (-PARTICLES..=PARTICLES)
            .flat_map(move |n| (least..=TWICE_SPIN).map(move |twice_spin| (n, twice_spin)));
        numbers.filter(|(n, twice_spin)| (n + twice_spin) % 2 == 0)
    };
    let sum: f64 = all(0).map(|(n, twice_spin)| multiplets(n, twice_spin)).sum();
    let share = f64::from(settings.whole("bond")) / sum;
    let sized = |(particles, twice_spin): (i32, i32)| {
        let size = match symmetry {
            Symmetry::Su2 => multiplets(particles, twice_spin),
            Symmetry::U1 => states(particles, twice_spin),
        };
        Sector { particles, twice_spin, size: (share * size).round() as u32 }
    };
    let least = if symmetry == Symmetry::Su2 { 0 } else { -TWICE_SPIN };
    all(least).map(sized).filter(|sector| sector.size > 0).collect()
}

/// Every block of the wave function times the operators of this rank, from the left and from the right.
fn product(mut ops: Steps<'_>, sectors: &[Sector], operators: u32, launch: Launch) -> Vec<Op> {
    let mut last: [Option<OpId>; 2] = [None, None];
    let mut turn = 0;
    for from in sectors {
        for (particles, twice_spin) in OPERATORS {
            let goes = (from.particles + particles, from.twice_spin + twice_spin);
            let to = sectors.iter().find(|to| (to.particles, to.twice_spin) == goes);
            let Some(to) = to else { continue };
            let (launches, batch) = match launch {
                Launch::Batched => (1, operators),
                Launch::Single => (operators, 1),
            };
            for _ in 0..launches {
                let stream = if turn == 0 { StreamId::COMPUTE } else { StreamId::BESIDE };
                let at = Where { stream, ..Where::compute(Some(0)) };
                let (a, b) = (to.size, from.size);
                multiply(&mut ops, at, "left_product", (batch, [a, b, b]));
                last[turn] = Some(multiply(&mut ops, at, "right_product", (batch, [a, a, b])));
                turn = if launch == Launch::Batched { 1 - turn } else { 0 };
            }
        }
    }
    let numbers: f64 = sectors.iter().map(|sector| f64::from(sector.size).powi(2)).sum();
    // A message has columns of 2 bytes.
    let columns = (numbers * FP64 / 2.0 / f64::from(RANKS)).ceil() as u32;
    let message = Message { collective: Collective::AllReduce, rows: RANKS, columns };
    let done: Vec<OpId> = last.into_iter().flatten().collect();
    ops.collective(Where::comm(Some(0)).after(&done), message, Transport::Nccl);
    ops.finish()
}

/// A batch of products `[m, k] × [k, n]`.
fn multiply(
    ops: &mut Steps<'_>,
    at: Where<'_>,
    role: &'static str,
    (batch, [m, n, k]): (u32, [u32; 3]),
) -> OpId {
    let shape = GemmShape {
        m,
        n,
        k,
        groups: batch,
        tile_m: TILE.0,
        tile_n: TILE.1,
        cluster: Cluster::Alone,
        split_k: 1,
        epilogue: Epilogue::Plain,
        persistent_sms: None,
    };
    let [m, n, k] = [m, n, k].map(f64::from);
    let bytes = FP64 * f64::from(batch) * (m * k + k * n + m * n);
    ops.tiled(at, OpRole::Step(role), shape, (BLOCK, bytes))
}

fn figures(_: &Settings, runs: &Runs) -> Vec<Figure> {
    let flops = |run: &Run| f64::from(RANKS) * run.plan.ops.iter().map(|op| op.flops).sum::<f64>();
    // TFLOP/s is FLOP/ns / 1000.
    let rate = |flops: f64, run: &Run| flops / run.time_ns as f64 / 1e3;
    let (with, without) = (&runs.with, &runs.without);
    let single = runs.other("single");
    let batched = single.map_or(f64::NAN, |run| run.time_ns as f64 / with.time_ns as f64);
    vec![
        Figure::new("effective TFLOP/s", Unit::Number, rate(flops(without), with))
            .beside("250 to 500"),
        Figure::new("TFLOP/s", Unit::Number, rate(flops(with), with)).beside("about 110"),
        Figure::new("operations, fewer", Unit::Times, flops(without) / flops(with))
            .beside("an order of magnitude"),
        Figure::new("speed-up over U(1)", Unit::Times, runs.speed_up()),
        Figure::new("speed-up of batches over one by one", Unit::Times, batched),
        Figure::new("with", Unit::Ns, with.time_ns as f64),
        Figure::new("without", Unit::Ns, without.time_ns as f64),
    ]
}
