//! GEMMs of a plan, and what stands between two of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{layout::Rows, rank::Rank, weights::GatedWeights};
use crate::{
    cuda::{
        driver::{Buffer, CudaError, KernelFamily},
        kernels::{Gemm, GemmCall, GemmForm, Groups, Loader, Matrix, SiluMul, SiluMulCall},
    },
    plan::{Cluster, Epilogue, Op, OpRole, OpWork, Plan},
};

/// Tile rows that a GEMM walks down before it moves right.
const GEMM_GROUP: u32 = 8;

/// Every form of the GEMM that a plan needs.
#[derive(Debug)]
pub(super) struct ProductKernels {
    gemms: BTreeMap<GemmForm, Gemm>,
    silu_mul: SiluMul,
}

impl ProductKernels {
    /// `sms[op]` are the SMs an op may use.
    pub(super) fn load(loader: Loader<'_>, plan: &Plan, sms: &[u32]) -> Result<Self, CudaError> {
        let mut gemms = BTreeMap::new();
        for form in gemm_forms(plan, sms, loader.device().family()) {
            gemms.insert(form, Gemm::load(loader, form)?);
        }
        Ok(Self { gemms, silu_mul: SiluMul::load(loader)? })
    }
}

/// A feed-forward block that gates, with its weights and where it works.
pub(super) struct Gated<'a> {
    pub(super) weights: &'a GatedWeights,
    /// `[rows, 2 · intermediate]`, where no epilogue gates.
    pub(super) gate_up: Option<&'a Buffer>,
    /// `[rows, intermediate]`.
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
                    _ => m(block.gated, k),
                };
                let input = m(&self.rank.act().hidden, hidden);
                self.gemm(op, [input, w(&block.weights.gate_up, 2 * k, hidden), out], None)
            }
            OpRole::SiluMul | OpRole::SharedSiluMul => {
                let from = block.gate_up.ok_or_else(|| no_kernel(op))?;
                self.silu_mul(op, rows, (from, block.gated), k)
            }
            _ => {
                let weights = w(&block.weights.down, hidden, k);
                self.gemm(op, [m(block.gated, k), weights, m(block.out, hidden)], None)
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
        let form = gemm_form(op, self.sms, rank.device.family());
        let kernel =
            form.and_then(|form| self.kernels.gemms.get(&form)).ok_or_else(|| no_kernel(op))?;
        let recording = rank.recording.of(op.id.0);
        let call = GemmCall { a, b, c, sms: Some(self.sms), group: GEMM_GROUP, groups, recording };
        kernel.launch(rank.device.compute(), &call)
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
            out: out.ptr_at(rows.first_byte(width)),
            rows: rows.rows,
            width,
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

/// The form of a GEMM op: the plan's tiles if it was made for these kernels, else what fits `sms` SMs best. Scores of
/// experts are fp32 in either.
fn gemm_form(op: &Op, sms: u32, family: KernelFamily) -> Option<GemmForm> {
    let OpWork::Gemm(shape) = &op.work else { return None };
    let grouped = matches!(op.role, OpRole::ExpertsW13 | OpRole::ExpertsW2);
    let epilogue = if op.role == OpRole::Router { Epilogue::F32 } else { shape.epilogue };
    let form = match shape.cluster {
        Cluster::Alone => {
            GemmForm::fitting((shape.m, shape.n), grouped.then_some(shape.groups), sms)
        }
        Cluster::Rows | Cluster::Uneven => {
            GemmForm { tile_columns: shape.tile_n, grouped, epilogue }
        }
    };
    Some(GemmForm { epilogue, ..form }.on(family))
}

/// A GEMM whose epilogue gates.
pub(super) fn gates_itself(op: &Op) -> bool {
    matches!(&op.work, OpWork::Gemm(shape) if shape.epilogue == Epilogue::SiluMul)
}

fn gemm_forms(plan: &Plan, sms: &[u32], family: KernelFamily) -> BTreeSet<GemmForm> {
    plan.ops.iter().zip(sms).filter_map(|(op, &sms)| gemm_form(op, sms, family)).collect()
}
