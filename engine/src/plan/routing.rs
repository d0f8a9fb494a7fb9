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

/// Blocks of the permutation, of so many that chose experts: three for each where rows come to their places.
pub(crate) fn permute_blocks(chunks: u32, copies: bool) -> u32 {
    if copies { 3 * chunks } else { chunks }
}

/// The place of every token with each of its experts in the order of experts, and whose each place is: per entry an expert and its number
/// among those of a block are read, two numbers written; and each block reads what all blocks have counted. Where the product does not
/// gather rows, every row is read, too, and written `top_k` times, beside which counts are few.
pub(super) fn permute(rows: u32, hidden: u32, moe: Moe, copies: bool, gpu: &GpuSpec) -> Kernel {
    let (tokens, top_k) = (f64::from(rows), f64::from(moe.top_k));
    let blocks = chunks(rows, gpu.sms).1;
    let lists = 16.0 * tokens * top_k;
    let of = |hbm_bytes| {
        pointwise(Pointwise { role: OpRole::Permute, rows, flops: 0.0, hbm_bytes }, gpu)
    };
    let grid = permute_blocks(blocks, copies);
    if copies {
        let copied = BF16 * tokens * f64::from(hidden) * (1.0 + top_k);
        return Kernel { grid, ..of(lists + copied) };
    }
    let table_bytes = 4.0 * f64::from(blocks) * f64::from(moe.experts);
    let work = OpWork::Gather { table_bytes, read_bytes: f64::from(grid) * table_bytes };
    Kernel { grid, work, ..of(lists) }
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
