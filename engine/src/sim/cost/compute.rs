//! The cost of an op, by what it computes; formulas of everything but collectives.

use super::{OpCost, Work, collective};
use crate::{
    machine::Machine,
    plan::{AttentionShape, GemmShape, Op, OpWork},
    sim::{capacity::Demand, time::ticks},
};

/// Tiles of a cluster that share the longer operand through multicast loads.
const CLUSTER: f64 = 2.0;

impl OpCost {
    /// Of an op that `ranks` ranks run together.
    pub(in crate::sim) fn of(op: &Op, machine: &Machine, ranks: u32) -> Self {
        match &op.work {
            OpWork::Gemm(shape) => gemm(op, shape, machine),
            OpWork::Attention(shape) => attention(op, shape, machine),
            OpWork::AddNorm { .. } => streaming(op, machine, 2.0),
            OpWork::Elementwise => streaming(op, machine, 1.0),
            OpWork::Collective(shape) => collective::cost(op, shape, machine, ranks),
        }
    }
}

/// A tile: start, pipeline fill and epilogue, main loop at the SM's rate. Rows and columns beyond the matrix are
/// computed like the others. Loads come through L2: its two operands, one of them shared within a cluster.
fn gemm(op: &Op, shape: &GemmShape, machine: &Machine) -> OpCost {
    let kernels = &machine.kernels;
    let (tile_m, tile_n) = (f64::from(shape.tile_m), f64::from(shape.tile_n));
    let depth = f64::from(shape.k) / f64::from(shape.split_k);
    let flops = 2.0 * tile_m * tile_n * depth;
    let fixed = machine.host.block_start_ns + kernels.gemm_fixed_ns;
    let work = ticks(fixed + flops / kernels.gemm_sm_flops * 1e9);
    let shared = tile_m.max(tile_n);
    let loads = 2.0 * depth * (tile_m.min(tile_n) + shared / CLUSTER);
    let grid = f64::from(op.grid);
    let whole = Demand {
        flops: flops * grid,
        hbm: op.hbm_bytes,
        l2: (loads + 2.0 * tile_m * tile_n) * grid,
        ..Demand::default()
    };
    OpCost::new(Work::Equal(work), op.grid, whole)
}

/// A block: start, main loop over the K/V tokens it sees (whole tiles, masked or not), or, for decode, the time its
/// SM needs to draw them from memory.
fn attention(op: &Op, shape: &AttentionShape, machine: &Machine) -> OpCost {
    let kernels = &machine.kernels;
    let head_dim = f64::from(shape.head_dim);
    let fixed = machine.host.block_start_ns + kernels.attention_fixed_ns;
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
            ticks(fixed + compute.max(bytes / kernels.sm_bytes_per_s) * 1e9)
        })
        .collect();
    let whole = Demand { flops, hbm: op.hbm_bytes, l2, ..Demand::default() };
    OpCost::new(Work::Each(works), op.grid, whole)
}

/// A block that streams its share of the bytes, after `accesses` dependent accesses to device memory.
fn streaming(op: &Op, machine: &Machine, accesses: f64) -> OpCost {
    let kernels = &machine.kernels;
    let grid = f64::from(op.grid.max(1));
    let bytes = op.hbm_bytes / grid;
    let fixed = machine.host.block_start_ns + accesses * kernels.memory_latency_ns;
    let work = ticks(fixed + bytes / kernels.sm_bytes_per_s * 1e9);
    let whole = Demand { hbm: op.hbm_bytes, l2: op.hbm_bytes, ..Demand::default() };
    OpCost::new(Work::Equal(work), op.grid, whole)
}
