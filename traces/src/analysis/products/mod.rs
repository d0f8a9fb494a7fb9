//! How near do products of matrices come to what the GPU can do at best?
//!
//! Shapes are the plan's where labels have facts; of PyTorch's recordings those of the operator that launched the kernel
//! ([`recorded`]). The best is the GPU's data sheet's ([`gpus`]), by its name; a recording that says neither is told so.

mod gpus;
mod recorded;
mod shape;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::stats::median;
use super::{GpuOp, Ops, RankOps};
use crate::model::{Kind, SliceRef};

pub use gpus::GpuRates;
use recorded::Recorded;

/// Products of all ranks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProductReport {
    /// One shape, type and GPU each, most time first.
    pub rows: Vec<ProductRow>,
    /// Kernels that are products.
    pub kernels: usize,
    /// Of them without a shape: nothing says it.
    pub without_shape: usize,
    /// GPUs with products whose rates are not known, by name; an empty name where the recording does not say.
    pub unknown_gpus: Vec<String>,
}

/// Products of one shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductRow {
    /// The operator that launched it, or the plan's op.
    pub name: String,
    /// Shape in words, e.g. `4096×7168×8192`: rows, columns, what is summed over.
    pub shape: String,
    /// Type of its elements as the recording has it; empty where not said.
    pub dtype: String,
    /// How many.
    pub count: usize,
    /// Sum of their durations, ns.
    pub total_ns: i64,
    /// Median duration, ns.
    pub median_ns: i64,
    /// Floating-point operations of one.
    pub flops: f64,
    /// Bytes of one, each input read once and the output written once; `None` where the type's width is not known.
    pub bytes: Option<f64>,
    /// Rate of the median, FLOP/s.
    pub flops_per_s: f64,
    /// The shortest time that the GPU's data sheet allows one, ns; `None` where its rates are not known.
    pub roofline_ns: Option<f64>,
    /// What that time is for; `None` where it is not known.
    pub bound: Option<Bound>,
    /// The longest one.
    pub longest: SliceRef,
}

/// Which rate is the lower one of a roofline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Operations.
    Compute,
    /// Device memory.
    Memory,
}

impl Bound {
    /// `compute` or `memory`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Memory => "memory",
        }
    }
}

impl ProductRow {
    /// The shortest possible over the median time, 0…1 for what the data sheet is right about.
    pub fn of_roofline(&self) -> Option<f64> {
        self.roofline_ns.map(|ns| ns / self.median_ns.max(1) as f64)
    }
}

/// What is multiplied.
#[derive(Clone, Debug, PartialEq)]
struct Work {
    name: String,
    shape: String,
    dtype: String,
    flops: f64,
    bytes: Option<f64>,
}

/// One product: its kernels' time, which may be several, and its longest kernel.
struct Launched {
    work: Work,
    ns: i64,
    slice: SliceRef,
}

/// Products by shape.
pub fn products(ops: &Ops<'_>) -> ProductReport {
    let mut report = ProductReport::default();
    let mut groups: BTreeMap<(String, String, String, String), Vec<Launched>> = BTreeMap::new();
    let recorded = Recorded::of(ops.trace);
    for rank in &ops.ranks {
        let gpu = gpu_of(ops, rank);
        let (planned, foreign) = whole_products(ops, rank);
        report.kernels += planned.len() + foreign.len();
        let mut all: Vec<Launched> =
            planned.into_iter().filter_map(|op| of_plan(ops, op)).collect();
        let (found, without) = recorded.launched(rank.rank, &foreign);
        report.without_shape += without;
        all.extend(found);
        for one in all {
            let Work { name, shape, dtype, .. } = one.work.clone();
            groups.entry((gpu.clone(), name, shape, dtype)).or_default().push(one);
        }
    }
    for ((gpu, ..), launched) in groups {
        let rates = GpuRates::of(&gpu);
        if rates.is_none() && !report.unknown_gpus.contains(&gpu) {
            report.unknown_gpus.push(gpu);
        }
        report.rows.extend(row(rates, &launched));
    }
    report.rows.sort_by_key(|row| Reverse(row.total_ns));
    report
}

/// Operations and bytes of a product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ProductAmount {
    pub(crate) flops: f64,
    /// `None` where the type's width is not known.
    pub(crate) bytes: Option<f64>,
}

/// Amounts of the products whose shapes PyTorch recorded, by the longest kernel of each.
pub(crate) fn product_amounts(ops: &Ops<'_>) -> HashMap<SliceRef, ProductAmount> {
    let recorded = Recorded::of(ops.trace);
    let of_rank = |rank: &RankOps<'_>| {
        let (_, foreign) = whole_products(ops, rank);
        recorded.launched(rank.rank, &foreign).0
    };
    let amount =
        |one: Launched| (one.slice, ProductAmount { flops: one.work.flops, bytes: one.work.bytes });
    ops.ranks.iter().flat_map(of_rank).map(amount).collect()
}

/// The products of a rank that no window cuts: those of a plan, and those of others.
fn whole_products<'o>(ops: &Ops<'_>, rank: &'o RankOps<'_>) -> (Vec<&'o GpuOp>, Vec<&'o GpuOp>) {
    let is_whole = |op: &&GpuOp| ops.trace.span_of(op.slice) == op.span;
    let gemms = rank.ops.iter().filter(|op| op.kind == Kind::Gemm).filter(is_whole);
    gemms.partition(|op| ops.trace.label(op.label).facts.is_some())
}

fn gpu_of(ops: &Ops<'_>, rank: &RankOps<'_>) -> String {
    let known = ops.trace.meta.ranks.iter().find(|info| info.rank == rank.rank);
    known.map(|info| info.device.name.clone()).unwrap_or_default()
}

fn of_plan(ops: &Ops<'_>, op: &GpuOp) -> Option<Launched> {
    let label = ops.trace.label(op.label);
    let facts = label.facts.as_ref().filter(|facts| facts.flops > 0.0)?;
    let work = Work {
        name: label.name.clone(),
        shape: facts.shape.clone(),
        dtype: "BFloat16".to_owned(),
        flops: facts.flops,
        bytes: Some(facts.hbm_bytes).filter(|bytes| *bytes > 0.0),
    };
    Some(Launched { work, ns: op.span.len_ns(), slice: op.slice })
}

fn row(rates: Option<&GpuRates>, launched: &[Launched]) -> Option<ProductRow> {
    let longest = launched.iter().max_by_key(|one| one.ns)?;
    let Work { name, shape, dtype, flops, bytes } = longest.work.clone();
    let durations: Vec<i64> = launched.iter().map(|one| one.ns).collect();
    let total_ns = durations.iter().sum();
    let median_ns = median(durations)?;
    let best = rates.and_then(|rates| rates.roofline(&dtype, flops, bytes?));
    Some(ProductRow {
        name,
        shape,
        dtype,
        count: launched.len(),
        total_ns,
        median_ns,
        flops,
        bytes,
        flops_per_s: flops / (median_ns.max(1) as f64 / 1e9),
        roofline_ns: best.map(|(ns, _)| ns),
        bound: best.map(|(_, bound)| bound),
        longest: longest.slice,
    })
}
