//! GEMMs of few rows (decode steps): how this project's own kernel for them (`gemm_few_sm90.cu`) cuts one.
//!
//! A block takes 64 or 128 rows of the weights, and a slice of the inner dimension where there are too few of those; of more than
//! 32 rows it holds an SM by itself. What a launch takes is told by three rates and three times, fitted to nine of the 21 shapes of
//! `engine/data/few_rows_h200.csv`, and the cheapest launch is chosen.

use crate::plan::{Cluster, Epilogue, GemmShape, Resources};

/// Rows that a tile may have.
const ROWS: [u32; 9] = [16, 32, 64, 96, 128, 160, 192, 224, 256];
/// Rows up to which nothing else is better.
const ALWAYS: u32 = 128;
/// Beyond, the tiled kernel is taken unless this one is predicted to need less than this share of its time.
const PREFERRED: f64 = 0.95;
/// Rows up to which two blocks find room on an SM.
const HALF_AN_SM: u32 = 32;
const COLUMNS: [u32; 2] = [64, 128];
const SLICES: [u32; 4] = [1, 2, 4, 8];
/// A slice of the inner dimension has at least eight steps of the pipeline.
const LEAST_K: u32 = 512;
/// Columns of the inner dimension in a step.
pub(crate) const STEP_K: u32 = 64;

/// What all SMs together draw from memory, bytes/ns.
const MEMORY: f64 = 4000.0;
/// What one draws of both operands, bytes/ns.
const PORT: f64 = 165.0;
/// What one multiplies, FLOP/ns.
const MULTIPLIES: f64 = 5400.0;
/// A step of the pipeline at least, ns.
pub(crate) const STEP_NS: f64 = 230.0;
/// What blocks of a cluster take to start together and to add up their sums, ns.
pub(crate) const MEETING_NS: f64 = 800.0;
/// Between two blocks of an SM, ns.
const BETWEEN_NS: f64 = 900.0;

/// What a block of so many rows and columns is launched with and holds of an SM: a warp that copies, a warpgroup for 64 columns, and
/// all of the shared memory, or half of it.
pub(crate) const fn few_block(rows: u32, columns: u32) -> Resources {
    let (registers, smem_bytes) = if rows <= HALF_AN_SM { (112, 114_688) } else { (168, 232_448) };
    Resources { threads: columns * 2 + 32, registers, smem_bytes }
}

/// The launch of a GEMM whose rows are few, where that is better than in `tiled` ones; or of scores of experts, however many rows they
/// have: their columns are so few that tiles are, too, and slices of the inner dimension are what is left to share out.
pub(super) fn shape((m, n, k): (u32, u32, u32), sms: u32, tiled: &GemmShape) -> Option<GemmShape> {
    let are_scores = tiled.epilogue == Epilogue::F32;
    let tile_rows = match ROWS.into_iter().position(|rows| m <= rows) {
        Some(fits) if are_scores => &ROWS[..=fits],
        Some(fits) => &ROWS[fits..=fits],
        None if are_scores => &ROWS[..],
        None => return None,
    };
    let launch = |(tile_m, tile_n, split_k)| GemmShape {
        m,
        n,
        k,
        groups: 1,
        tile_m,
        tile_n,
        cluster: Cluster::Slices,
        split_k,
        epilogue: tiled.epilogue,
        persistent_sms: None,
    };
    let sizes = tile_rows.iter().flat_map(|&tile_m| {
        COLUMNS.into_iter().flat_map(move |tile_n| SLICES.map(|slices| (tile_m, tile_n, slices)))
    });
    let launches = sizes.map(launch);
    let fits = |launch: &GemmShape| {
        let is_once = launch.grid() <= room(sms, launch);
        launch.split_k == 1 || (launch.k / launch.split_k >= LEAST_K && is_once)
    };
    let times = launches.filter(fits).map(|launch| (few_ns(&launch, sms), launch));
    let (few, launch) = times.min_by(|one, other| one.0.total_cmp(&other.0))?;
    let tiled = tiled_ns(tiled, sms);
    let is_better = few < PREFERRED * tiled || (are_scores && few <= tiled);
    (m <= ALWAYS || is_better).then_some(launch)
}

/// Of that kernel, without what every launch takes.
fn few_ns(launch: &GemmShape, sms: u32) -> f64 {
    let depth = f64::from(launch.k) / f64::from(launch.split_k);
    let waves = f64::from(launch.grid().div_ceil(room(sms, launch)));
    let rows = f64::from(launch.m.min(launch.tile_m));
    let draws = 2.0 * depth * (rows + f64::from(launch.tile_n)) / PORT;
    let multiplies = 2.0 * depth * f64::from(launch.tile_m * launch.tile_n) / MULTIPLIES;
    let steps = depth / f64::from(STEP_K) * STEP_NS;
    let meets = if launch.split_k > 1 { MEETING_NS } else { 0.0 };
    together(launch, waves * draws.max(multiplies).max(steps)) + meets + BETWEEN_NS * (waves - 1.0)
}

/// The same of the tiled kernel, whose clusters of two share the weights.
fn tiled_ns(launch: &GemmShape, sms: u32) -> f64 {
    let waves = f64::from(launch.grid().div_ceil(sms));
    let (rows, columns) = (f64::from(launch.tile_m), f64::from(launch.tile_n));
    let draws = 2.0 * f64::from(launch.k) * (rows + columns) / PORT;
    let multiplies = 2.0 * f64::from(launch.k) * rows * columns / MULTIPLIES;
    together(launch, waves * draws.max(multiplies))
}

/// Drawing the weights from memory (or what is multiplied by them, where that is more) and what an SM does: nearly the longer one, more where both are as long.
fn together(launch: &GemmShape, sm_ns: f64) -> f64 {
    let memory_ns = 2.0 * f64::from(launch.n.max(launch.m)) * f64::from(launch.k) / MEMORY;
    (memory_ns.powi(6) + sm_ns.powi(6)).powf(1.0 / 6.0)
}

/// Blocks that a launch may have at a time, one an SM: those of a cluster share a GPC, whose SMs are not a multiple of four or eight
/// everywhere. (Of 132 SMs 28 clusters of four and 10 of eight have room, 32 and 16 do not, unless two blocks fit an SM.)
fn room(sms: u32, launch: &GemmShape) -> u32 {
    let all = match launch.split_k {
        _ if launch.tile_m <= HALF_AN_SM => sms,
        1 | 2 => sms,
        4 => sms * 7 / 8,
        _ => sms * 3 / 4,
    };
    all.max(launch.split_k)
}

#[cfg(test)]
mod tests;
