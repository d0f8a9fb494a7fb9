//! The cost of an op, by what it computes; formulas of everything but collectives.

use super::{OpCost, Work, collective};
use crate::{
    machine::{GemmKernels, GpuSpec, KernelSpec, Machine},
    plan::{AttentionShape, Cluster, GemmShape, Op, OpWork},
    sim::{capacity::Demand, time::ticks},
    split::{MEETING_NS, STEP_K, STEP_NS},
};

/// Tiles of a cluster that share the longer operand through multicast loads.
const CLUSTER: f64 = 2.0;

impl OpCost {
    /// Of an op that `ranks` ranks run together.
    pub(in crate::sim) fn of(op: &Op, machine: &Machine, ranks: u32) -> Self {
        match &op.work {
            OpWork::Gemm(shape) => gemm(op, shape, machine),
            OpWork::Attention(shape) => attention(op, shape, machine),
            OpWork::AddNorm { .. } => rows(op, machine),
            OpWork::Gather { table_bytes, read_bytes } => {
                gather(op, machine, *table_bytes, *read_bytes)
            }
            OpWork::Choice { top_k } => choice(op, machine, *top_k),
            // Where a row lies is read first.
            OpWork::RowSum { .. } => streaming(op, machine, machine.kernels.sm_bytes_per_s, 2.0),
            OpWork::Elementwise => {
                let kernels = &machine.kernels;
                let rate = kernels.pointwise_sm_bytes_per_s.unwrap_or(kernels.sm_bytes_per_s);
                streaming(op, machine, rate, 1.0)
            }
            OpWork::Collective(shape) => collective::cost(op, shape, machine, ranks),
        }
    }
}

/// The share of the tiled kernel's multiplies that a block of the one for few rows does a second: 5.4 of 6.97 TFLOP/s on H200
/// (engine/data/few_rows_h200.csv; kernels/NOTES.md, "Few rows").
const FEW_SHARE: f64 = 0.775;

/// The same of blocks that copy their rows together: 625 µs instead of 585 where rows were in order, 4096 tokens of Mixtral-8x22B on an H200
/// (kernels/NOTES.md, "Mixture of experts"). It holds at the power limit, too: copying takes power as multiplying does.
const GATHERED_SHARE: f64 = 0.936;

/// A tile: start, pipeline fill and epilogue, main loop at the SM's rate. Rows and columns beyond the matrix are
/// computed like the others. Loads come through L2: its two operands, one of them shared within a cluster.
fn gemm(op: &Op, shape: &GemmShape, machine: &Machine) -> OpCost {
    let kernels = &machine.kernels;
    let depth = f64::from(shape.k) / f64::from(shape.split_k);
    let flops_a_row = 2.0 * f64::from(shape.tile_n) * depth;
    let grouped = kernels.grouped_sm_flops.filter(|_| shape.groups > 1);
    let held_up = if shape.cluster == Cluster::Gathered { GATHERED_SHARE } else { 1.0 };
    let rate = grouped.unwrap_or(kernels.gemm_sm_flops) * held_up;
    let tile_ns = |rows: u32| {
        let multiplies_s = flops_a_row * f64::from(rows) / rate;
        match shape.cluster {
            Cluster::Slices => few_rows_ns(shape, kernels, multiplies_s),
            Cluster::Alone
            | Cluster::Rows
            | Cluster::Uneven
            | Cluster::Gathered
            | Cluster::Padded => kernels.gemm_fixed_ns + multiplies_s * 1e9,
        }
    };
    let start_ns = machine.host.block_start_ns;
    let uneven = shape.cluster.is_uneven().then(|| shape.uneven_tile_rows());
    let tiles = match &uneven {
        Some(rows) => Work::Each(rows.iter().map(|&rows| ticks(tile_ns(rows))).collect()),
        None => Work::Equal(ticks(tile_ns(shape.tile_m))),
    };
    // A block of a persistent launch loads its next tile's operands while it still writes this one.
    let work = match (shape.persistent_sms, tiles) {
        (None, Work::Equal(tile)) => Work::Equal(ticks(start_ns) + tile),
        (walkers, tiles) => Work::Walk {
            start: ticks(start_ns),
            tiles: Box::new(tiles),
            walkers: walkers.unwrap_or(op.grid),
            deals: shape.is_dealt(),
        },
    };
    let over_tiles = |of: &dyn Fn(u32) -> f64| match &uneven {
        Some(rows) => rows.iter().map(|&rows| of(rows)).sum(),
        None => of(shape.tile_m) * f64::from(op.grid),
    };
    let whole = Demand {
        flops: over_tiles(&|rows| flops_a_row * f64::from(rows)) / held_up,
        hbm: op.hbm_bytes,
        l2: over_tiles(&|rows| tile_loads(shape, depth, f64::from(rows))),
        ..Demand::default()
    };
    OpCost::new(work, op.grid, whole)
}

/// Bytes that a tile of so many rows moves through L2: its operands, one of which a cluster shares, and its output.
fn tile_loads(shape: &GemmShape, depth: f64, rows: f64) -> f64 {
    let columns = f64::from(shape.tile_n);
    let shared = rows.max(columns);
    2.0 * depth * (rows.min(columns) + shared / CLUSTER) + 2.0 * rows * columns
}

/// A block of few rows: it draws both of its operands as fast as a block can, or multiplies, or takes its steps, and meets the blocks
/// of the other slices.
fn few_rows_ns(shape: &GemmShape, kernels: &KernelSpec, multiplies_s: f64) -> f64 {
    let depth = f64::from(shape.k) / f64::from(shape.split_k);
    let bytes = 2.0 * depth * f64::from(shape.m.min(shape.tile_m) + shape.tile_n);
    let draws_s = kernels.gemm_sm_bytes_per_s.map_or(0.0, |rate| bytes / rate);
    let meets_ns = if shape.split_k > 1 { MEETING_NS } else { 0.0 };
    let works_ns =
        (draws_s.max(multiplies_s / FEW_SHARE) * 1e9).max(depth / f64::from(STEP_K) * STEP_NS);
    kernels.gemm_fixed_ns + works_ns + meets_ns
}

/// A block: start, main loop over the K/V tokens it sees (whole tiles, masked or not), or, for decode, the time its
/// SM needs to draw them from memory.
fn attention(op: &Op, shape: &AttentionShape, machine: &Machine) -> OpCost {
    let kernels = &machine.kernels;
    let head_dim = f64::from(shape.head_dim);
    let fixed = machine.host.block_start_ns + kernels.attention_fixed_ns;
    let loads = kernels.sm_load_bytes_per_s.unwrap_or(kernels.sm_bytes_per_s);
    let (mut flops, mut l2) = (0.0, 0.0);
    let works = shape
        .blocks()
        .map(|block| {
            let (rows, keys) = (f64::from(block.query_rows), f64::from(block.kv_tokens));
            let block_flops = 4.0 * head_dim * rows * keys;
            let bytes = 2.0 * head_dim * 2.0 * (rows + keys);
            flops += block_flops;
            l2 += bytes;
            let compute = block_flops / kernels.attention_sm_flops;
            ticks(fixed + compute.max(bytes / loads) * 1e9)
        })
        .collect();
    let whole = Demand { flops, hbm: op.hbm_bytes, l2, ..Demand::default() };
    OpCost::new(Work::Each(works), op.grid, whole)
}

/// A block that streams its share of the bytes at `sm_bytes_per_s`, after so many accesses to device memory, one after the other.
fn streaming(op: &Op, machine: &Machine, sm_bytes_per_s: f64, accesses: f64) -> OpCost {
    let waits_ns = machine.host.block_start_ns + accesses * machine.kernels.memory_latency_ns;
    let draws_ns = draws_ns(op, sm_bytes_per_s);
    drawing(op, machine, sm_bytes_per_s, waits_ns + draws_ns)
}

/// A block of a norm. A library's goes over its rows twice and waits for memory each time. This project's asks for all of a row at once
/// and keeps it, so that the row comes while the first answer is awaited: 1, 64, 256 and 512 rows of 8192 columns take 1.8, 2.0, 3.5
/// and 6.8 µs on an H200, 256 and 512 rows of 4096 1.8 and 3.5 (engine/data/kernels_h200_*; docs/measurements.md).
fn rows(op: &Op, machine: &Machine) -> OpCost {
    let (start_ns, latency_ns) = (machine.host.block_start_ns, machine.kernels.memory_latency_ns);
    let rate = machine.kernels.sm_bytes_per_s;
    let draws_ns = draws_ns(op, rate);
    let block_ns = match machine.gpu.gemm_kernels {
        GemmKernels::Library => start_ns + 2.0 * latency_ns + draws_ns,
        GemmKernels::Weft => (start_ns + latency_ns).max(draws_ns),
    };
    drawing(op, machine, rate, block_ns)
}

/// What a warp takes to find the largest of a row's scores, and what an SM does when many warps find theirs: measured on one H200 with
/// 16, 32, 64 and 128 experts of which 2, 4, 6 and 4 are chosen (docs/measurements.md, "Mixtures of experts, one GPU").
const PICK_LATENCY_NS: f64 = 190.0;
const PICK_NS: f64 = 23.0;

/// A block that chooses experts, a warp a row. The softmax before costs an SM half of what a choice does.
fn choice(op: &Op, machine: &Machine, top_k: u32) -> OpCost {
    let picks = f64::from(top_k);
    let rows = f64::from(op.tokens.div_ceil(op.grid.max(1)));
    let waits_ns = machine.kernels.memory_latency_ns + picks * PICK_LATENCY_NS;
    let issues_ns = rows * (picks + 0.5) * PICK_NS;
    let work = Work::Equal(ticks(machine.host.block_start_ns + waits_ns.max(issues_ns)));
    let whole = Demand { hbm: op.hbm_bytes, l2: op.hbm_bytes, ..Demand::default() };
    OpCost::new(work, op.grid, whole)
}

/// What an SM takes to draw the bytes of one block.
fn draws_ns(op: &Op, sm_bytes_per_s: f64) -> f64 {
    op.hbm_bytes / f64::from(op.grid.max(1)) / sm_bytes_per_s * 1e9
}

/// A block of so long that draws its share of the bytes meanwhile. Blocks of an SM wait side by side and share what it draws.
fn drawing(op: &Op, machine: &Machine, sm_bytes_per_s: f64, block_ns: f64) -> OpCost {
    let hbm = op.hbm_bytes - found_in_l2(op, &machine.gpu, sm_bytes_per_s);
    let whole = Demand { hbm, l2: op.hbm_bytes, ..Demand::default() };
    let cost = OpCost::new(Work::Equal(ticks(block_ns)), op.grid, whole);
    OpCost { issue: draws_ns(op, sm_bytes_per_s) / block_ns, ..cost }
}

/// A block that reads where sectors lie, then its share of them at random, as fast as an SM draws them, and streams the rest. Of a table as large as L2 or
/// smaller all are found there; of a larger one as many as L2 holds of it.
fn gather(op: &Op, machine: &Machine, table_bytes: f64, read_bytes: f64) -> OpCost {
    let (grid, kernels) = (f64::from(op.grid.max(1)), &machine.kernels);
    let loads = kernels.sm_load_bytes_per_s.unwrap_or(kernels.sm_bytes_per_s);
    let waits_ns = machine.host.block_start_ns + 2.0 * kernels.memory_latency_ns;
    let draws_ns = (read_bytes + op.hbm_bytes) / grid / loads * 1e9;
    let missed = (1.0 - machine.gpu.l2_bytes as f64 / table_bytes.max(1.0)).max(0.0);
    let hbm = op.hbm_bytes + missed * read_bytes;
    let l2 = op.hbm_bytes + read_bytes;
    let work = Work::Equal(ticks(waits_ns + draws_ns));
    let cost = OpCost::new(work, op.grid, Demand { hbm, l2, ..Demand::default() });
    OpCost { issue: draws_ns / (waits_ns + draws_ns), ..cost }
}

/// Bytes of device memory that an op saves since the one before has just left them in L2. They still take the time that
/// SMs need to draw them, hence less is saved than is found. Nothing was there before the first op of a plan.
fn found_in_l2(op: &Op, gpu: &GpuSpec, sm_bytes_per_s: f64) -> f64 {
    let found = if op.is_first() { 0.0 } else { op.hbm_bytes.min(gpu.l2_bytes as f64) };
    let drawn_by_all = f64::from(gpu.sms) * sm_bytes_per_s;
    found * (1.0 - gpu.hbm_bytes_per_s / drawn_by_all).max(0.0)
}
