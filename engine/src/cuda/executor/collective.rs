//! Ops in which all ranks meet.

use std::collections::{BTreeMap, BTreeSet};

use weftscope_kernels::abi::Peers;

use super::{
    layout::{Rows, Sizes},
    rank::Rank,
};
use crate::{
    cuda::{
        driver::{CudaError, KernelFamily},
        kernels::{
            self, CollectiveCall, CollectiveKernel, CollectiveKind, FusedForm, FusedNorm,
            FusedNormCall, Loader, Shared,
        },
    },
    plan::{Collective, Op, OpRole, Plan},
};

/// What a collective knows of the other ranks, by rank.
pub(super) fn peers(ranks: &[Rank]) -> Vec<Peers> {
    let acts = ranks.iter().map(Rank::act);
    let shared: Vec<Shared<'_>> =
        acts.map(|act| Shared { hidden: act.hidden.ptr(), pads: act.pads.ptr() }).collect();
    kernels::peers(&shared)
}

/// Kernels of the collectives that are not NCCL's.
#[derive(Debug)]
pub(super) struct CollectiveKernels {
    all_reduce: CollectiveKernel,
    reduce_scatter: CollectiveKernel,
    all_gather: CollectiveKernel,
    fused: BTreeMap<FusedForm, FusedNorm>,
}

impl CollectiveKernels {
    pub(super) fn load(loader: Loader<'_>, plan: &Plan, sizes: &Sizes) -> Result<Self, CudaError> {
        let (hidden, ranks) = (sizes.shard.hidden, plan.ranks);
        let mut fused = BTreeMap::new();
        for form in fused_forms(plan, hidden, loader.device().family()) {
            fused.insert(form, FusedNorm::load(loader, form, hidden, ranks)?);
        }
        let plain = |kind| CollectiveKernel::load(loader, kind, ranks);
        Ok(Self {
            all_reduce: plain(CollectiveKind::AllReduce)?,
            reduce_scatter: plain(CollectiveKind::ReduceScatter)?,
            all_gather: plain(CollectiveKind::AllGather)?,
            fused,
        })
    }

    /// Launches one rank's part of a collective on the op's stream. Hidden buffers and pads of all ranks live as long as
    /// the prepared plan, and no two collectives run at one time: the plan orders them on both streams.
    ///
    /// # Errors
    /// What the driver refuses.
    pub(super) fn launch(
        &self,
        rank: &Rank,
        peers: &Peers,
        op: &Op,
        collective: Collective,
    ) -> Result<(), CudaError> {
        let rows = rank.sizes.rows_of(op);
        // The kernels cut by vectors: whole rows go to each rank when they divide.
        let shards = rows.in_equal_shards(peers.ranks);
        match collective {
            Collective::AllReduce => plain(&self.all_reduce, rank, peers, op, rows),
            Collective::ReduceScatter => plain(&self.reduce_scatter, rank, peers, op, shards),
            Collective::AllGather => plain(&self.all_gather, rank, peers, op, shards),
            Collective::FusedArNorm => self.fused(rank, peers, op, rows),
            Collective::AllToAll | Collective::Send => {
                Err(CudaError::NoKernel { op: op.role.name() })
            }
        }
    }

    /// Each rank norms its token shard.
    fn fused(&self, rank: &Rank, peers: &Peers, op: &Op, rows: Rows) -> Result<(), CudaError> {
        let own = rows.shard(peers.rank, peers.ranks);
        let form = FusedForm::of(op, peers.ranks, rank.sizes.shard.hidden, rank.device.family());
        let call = FusedNormCall {
            peers,
            residual: rank.act().residual.ptr(),
            gamma: rank.gamma(op),
            first: own.first,
            rows: own.rows,
            slots: form.slots,
            eps: rank.sizes.rms_eps,
            blocks: op.grid,
            recording: rank.recording.of(op.id.0),
        };
        self.fused[&form].launch(rank.stream_of(op), &call)
    }
}

fn plain(
    kernel: &CollectiveKernel,
    rank: &Rank,
    peers: &Peers,
    op: &Op,
    rows: Rows,
) -> Result<(), CudaError> {
    let vectors = u64::from(rank.sizes.shard.hidden / 8);
    let call = CollectiveCall {
        peers,
        first: u64::from(rows.first) * vectors,
        count: u64::from(rows.rows) * vectors,
        blocks: op.grid,
        recording: rank.recording.of(op.id.0),
    };
    kernel.launch(rank.stream_of(op), &call)
}

/// Whether an op is the fused collective.
pub(super) fn is_fused(op: &Op) -> bool {
    op.role == OpRole::Collective(Collective::FusedArNorm)
}

fn fused_forms(plan: &Plan, hidden: u32, family: KernelFamily) -> BTreeSet<FusedForm> {
    let fused = plan.ops.iter().filter(|op| is_fused(op));
    fused.map(|op| FusedForm::of(op, plan.ranks, hidden, family)).collect()
}
