//! TSO: slices of convolutions for a multicore NPU, chosen by what DRAM bursts take.
//!
//! A core works on one slice at a time: some rows, columns and channels of the output, with all that they need in its
//! scratchpad. The search tries slices and takes the one whose estimated time is least. With the idea, bytes count in the
//! bursts that bring them, as memory moves them; without, as if every byte came by itself. Both plans run on the same
//! machine, whose memory moves bursts.

mod networks;
mod slice;

use networks::{NETWORKS, network};
use slice::{Convolution, Slice, best};

use super::{
    Figure, Knob, Neighbour, Plans, Range, Run, Runs, Settings, Source, Unit,
    machines::machine_named, stand_in::run_of,
};
use crate::{
    machine::Machine,
    plan::{
        Cluster, Epilogue, GemmShape, Op, OpRole, Plan, PlanError, Resources, Steps, Where,
        plan_with,
    },
};

/// See the [module](self).
pub(super) const TSO: Neighbour = Neighbour {
    name: "tso",
    title: "TSO",
    about: "slices of convolutions for a multicore NPU, chosen by what DRAM bursts take",
    source: Source {
        title: "Tensor Slicing and Optimization for Multicore NPUs",
        place: "arXiv 2304.03013",
    },
    claim: "up to 21.7 % faster than slices that are chosen without bursts, on an NPU of 32 cores",
    leaves_out: &[
        "The NPU itself: beside its 32 cores all constants of the machine are estimates.",
        "Slices of the input channels, whose partial sums would be added up, and cores that share what one of them loads.",
        "That a core's first slice is waited for: all of what is moved is moved while something is computed.",
        "Layers between the convolutions, and layers that stay in scratchpads from one to the next.",
    ],
    knobs: &[
        Knob {
            name: "network",
            unit: "",
            range: Range::Choice(NETWORKS),
            default: 1.0,
            help: "Whose convolutions run",
        },
        Knob {
            name: "burst",
            unit: "bytes",
            range: Range::Whole { least: 2, most: 4096 },
            default: 256.0,
            help: "What memory moves at once: of a run of bytes at any place, one burst more than it fills on average",
        },
        Knob {
            name: "scratchpad",
            unit: "KB",
            range: Range::Whole { least: 64, most: 2048 },
            default: 512.0,
            help: "Of a core; half of it holds a slice while the other half is filled for the next",
        },
        Knob {
            name: "cores",
            unit: "",
            range: Range::Whole { least: 1, most: 128 },
            default: 32.0,
            help: "Cores, which share the memory",
        },
    ],
    plans,
    figures,
};

/// A burst of one number: every byte comes by itself.
const NO_BURSTS: u32 = slice::NUMBER_BYTES;

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let machine = machine(settings)?;
    let convolutions = network(settings.choice("network"));
    let rows = convolutions.iter().map(|layer| layer.side * layer.side).max().unwrap_or(1);
    let spec =
        run_of(settings.choice("network"), machine, 1, (convolutions.len().max(1) as u32, rows));
    let burst = settings.whole("burst");
    let build = |name, counted| -> Result<Plan, PlanError> {
        plan_with(&spec, name, |run| {
            let machine = &run.spec.machine;
            sliced(Steps::new(machine, 1), machine, convolutions, (counted, burst))
        })
    };
    Ok(Plans {
        with: build("by bursts", burst)?,
        without: build("by bytes", NO_BURSTS)?,
        others: Vec::new(),
    })
}

fn machine(settings: &Settings) -> Result<Machine, PlanError> {
    let mut machine = machine_named("npu32")?;
    machine.gpu.sms = settings.whole("cores");
    machine.gpu.smem_per_sm_bytes = settings.whole("scratchpad") << 10;
    machine.gpu.bf16_flops = f64::from(machine.gpu.sms) * machine.kernels.gemm_sm_flops;
    Ok(machine)
}

/// One op a convolution, one block a slice: chosen as if bursts were of `counted` bytes, moved in those of the machine.
fn sliced(
    mut ops: Steps<'_>,
    machine: &Machine,
    convolutions: &[Convolution],
    (counted, burst): (u32, u32),
) -> Vec<Op> {
    for (layer, convolution) in convolutions.iter().enumerate() {
        let slice = best(convolution, machine, counted);
        let at = Where::compute(Some(layer as u32));
        let block = Resources {
            threads: 256,
            registers: 32,
            smem_bytes: machine.gpu.smem_per_sm_bytes - (1 << 10),
        };
        let bytes = slice.traffic_bytes(convolution, burst);
        let shape = shape_of(convolution, slice);
        ops.tiled(at, OpRole::Step("convolution"), shape, (block, bytes));
    }
    ops.finish()
}

/// The slices as tiles of a product: output places by output channels, whole slices at the edges too, which are computed like
/// the others.
fn shape_of(convolution: &Convolution, slice: Slice) -> GemmShape {
    let [down, across, deep] = slice.counts(convolution);
    let (tile_m, tile_n) = (slice.rows * slice.columns, slice.channels);
    GemmShape {
        m: down * across * tile_m,
        n: deep * tile_n,
        k: convolution.depth(),
        groups: 1,
        tile_m,
        tile_n,
        cluster: Cluster::Alone,
        split_k: 1,
        epilogue: Epilogue::Plain,
        persistent_sms: None,
    }
}

fn figures(_: &Settings, runs: &Runs) -> Vec<Figure> {
    let bytes = |run: &Run| run.plan.ops.iter().map(|op| op.hbm_bytes).sum::<f64>();
    vec![
        Figure::new("faster", Unit::Share, runs.speed_up() - 1.0).beside("up to 21.7 %"),
        Figure::new("with", Unit::Ns, runs.with.time_ns as f64),
        Figure::new("without", Unit::Ns, runs.without.time_ns as f64),
        Figure::new("bytes moved, fewer", Unit::Times, bytes(&runs.without) / bytes(&runs.with)),
    ]
}
