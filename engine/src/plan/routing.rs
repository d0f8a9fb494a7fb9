//! What a mixture of experts does beside its GEMMs: memory-bound work over rows.

use super::{
    OpRole, OpWork, Resources,
    kernel::{BF16, Kernel, Pointwise, pointwise},
};
use crate::{
    machine::{GemmKernels, GpuSpec},
    model::Moe,
};

/// Tokens that a block of the own kernels takes at least: it has a warp for each of 32.
const LEAST_CHUNK: u32 = 8;
/// Blocks of the permutation for each of the blocks that chose experts.
pub(crate) const PERMUTE_PARTS: u32 = 3;

/// How the own kernels share tokens out among the blocks that choose experts: (tokens a block, blocks). No more blocks
/// than SMs, since each block of the permutation adds up what all of them have counted.
pub(crate) fn chunks(rows: u32, sms: u32) -> (u32, u32) {
    let chunk = rows.div_ceil(sms.max(1)).max(LEAST_CHUNK);
    (chunk, rows.div_ceil(chunk).max(1))
}

/// Blocks that choose experts at most, for as many rows or fewer: fewer rows may take more blocks.
#[cfg(any(test, feature = "cuda"))]
pub(crate) fn most_chunks(rows: u32, sms: u32) -> u32 {
    rows.div_ceil(LEAST_CHUNK).min(sms).max(1)
}

/// Scores of a token at most that the own kernels have a kernel for: a GEMM's tiles would be nearly empty.
pub(crate) const FEW_SCORES: u32 = 16;
/// Rows of a block of that kernel.
pub(crate) const SCORED_ROWS: u32 = 16;

/// Scores of few experts, by the kernel that reads every row once; `None` where a GEMM has them.
pub(super) fn scores(rows: u32, hidden: u32, moe: Moe, gpu: &GpuSpec) -> Option<Kernel> {
    let columns = moe.scores();
    if gpu.gemm_kernels != GemmKernels::Weft || columns > FEW_SCORES {
        return None;
    }
    let (tokens, columns, hidden) = (f64::from(rows), f64::from(columns), f64::from(hidden));
    let hbm_bytes = BF16 * (tokens + columns) * hidden + 4.0 * tokens * columns;
    let flops = 2.0 * tokens * columns * hidden;
    let kernel = pointwise(Pointwise { role: OpRole::Router, rows, flops, hbm_bytes }, gpu);
    let resources = Resources { threads: 256, ..kernel.resources };
    Some(Kernel { grid: rows.div_ceil(SCORED_ROWS), resources, ..kernel })
}

/// Each token's experts. Scores in fp32; per chosen expert a weight, an id and a place in the sorted order.
pub(super) fn top_k(rows: u32, moe: Moe, gpu: &GpuSpec) -> Kernel {
    let (tokens, experts) = (f64::from(rows), f64::from(moe.experts));
    let hbm_bytes = tokens * (4.0 * experts + 12.0 * f64::from(moe.top_k));
    let work = Pointwise { role: OpRole::TopK, rows, flops: tokens * experts, hbm_bytes };
    let kernel = pointwise(work, gpu);
    match gpu.gemm_kernels {
        GemmKernels::Weft => {
            let (grid, work) = (chunks(rows, gpu.sms).1, OpWork::Choice { top_k: moe.top_k });
            // A warp a token (`experts.cu`).
            let resources = Resources { threads: 1024, ..kernel.resources };
            Kernel { grid, work, resources, ..kernel }
        }
        GemmKernels::Library => kernel,
    }
}

/// Every token's row to the place of each of its experts: read once, written `top_k` times.
pub(super) fn permute(rows: u32, hidden: u32, moe: Moe, gpu: &GpuSpec) -> Kernel {
    let elements = f64::from(rows) * f64::from(hidden);
    let hbm_bytes = BF16 * elements * (1.0 + f64::from(moe.top_k));
    let work = Pointwise { role: OpRole::Permute, rows, flops: 0.0, hbm_bytes };
    Kernel { grid: chunks(rows, gpu.sms).1 * PERMUTE_PARTS, ..pointwise(work, gpu) }
}

/// The sum over each token's experts, the shared one too: reads a row of each, writes one.
pub(super) fn moe_sum(rows: u32, hidden: u32, moe: Moe, gpu: &GpuSpec) -> Kernel {
    let elements = f64::from(rows) * f64::from(hidden);
    let terms = moe.top_k + u32::from(moe.shared_intermediate > 0);
    let outputs = f64::from(terms);
    let (flops, hbm_bytes) = (2.0 * outputs * elements, BF16 * (outputs + 1.0) * elements);
    let kernel = pointwise(Pointwise { role: OpRole::MoeSum, rows, flops, hbm_bytes }, gpu);
    match gpu.gemm_kernels {
        GemmKernels::Weft => Kernel { work: OpWork::RowSum { terms }, ..kernel },
        GemmKernels::Library => kernel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables of counts are made for all rows of a batch and serve either split of it.
    #[test]
    fn no_part_of_a_batch_takes_more_blocks_than_there_is_room_for() {
        let sms = 132;
        assert!(chunks(1056, sms).1 > chunks(1057, sms).1, "more rows, fewer blocks");
        let mut most_so_far = 0;
        for rows in 1..20_000 {
            let (chunk, blocks) = chunks(rows, sms);
            assert!(chunk * blocks >= rows && chunk * (blocks - 1) < rows, "{rows}");
            most_so_far = blocks.max(most_so_far);
            assert_eq!(most_so_far, most_chunks(rows, sms), "{rows}");
        }
    }
}
