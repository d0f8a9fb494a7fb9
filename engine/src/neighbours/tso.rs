//! Tensor slicing for a multicore NPU: slices chosen by what memory needs for their runs of bytes, not by how many bytes they are.
//!
//! Each core has a scratchpad; a convolution is cut into slices of rows, columns and output channels that fit into it, twice, so that the next is on its way
//! while one is computed. A slice is many runs of consecutive bytes, and each run costs memory a little besides. The
//! baseline searches the same slices and counts bytes alone.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Runs, Settings, Source, Unit, machines::npu,
    outside::outside,
};
use crate::{
    machine::Machine,
    plan::{Cluster, Epilogue, GemmShape, Op, OpRole, PlanError, Steps, Where, plan_with},
};

/// See the [module](self).
pub(super) const TSO: Neighbour = Neighbour {
    name: "tensor-slicing",
    title: "Tensor slicing (TSO)",
    about: "slices of tensors for a multicore NPU, by bursts of memory",
    source: Source {
        title: "Tensor Slicing and Optimization for Multicore NPUs",
        place: "arXiv 2304.03013",
    },
    claim: "up to 21.7 % faster than slices chosen without regard to bursts",
    leaves_out: &[
        "The NPU's own rates and sizes, which the abstract does not give beyond 32 cores: those of the machine are estimates.",
        "Slices of input channels, layers that are fused, and what a slice shares with its neighbour in the same core.",
        "Time of the search, and of programming the copies.",
    ],
    knobs: &[
        Knob {
            name: "network",
            unit: "",
            range: Range::Choice(&["vgg-16", "resnet-50"]),
            default: 0.0,
            help: "Whose convolutions run: one of each size",
        },
        Knob {
            name: "scratchpad",
            unit: "KiB",
            range: Range::Whole { least: 64, most: 4096 },
            default: 256.0,
            help: "Memory of a core, half of it for what is computed and half for what comes next",
        },
        Knob {
            name: "burst",
            unit: "bytes",
            range: Range::Whole { least: 0, most: 1024 },
            default: 64.0,
            help: "What a run of consecutive bytes costs memory besides its bytes",
        },
        Knob {
            name: "cores",
            unit: "",
            range: Range::Whole { least: 1, most: 128 },
            default: 32.0,
            help: "Cores of the NPU; the paper's has 32",
        },
    ],
    plans,
    figures,
};

/// A convolution: side of the image, channels in and out, side of the kernel. Numbers are of one byte.
type Size = (u32, u32, u32, u32);

const VGG_16: [Size; 5] =
    [(224, 64, 64, 3), (112, 128, 128, 3), (56, 256, 256, 3), (28, 512, 512, 3), (14, 512, 512, 3)];
const RESNET_50: [Size; 8] = [
    (56, 64, 64, 3),
    (56, 256, 64, 1),
    (28, 128, 128, 3),
    (28, 512, 128, 1),
    (14, 256, 256, 3),
    (14, 1024, 256, 1),
    (7, 512, 512, 3),
    (7, 2048, 512, 1),
];

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let spec = outside(settings.choice("network"), npu(settings.whole("cores"))?, 1)?;
    let memory = Memory {
        scratchpad_bytes: u64::from(settings.whole("scratchpad")) << 10,
        run_bytes: u64::from(settings.whole("burst")),
    };
    let layers: &[Size] = match settings.choice("network") {
        "vgg-16" => &VGG_16,
        _ => &RESNET_50,
    };
    let build = |name, counted| {
        plan_with(&spec, name, |_| convolve(layers, &spec.machine, memory, counted))
    };
    Ok(Plans {
        with: build("by bursts", memory.run_bytes)?,
        without: build("by bytes", 0)?,
        others: Vec::new(),
    })
}

#[derive(Clone, Copy)]
struct Memory {
    scratchpad_bytes: u64,
    /// See the knob.
    run_bytes: u64,
}

/// The convolutions, each in the slices that seem best when a run counts so many bytes; what they take is what they take.
fn convolve(layers: &[Size], machine: &Machine, memory: Memory, counted: u64) -> Vec<Op> {
    let mut ops = Steps::new(machine, 1);
    for &layer in layers {
        let Some(slice) = Slice::best(layer, machine, memory.scratchpad_bytes, counted) else {
            continue;
        };
        let bytes = slice.count(layer) * slice.moved_bytes(layer, memory.run_bytes);
        let role = OpRole::Step("convolution");
        ops.tiled_gemm(Where::compute(None), role, slice.shape(layer), bytes as f64);
    }
    ops.finish()
}

/// A slice of the output: rows, columns, channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slice {
    rows: u32,
    columns: u32,
    channels: u32,
}

impl Slice {
    /// The one that seems fastest of all that fit, when a run of bytes counts so many besides; of equals the one of fewest slices.
    fn best(layer: Size, machine: &Machine, scratchpad_bytes: u64, run_bytes: u64) -> Option<Self> {
        let (side, _, outer, _) = layer;
        let divisors = |of: u32, least: u32| {
            (1..=of).filter(move |it| of.is_multiple_of(*it) && *it >= least.min(of))
        };
        let all = divisors(side, 1).flat_map(|rows| {
            divisors(side, 1).flat_map(move |columns| {
                divisors(outer, 8).map(move |channels| Self { rows, columns, channels })
            })
        });
        let fits = all.filter(|slice| 2 * slice.held_bytes(layer) <= scratchpad_bytes);
        let key = |slice: &Self| {
            let ns = slice.seems_ns(layer, machine, run_bytes);
            (ns.round() as u64, slice.count(layer))
        };
        fits.min_by_key(key)
    }

    /// How many there are.
    fn count(self, (side, _, outer, _): Size) -> u64 {
        let sides = u64::from(side / self.rows) * u64::from(side / self.columns);
        sides * u64::from(outer / self.channels)
    }

    /// Bytes of its inputs with their edges, weights and outputs.
    fn held_bytes(self, (_, inner, _, kernel): Size) -> u64 {
        let [rows, columns, channels, inner, kernel] =
            [self.rows, self.columns, self.channels, inner, kernel].map(u64::from);
        let edge = kernel - 1;
        inner * (rows + edge) * (columns + edge)
            + inner * kernel * kernel * channels
            + rows * columns * channels
    }

    /// The same where each run of consecutive bytes counts so many besides: a plane of a channel when its rows are whole, else a row.
    fn moved_bytes(self, layer: Size, run_bytes: u64) -> u64 {
        let (side, inner, _, kernel) = layer;
        let is_whole = self.columns == side;
        let runs = |channels: u32, rows: u32| {
            u64::from(channels) * if is_whole { 1 } else { u64::from(rows) }
        };
        let runs = 1 + runs(inner, self.rows + kernel - 1) + runs(self.channels, self.rows);
        self.held_bytes(layer) + runs * run_bytes
    }

    /// What all of them take, by the longer of products and bytes.
    fn seems_ns(self, layer: Size, machine: &Machine, run_bytes: u64) -> f64 {
        let count = self.count(layer);
        let waves = count.div_ceil(u64::from(machine.gpu.sms)) as f64;
        let GemmShape { tile_m, tile_n, k, .. } = self.shape(layer);
        let operations = 2.0 * f64::from(tile_m) * f64::from(tile_n) * f64::from(k);
        let tile_ns =
            machine.kernels.gemm_fixed_ns + operations / machine.kernels.gemm_sm_flops * 1e9;
        let bytes = (count * self.moved_bytes(layer, run_bytes)) as f64;
        (waves * tile_ns).max(bytes / machine.gpu.hbm_bytes_per_s * 1e9)
    }

    fn shape(self, (side, inner, outer, kernel): Size) -> GemmShape {
        GemmShape {
            m: side * side,
            n: outer,
            k: inner * kernel * kernel,
            groups: 1,
            tile_m: self.rows * self.columns,
            tile_n: self.channels,
            cluster: Cluster::Alone,
            split_k: 1,
            epilogue: Epilogue::Plain,
            persistent_sms: None,
        }
    }
}

fn figures(_: &Settings, runs: &Runs) -> Vec<Figure> {
    let bytes = |run: &super::Run| run.plan.ops.iter().map(|op| op.hbm_bytes).sum::<f64>();
    vec![
        Figure::new("faster", Unit::Share, runs.speed_up() - 1.0).beside("up to 21.7 %"),
        Figure::new("by bursts", Unit::Ns, runs.with.time_ns as f64),
        Figure::new("by bytes", Unit::Ns, runs.without.time_ns as f64),
        Figure::new(
            "less of memory's time",
            Unit::Share,
            1.0 - bytes(&runs.with) / bytes(&runs.without),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: 2 × 4 outputs of 8 channels, of 3 channels with edges of a 3 × 3 kernel, in an image of 8 × 8 and in one of 4 × 4.
    #[test]
    fn runs_are_rows_unless_rows_are_whole() {
        let slice = Slice { rows: 2, columns: 4, channels: 8 };
        let held = 3 * 4 * 6 + 3 * 9 * 8 + 2 * 4 * 8;
        assert_eq!(slice.held_bytes((8, 3, 8, 3)), held);
        assert_eq!(slice.moved_bytes((8, 3, 8, 3), 100), held + 100 * (1 + 3 * 4 + 8 * 2));
        assert_eq!(slice.moved_bytes((4, 3, 8, 3), 100), held + 100 * (1 + 3 + 8));
        assert_eq!(slice.count((8, 3, 16, 3)), 4 * 2 * 2);
    }
}
