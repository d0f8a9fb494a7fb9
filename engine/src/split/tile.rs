use crate::{
    machine::GpuSpec,
    plan::{GemmShape, Resources},
};

/// Inner-dimension slice below which cutting it further costs more in the final sum than it wins.
const MIN_SLICE_K: u32 = 1024;

/// The tile sizes a GPU's GEMM uses, and what a block of it holds.
///
/// cuBLAS picks among dozens of kernels by tables of its own; two sizes explain the published split penalties best
/// (tokenweave.md §1.4: 128×256 correlates with the measurements at 0.65, 128×128 at 0.49, 256×256 not at all).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileKit {
    /// Rows of a tile.
    pub tile_m: u32,
    /// Columns of the widest tile.
    pub wide_n: u32,
    /// A GEMM block; one an SM.
    pub gemm: Resources,
    /// An attention block; one an SM.
    pub attention: Resources,
}

impl TileKit {
    /// The kit for a GPU, by the shared memory an SM has: that is what bounds tile size × pipeline depth.
    pub fn of(gpu: &GpuSpec) -> Self {
        let block = |threads, registers, smem_bytes| Resources { threads, registers, smem_bytes };
        if gpu.smem_per_sm_bytes >= 200_000 {
            // Four stages of (128 + 256) × 64 bf16; three warp groups, one of them loading.
            let gemm = block(384, 168, 4 * (128 + 256) * 64 * 2);
            Self { tile_m: 128, wide_n: 256, gemm, attention: block(384, 168, 160 << 10) }
        } else if gpu.smem_per_sm_bytes >= 140_000 {
            // Four stages of (128 + 256) × 32 bf16; eight warps with 240 registers a thread.
            let gemm = block(256, 240, 4 * (128 + 256) * 32 * 2);
            Self { tile_m: 128, wide_n: 256, gemm, attention: block(128, 255, 96 << 10) }
        } else {
            // Four stages of (128 + 128) × 32 bf16.
            let gemm = block(256, 240, 4 * (128 + 128) * 32 * 2);
            Self { tile_m: 128, wide_n: 128, gemm, attention: block(128, 255, 64 << 10) }
        }
    }
}

/// The launch of `groups` products `[m, k] × [k, n]` on a GPU.
///
/// The widest tile that still gives at least half of the SMs a block; when none does (decode, narrow shards),
/// short tiles and slices of the inner dimension until about half of the SMs have work.
pub fn gemm_shape((m, n, k): (u32, u32, u32), groups: u32, gpu: &GpuSpec) -> GemmShape {
    let kit = TileKit::of(gpu);
    let shape = |tile_m, tile_n| GemmShape { m, n, k, groups, tile_m, tile_n, split_k: 1 };
    let enough = gpu.sms.div_ceil(2);
    let candidates = [shape(kit.tile_m, kit.wide_n), shape(kit.tile_m, 128)];
    if m > 64
        && let Some(fits) = candidates.into_iter().find(|shape| shape.grid() >= enough)
    {
        return fits;
    }
    let small = shape(if m <= 64 { 64 } else { kit.tile_m }, 128);
    let wanted = enough.div_ceil(small.grid().max(1));
    GemmShape { split_k: wanted.min(k / MIN_SLICE_K).max(1), ..small }
}
