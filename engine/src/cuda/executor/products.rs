//! GEMMs of a plan, and what stands between two of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    layout::{Rows, gathers},
    rank::Rank,
    weights::GatedWeights,
};
use crate::{
    cuda::{
        driver::{Buffer, CudaError, KernelFamily},
        kernels::{
            FewForm, Gemm, GemmCall, GemmFew, GemmForm, Grouping, Groups, Loader, Matrix, SiluMul,
            SiluMulCall, padded,
        },
    },
    plan::{Cluster, Epilogue, Op, OpRole, OpWork, Plan},
};

/// Tile rows that a GEMM walks down before it moves right.
const GEMM_GROUP: u32 = 8;

/// Every form of the GEMM that a plan needs.
#[derive(Debug)]
pub(super) struct ProductKernels {
    gemms: BTreeMap<GemmForm, Gemm>,
    few: BTreeMap<FewForm, GemmFew>,
    silu_mul: SiluMul,
}

impl ProductKernels {
    /// `sms[op]` are the SMs an op may use.
    pub(super) fn load(loader: Loader<'_>, plan: &Plan, sms: &[u32]) -> Result<Self, CudaError> {
        let (mut gemms, mut few) = (BTreeMap::new(), BTreeMap::new());
        for form in forms(plan, sms, loader.device().family()) {
            match form {
                Form::Tiled(form) => drop(gemms.insert(form, Gemm::load(loader, form)?)),
                Form::Few(form) => drop(few.insert(form, GemmFew::load(loader, form)?)),
            }
        }
        Ok(Self { gemms, few, silu_mul: SiluMul::load(loader)? })
    }
}

/// A feed-forward block that gates, with its weights and where it works.
pub(super) struct Gated<'a> {
    pub(super) weights: &'a GatedWeights,
    /// `[rows, 2 · intermediate]`, where no epilogue gates.
    pub(super) gate_up: Option<&'a Buffer>,
    /// `[rows, intermediate]`, padded.
    pub(super) gated: &'a Buffer,
    /// `[rows, hidden]`.
    pub(super) out: &'a Buffer,
    pub(super) intermediate: u32,
}

/// Launches them on one rank's compute stream.
#[derive(Clone, Copy)]
pub(super) struct Products<'a> {
    pub(super) rank: &'a Rank,
    pub(super) kernels: &'a ProductKernels,
    /// SMs that the plan leaves to the op.
    pub(super) sms: u32,
}

impl Products<'_> {
    /// An op of down(SiLU(gate) · up) whose input is the normalised stream.
    pub(super) fn gated(&self, op: &Op, rows: Rows, block: &Gated<'_>) -> Result<(), CudaError> {
        let (hidden, k) = (self.rank.sizes.shard.hidden, block.intermediate);
        let m = |buffer, columns| Rank::matrix(buffer, rows, columns);
        let w = |buffer, n, k| Matrix::dense(Buffer::ptr(buffer), n, k);
        match op.role {
            OpRole::GateUp | OpRole::SharedGateUp => {
                let out = match block.gate_up {
                    Some(gate_up) if !gates_itself(op) => m(gate_up, 2 * k),
                    _ => Rank::padded(block.gated, rows, k),
                };
                let input = m(&self.rank.act().hidden, hidden);
                self.gemm(op, [input, w(&block.weights.gate_up, 2 * k, hidden), out], None)
            }
            OpRole::SiluMul | OpRole::SharedSiluMul => {
                let from = block.gate_up.ok_or_else(|| no_kernel(op))?;
                self.silu_mul(op, rows, (from, block.gated), k)
            }
            _ => {
                let weights = Matrix::padded(block.weights.down.ptr(), hidden, k);
                let input = Rank::padded(block.gated, rows, k);
                self.gemm(op, [input, weights, m(block.out, hidden)], None)
            }
        }
    }

    /// `a · bᵀ` into `c`, of several matrices where there are groups.
    pub(super) fn gemm(
        &self,
        op: &Op,
        [a, b, c]: [Matrix<'_>; 3],
        groups: Option<Groups<'_>>,
    ) -> Result<(), CudaError> {
        let rank = self.rank;
        let recording = rank.recording.of(op.id.0);
        let call = GemmCall { a, b, c, sms: Some(self.sms), group: GEMM_GROUP, groups, recording };
        let stream = rank.device.compute();
        match form(op, self.sms, rank.device.family()) {
            Some(Form::Tiled(form)) => {
                let kernel = self.kernels.gemms.get(&form).ok_or_else(|| no_kernel(op))?;
                kernel.launch(stream, &call)
            }
            Some(Form::Few(form)) => {
                let kernel = self.kernels.few.get(&form).ok_or_else(|| no_kernel(op))?;
                kernel.launch(stream, &call)
            }
            None => Err(no_kernel(op)),
        }
    }

    pub(super) fn silu_mul(
        &self,
        op: &Op,
        rows: Rows,
        (x, out): (&Buffer, &Buffer),
        width: u32,
    ) -> Result<(), CudaError> {
        let rank = self.rank;
        let call = SiluMulCall {
            x: x.ptr_at(rows.first_byte(2 * width)),
            out: out.ptr_at(rows.first_byte(padded(width))),
            rows: rows.rows,
            width,
            pitch: padded(width),
            blocks: blocks(op),
            recording: rank.recording.of(op.id.0),
        };
        self.kernels.silu_mul.launch(rank.device.compute(), &call)
    }
}

pub(super) fn no_kernel(op: &Op) -> CudaError {
    CudaError::NoKernel { op: op.role.name() }
}

/// Blocks of a grid-stride kernel: the plan's grid.
pub(super) fn blocks(op: &Op) -> u32 {
    op.grid.max(1)
}

/// Which kernel multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Tiled(GemmForm),
    /// Few rows, on Hopper.
    Few(FewForm),
}

/// The form of a GEMM op: the plan's tiles if it was made for these kernels, else what fits `sms` SMs best. Scores of
/// experts are fp32 in either.
fn form(op: &Op, sms: u32, family: KernelFamily) -> Option<Form> {
    let OpWork::Gemm(shape) = &op.work else { return None };
    let grouping = match op.role {
        OpRole::ExpertsW13 if gathers(op) => Grouping::Gathered,
        OpRole::ExpertsW13 | OpRole::ExpertsW2 => Grouping::Grouped,
        _ => Grouping::One,
    };
    let grouped = grouping != Grouping::One;
    let epilogue = if op.role == OpRole::Router { Epilogue::F32 } else { shape.epilogue };
    if let (Some(few), KernelFamily::Hopper, false) =
        (FewForm::of(shape, epilogue, sms), family, grouped)
    {
        return Some(Form::Few(few));
    }
    let tile_columns = match shape.cluster {
        // A library's tiles, or few rows on a GPU that has no kernel for them.
        Cluster::Alone | Cluster::Padded | Cluster::Slices => {
            let experts = grouped.then_some(shape.groups);
            GemmForm::fitting((shape.m, shape.n), experts, sms).tile_columns
        }
        Cluster::Rows | Cluster::Uneven | Cluster::Gathered => shape.tile_n,
    };
    Some(Form::Tiled(GemmForm { tile_columns, grouping, epilogue }.on(family)))
}

/// A GEMM whose epilogue gates.
pub(super) fn gates_itself(op: &Op) -> bool {
    matches!(&op.work, OpWork::Gemm(shape) if shape.epilogue == Epilogue::SiluMul)
}

fn forms(plan: &Plan, sms: &[u32], family: KernelFamily) -> BTreeSet<Form> {
    plan.ops.iter().zip(sms).filter_map(|(op, &sms)| form(op, sms, family)).collect()
}
