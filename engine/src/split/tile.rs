//! How GEMMs are tiled: by a library, as its tables would have it, or by this project's own kernel.

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

/// Heights of a tile of the own kernel for few rows (`gemm_few_sm90.cu`), and its width.
const FEW_ROWS: [u32; 4] = [16, 32, 64, 128];
const FEW_COLUMNS: u32 = 128;
/// A slice of the inner dimension has at least eight steps of the pipeline.
const FEW_LEAST_K: u32 = 512;

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
        cluster: Cluster::Alone,
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

/// The own kernel's tiles: the width whose waves on `sms` SMs are over first. Gates and what they gate take half a tile
/// each; halves of 160 and 224 could leave only 16 columns at a time.
pub fn own_shape(
    (m, n, k): (u32, u32, u32),
    experts: Option<u32>,
    sms: u32,
    epilogue: Epilogue,
) -> GemmShape {
    if let (Some(rows), None) = (few_rows(m, epilogue), experts) {
        return few_shape((m, n, k), rows, sms, epilogue);
    }
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
    let cost =
        |width: &OwnWidth| shape(*width).grid().div_ceil(sms) * (width.columns + width.besides);
    let fits = |width: &OwnWidth| {
        (epilogue != Epilogue::SiluMul && experts.is_none()) || width.columns.is_multiple_of(64)
    };
    shape(OWN_WIDTHS.into_iter().filter(fits).min_by_key(cost).expect("five widths"))
}

/// Rows of a tile of the own kernel for few rows, of which there are `m`; `None`: they are not few, or scores that are kept in
/// fp32.
pub fn few_rows(m: u32, epilogue: Epilogue) -> Option<u32> {
    FEW_ROWS.into_iter().find(|&rows| m <= rows && epilogue != Epilogue::F32)
}

/// The launch of few rows: slices of the inner dimension until there is a block for each of `sms` SMs. With many rows, which
/// blocks draw as well, a second one on each pays where slices stay long.
fn few_shape((m, n, k): (u32, u32, u32), rows: u32, sms: u32, epilogue: Epilogue) -> GemmShape {
    let whole = GemmShape {
        m,
        n,
        k,
        groups: 1,
        tile_m: rows,
        tile_n: FEW_COLUMNS,
        cluster: Cluster::Slices,
        split_k: 1,
        epilogue,
        persistent_sms: None,
    };
    let fits = |slices: &u32| {
        let (blocks, depth) = (whole.grid() * slices, k / slices);
        let once = blocks <= sms && depth >= FEW_LEAST_K;
        let twice = rows > 64 && blocks <= 2 * sms && depth >= 2 * FEW_LEAST_K;
        once || twice
    };
    GemmShape { split_k: [8, 4, 2].into_iter().find(fits).unwrap_or(1), ..whole }
}

/// What a block of the own kernel for few rows is launched with and holds of an SM: a warp that copies and two warpgroups that
/// multiply, and half of the shared memory, so that there is room for two.
pub(crate) const FEW_BLOCK: Resources =
    Resources { threads: 288, registers: 112, smem_bytes: 114_688 };

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

#[cfg(test)]
mod tests {
    use super::*;

    /// `[m, n, k]` and µs with 1, 2, 4 and 8 slices on one H200 (kernels/NOTES.md, "Few rows").
    const MEASURED: [((u32, u32, u32), [f64; 4]); 15] = [
        ((1, 1280, 8192), [33.3, 19.2, 12.0, 10.2]),
        ((64, 1280, 8192), [42.8, 24.9, 15.9, 12.5]),
        ((128, 1280, 8192), [65.9, 37.6, 22.6, 16.7]),
        ((1, 8192, 1024), [8.4, 8.7, 11.5, 13.5]),
        ((64, 8192, 1024), [10.3, 9.9, 14.9, 19.9]),
        ((128, 8192, 1024), [13.5, 11.8, 17.8, 27.1]),
        ((1, 7168, 8192), [36.1, 32.4, 34.5, 35.2]),
        ((64, 7168, 8192), [48.8, 35.5, 37.2, 42.3]),
        ((128, 7168, 8192), [74.7, 47.1, 40.3, 49.8]),
        ((1, 8192, 3584), [20.0, 18.7, 22.8, 23.9]),
        ((64, 8192, 3584), [25.9, 21.0, 27.0, 30.8]),
        ((128, 8192, 3584), [37.8, 26.9, 32.8, 39.6]),
        ((64, 16032, 8192), [68.4, 69.7, 79.1, 85.2]),
        ((128, 16032, 8192), [87.1, 72.9, 99.5, 109.9]),
        ((128, 6144, 4096), [40.0, 27.3, 23.2, 31.5]),
    ];

    #[test]
    fn slices_are_nearly_the_best_that_were_measured() {
        for (sizes, us) in MEASURED {
            let shape = own_shape(sizes, None, 132, Epilogue::Plain);
            assert_eq!(shape.cluster, Cluster::Slices);
            let best = us.iter().copied().fold(f64::MAX, f64::min);
            let chosen = us[shape.split_k.ilog2() as usize];
            assert!(chosen <= 1.05 * best, "{sizes:?}: {} slices", shape.split_k);
        }
    }

    #[test]
    fn few_rows_are_few() {
        let tile = |m| own_shape((m, 1280, 8192), None, 132, Epilogue::Plain).tile_m;
        assert_eq!([1, 16, 17, 64, 65, 128].map(tile), [16, 16, 32, 64, 128, 128]);
        let of = |m, experts, epilogue| own_shape((m, 1280, 8192), experts, 132, epilogue).cluster;
        assert_eq!(of(129, None, Epilogue::Plain), Cluster::Rows);
        assert_eq!(of(64, Some(8), Epilogue::Plain), Cluster::Uneven);
        assert_eq!(of(64, None, Epilogue::F32), Cluster::Rows);
    }
}
