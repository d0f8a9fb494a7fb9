//! How GEMMs are tiled: by a library, as its tables would have it, or by this project's own kernel.

use super::few;
use crate::{
    machine::{GemmKernels, GpuSpec},
    plan::{Cluster, Epilogue, GemmShape, Resources},
};

/// Inner-dimension slice below which cutting it further costs more in the final sum than it wins.
const MIN_SLICE_K: u32 = 1024;

/// The tile sizes a GPU's GEMM uses, and what a block of it holds.
///
/// cuBLAS picks among dozens of kernels by tables of its own; two sizes explain the published split penalties best
/// (docs/tokenweave.md, "Waves": 128×256 correlates with the measurements at 0.65, 128×128 at 0.49, 256×256 not at all).
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

/// What a tile costs beside its multiply-adds (pipeline fill and epilogue), in multiply-adds: some 5 µs of an SM.
const TILE_OVERHEAD: f64 = 16e6;

/// The same of this project's own kernel: 1.06 µs, from 88 µs a wave at k = 8192 and 11.8 at k = 1024 on H200.
const OWN_TILE_OVERHEAD: f64 = 3.3e6;
/// Blocks of the own kernel's clusters.
const OWN_CLUSTER: u32 = 2;
/// A tile width of the own kernel.
#[derive(Clone, Copy)]
struct OwnWidth {
    columns: u32,
    /// What a tile of it costs besides, in columns.
    besides: u32,
}

/// Tile widths of the own kernel, as measured on H200 (`kernels/NOTES.md`: the epilogue of 224 moves 32 columns at a
/// time). The first of equals wins.
const OWN_WIDTHS: [OwnWidth; 5] = [
    OwnWidth { columns: 256, besides: 8 },
    OwnWidth { columns: 192, besides: 8 },
    OwnWidth { columns: 160, besides: 8 },
    OwnWidth { columns: 128, besides: 8 },
    OwnWidth { columns: 224, besides: 14 },
];

/// The same of experts. Their weights come from memory, and no other tile needs them soon: narrow tiles wait for L2
/// (kernels/NOTES.md, "Mixture of experts": 192 columns take 5 to 8 % longer than 256 for the same products, 128 a third longer).
const UNEVEN_WIDTHS: [OwnWidth; 3] = [
    OwnWidth { columns: 256, besides: 8 },
    OwnWidth { columns: 192, besides: 19 },
    OwnWidth { columns: 128, besides: 47 },
];

impl OwnWidth {
    /// Of a tile, in columns.
    fn cost(self) -> u32 {
        self.columns + self.besides
    }
}

/// The launch of a GEMM `[m, k] × [k, n]`, or of one such for each of `experts`, on `sms` free SMs of a GPU.
///
/// Of a library's tiles that give at least half of the GPU's SMs a block, the one whose waves are over first, as its
/// tables would have it; when none does (decode, narrow shards), short tiles and slices of the inner dimension until
/// about half of the SMs have work. Six sizes bring the published unsplit MLP times within 5 % on average, two sizes
/// within 11 %. A library does not know what else runs; the own kernel counts the SMs that are free.
pub fn gemm_shape(
    (m, n, k): (u32, u32, u32),
    experts: Option<u32>,
    gpu: &GpuSpec,
    sms: u32,
) -> GemmShape {
    if gpu.gemm_kernels == GemmKernels::Weft {
        return own_shape((m, n, k), experts, sms, Epilogue::Plain);
    }
    let (kit, groups) = (TileKit::of(gpu), experts.unwrap_or(1));
    let shape = |tile_m, tile_n| GemmShape {
        m,
        n,
        k,
        groups,
        tile_m,
        tile_n,
        cluster: if experts.is_some() { Cluster::Padded } else { Cluster::Alone },
        split_k: 1,
        epilogue: Epilogue::Plain,
        persistent_sms: None,
    };
    let enough = gpu.sms.div_ceil(2);
    let tiles = [(128, 256), (256, 128), (128, 224), (128, 192), (128, 160), (128, 128)];
    let fits = tiles
        .into_iter()
        .filter(|&(tile_m, tile_n)| tile_m * tile_n <= kit.tile_m * kit.wide_n)
        .map(|(tile_m, tile_n)| shape(tile_m, tile_n))
        .filter(|shape| m > 64 && shape.grid() >= enough)
        .min_by(|a, b| cost_on(a, gpu).total_cmp(&cost_on(b, gpu)));
    if let Some(fits) = fits {
        return fits;
    }
    let small = shape(if m <= 64 { 64 } else { kit.tile_m }, 128);
    let wanted = enough.div_ceil(small.grid().max(1));
    GemmShape { split_k: wanted.min(k / MIN_SLICE_K).max(1), ..small }
}

/// This project's own kernels: that for few rows, or tiles of 128 rows.
pub fn own_shape(
    sizes: (u32, u32, u32),
    experts: Option<u32>,
    sms: u32,
    epilogue: Epilogue,
) -> GemmShape {
    let tiled = tiled_shape(sizes, experts, sms, epilogue);
    match experts {
        Some(_) => tiled,
        None => few::shape(sizes, sms, &tiled).unwrap_or(tiled),
    }
}

/// The own kernel's tiles: the width whose waves on `sms` SMs are over first. Gates and what they gate take half a tile
/// each; halves of 160 and 224 could leave only 16 columns at a time.
fn tiled_shape(
    (m, n, k): (u32, u32, u32),
    experts: Option<u32>,
    sms: u32,
    epilogue: Epilogue,
) -> GemmShape {
    let sms = (sms / OWN_CLUSTER * OWN_CLUSTER).max(OWN_CLUSTER);
    let shape = |width: OwnWidth| GemmShape {
        m,
        n,
        k,
        groups: experts.unwrap_or(1),
        tile_m: 128,
        tile_n: width.columns,
        cluster: if experts.is_some() { Cluster::Uneven } else { Cluster::Rows },
        split_k: 1,
        epilogue,
        persistent_sms: Some(sms),
    };
    if experts.is_some() {
        let down = shape(UNEVEN_WIDTHS[0]).tiles_down();
        let over = |width: &OwnWidth| {
            waves_of_experts(down * n.div_ceil(width.columns), sms) * f64::from(width.cost())
        };
        let first = UNEVEN_WIDTHS.into_iter().min_by(|a, b| over(a).total_cmp(&over(b)));
        return shape(first.expect("three widths"));
    }
    let cost = |width: &OwnWidth| shape(*width).grid().div_ceil(sms) * width.cost();
    let fits = |width: &OwnWidth| epilogue != Epilogue::SiluMul || width.columns.is_multiple_of(64);
    shape(OWN_WIDTHS.into_iter().filter(fits).min_by_key(cost).expect("five widths"))
}

/// Tiles of experts that an SM does one after the other. Each takes the next when it is ready, so that they end within a tile of one
/// another.
fn waves_of_experts(grid: u32, sms: u32) -> f64 {
    let waves = f64::from(grid) / f64::from(sms);
    if waves <= 1.0 { 1.0 } else { waves + 0.5 }
}

/// Multiply-adds that an SM could have done while it does one tile: those of the tile, more where a smaller tile
/// loads more bytes for each, and the overhead.
pub(super) fn tile_cost(shape: &GemmShape, kernels: GemmKernels) -> f64 {
    if kernels == GemmKernels::Weft {
        let width = OWN_WIDTHS.into_iter().find(|width| width.columns == shape.tile_n);
        let columns = shape.tile_n + width.map_or(8, |width| width.besides);
        let area = f64::from(shape.tile_m) * f64::from(columns);
        return area * f64::from(shape.k) + OWN_TILE_OVERHEAD;
    }
    let area = f64::from(shape.tile_m) * f64::from(shape.tile_n);
    let efficiency = match shape.tile_m * shape.tile_n {
        0..20_000 => 0.85,
        20_000..24_000 => 0.91,
        24_000..28_000 => 0.95,
        28_000..32_000 => 0.98,
        _ => 1.0,
    };
    area * f64::from(shape.k) / f64::from(shape.split_k) / efficiency + TILE_OVERHEAD
}

fn cost_on(shape: &GemmShape, gpu: &GpuSpec) -> f64 {
    f64::from(shape.grid().div_ceil(gpu.sms)) * tile_cost(shape, gpu.gemm_kernels)
}
