//! Ops of a mixture of experts on one rank: which experts, rows in their order, their GEMMs, the weighted sum.

use super::{
    layout::{Rows, gathers},
    products::{Gated, Products, blocks, gates_itself, no_kernel},
    rank::Rank,
    routing::ExpertBuffers,
    weights::ExpertWeights,
};
use crate::{
    cuda::{
        driver::{CudaError, DevicePtr, KernelFamily},
        kernels::{
            Choice, Combine, CombineCall, Copied, FEW_SCORES, Loader, Matrix, Permute, PermuteCall,
            Scores, ScoresCall, SharedExpert, TopK, TopKCall,
        },
    },
    model::Moe,
    plan::{Op, OpRole, OpWork},
};

/// Kernels that only mixtures of experts need.
#[derive(Debug)]
pub(super) struct ExpertKernels {
    scores: Scores,
    top_k: TopK,
    permute: Permute,
    combine: Combine,
}

impl ExpertKernels {
    pub(super) fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        Ok(Self {
            scores: Scores::load(loader)?,
            top_k: TopK::load(loader)?,
            permute: Permute::load(loader)?,
            combine: Combine::load(loader)?,
        })
    }
}

/// The feed-forward block of a layer of one rank.
pub(super) struct Experts<'a> {
    pub(super) products: Products<'a>,
    pub(super) moe: Moe,
    pub(super) weights: &'a ExpertWeights,
    pub(super) buffers: &'a ExpertBuffers,
    pub(super) kernels: &'a ExpertKernels,
}

impl Experts<'_> {
    pub(super) fn launch(&self, op: &Op, rows: Rows) -> Result<(), CudaError> {
        match op.role {
            OpRole::Router => self.router(op, rows),
            OpRole::TopK => self.top_k(op, rows),
            OpRole::Permute => self.permute(op, rows),
            OpRole::ExpertsW13 => self.up(op, rows),
            OpRole::SiluMul => {
                let act = self.rank().act();
                let from = act.gate_up.as_ref().ok_or_else(|| no_kernel(op))?;
                let (entries, width) = (rows.times(self.moe.top_k), self.moe.intermediate);
                self.products.silu_mul(op, entries, (from, &act.gated), width)
            }
            OpRole::ExpertsW2 => self.down(op, rows),
            OpRole::SharedGateUp | OpRole::SharedSiluMul | OpRole::SharedDown => {
                self.shared(op, rows)
            }
            OpRole::MoeSum => self.combine(op, rows),
            _ => Err(no_kernel(op)),
        }
    }

    fn rank(&self) -> &Rank {
        self.products.rank
    }

    fn hidden(&self) -> u32 {
        self.rank().sizes.shard.hidden
    }

    fn router(&self, op: &Op, rows: Rows) -> Result<(), CudaError> {
        let columns = self.rank().sizes.score_columns();
        let family = self.rank().device.family();
        if family == KernelFamily::Portable && columns <= FEW_SCORES {
            let call = ScoresCall {
                x: self.rank().act().hidden.ptr_at(rows.first_byte(self.hidden())),
                w: self.weights.router.ptr(),
                scores: self.scores(rows),
                rows: rows.rows,
                hidden: self.hidden(),
                columns,
                recording: self.rank().recording.of(op.id.0),
            };
            return self.kernels.scores.launch(self.rank().device.compute(), &call);
        }
        let scores = Matrix {
            data: self.scores(rows),
            rows: rows.rows,
            columns,
            pitch_bytes: u64::from(columns) * 4,
        };
        let input = Rank::matrix(&self.rank().act().hidden, rows, self.hidden());
        let weights = Matrix::dense(self.weights.router.ptr(), columns, self.hidden());
        self.products.gemm(op, [input, weights, scores], None)
    }

    fn scores(&self, rows: Rows) -> DevicePtr<'_> {
        let pitch = u64::from(self.rank().sizes.score_columns()) * 4;
        self.buffers.scores.ptr_at(u64::from(rows.first) * pitch)
    }

    fn choice(&self, rows: Rows) -> Choice {
        let Moe { experts, top_k, .. } = self.moe;
        Choice { rows: rows.rows, experts, top_k, sms: self.rank().device.info().sms }
    }

    fn top_k(&self, op: &Op, rows: Rows) -> Result<(), CudaError> {
        let call = TopKCall {
            scores: self.scores(rows),
            pitch: self.rank().sizes.score_columns(),
            routes: self.buffers.routes(op, rows, self.moe.top_k),
            choice: self.choice(rows),
            renormalise: self.moe.renormalise,
            recording: self.rank().recording.of(op.id.0),
        };
        self.kernels.top_k.launch(self.rank().device.compute(), &call)
    }

    fn permute(&self, op: &Op, rows: Rows) -> Result<(), CudaError> {
        let entries = rows.times(self.moe.top_k);
        let copied = || Copied {
            x: self.rank().act().hidden.ptr_at(rows.first_byte(self.hidden())),
            out: self.buffers.routed.ptr_at(entries.first_byte(self.hidden())),
            hidden: self.hidden(),
        };
        let call = PermuteCall {
            copies: self.rank().sizes.copies_rows.then(copied),
            routes: self.buffers.routes(op, rows, self.moe.top_k),
            choice: self.choice(rows),
            recording: self.rank().recording.of(op.id.0),
        };
        self.kernels.permute.launch(self.rank().device.compute(), &call)
    }

    /// Gate and up of all experts. A library's plan has no permutation of its own.
    fn up(&self, op: &Op, rows: Rows) -> Result<(), CudaError> {
        let is_own = matches!(&op.work, OpWork::Gemm(shape) if shape.persistent_sms.is_some());
        if !is_own {
            self.permute(op, rows)?;
        }
        let (act, width) = (self.rank().act(), self.moe.intermediate);
        let entries = rows.times(self.moe.top_k);
        let out = match &act.gate_up {
            Some(gate_up) if !gates_itself(op) => Rank::matrix(gate_up, entries, 2 * width),
            _ => Rank::padded(&act.gated, entries, width),
        };
        let input = match gathers(op) {
            true => Rank::matrix(&act.hidden, rows, self.hidden()),
            false => Rank::matrix(&self.buffers.routed, entries, self.hidden()),
        };
        let stacked = self.moe.experts * 2 * width;
        let weights = Matrix::dense(self.weights.experts.gate_up.ptr(), stacked, self.hidden());
        self.products.gemm(op, [input, weights, out], Some(self.buffers.groups(op, entries)))
    }

    fn down(&self, op: &Op, rows: Rows) -> Result<(), CudaError> {
        let (hidden, width) = (self.hidden(), self.moe.intermediate);
        let entries = rows.times(self.moe.top_k);
        let input = Rank::padded(&self.rank().act().gated, entries, width);
        let weights =
            Matrix::padded(self.weights.experts.down.ptr(), self.moe.experts * hidden, width);
        let out = Rank::matrix(&self.buffers.routed, entries, hidden);
        self.products.gemm(op, [input, weights, out], Some(self.buffers.groups(op, entries)))
    }

    fn shared(&self, op: &Op, rows: Rows) -> Result<(), CudaError> {
        let both = self.weights.shared.as_ref().zip(self.buffers.shared.as_ref());
        let (weights, buffers) = both.ok_or_else(|| no_kernel(op))?;
        let block = Gated {
            weights,
            gate_up: buffers.gate_up.as_ref(),
            gated: &buffers.gated,
            out: &buffers.out,
            intermediate: self.moe.shared_intermediate,
        };
        self.products.gated(op, rows, &block)
    }

    fn combine(&self, op: &Op, rows: Rows) -> Result<(), CudaError> {
        let hidden = self.hidden();
        let entries = rows.times(self.moe.top_k);
        let shared = self.buffers.shared.as_ref().map(|shared| SharedExpert {
            out: shared.out.ptr_at(rows.first_byte(hidden)),
            scores: self.scores(rows),
            pitch: self.rank().sizes.score_columns(),
            gate: self.moe.experts,
        });
        let call = CombineCall {
            routed: self.buffers.routed.ptr_at(entries.first_byte(hidden)),
            routes: self.buffers.routes(op, rows, self.moe.top_k),
            shared,
            out: self.rank().act().hidden.ptr_at(rows.first_byte(hidden)),
            rows: rows.rows,
            top_k: self.moe.top_k,
            hidden,
            blocks: blocks(op),
            recording: self.rank().recording.of(op.id.0),
        };
        self.kernels.combine.launch(self.rank().device.compute(), &call)
    }
}
