//! The kernels of one rank, compiled for its model and loaded on its GPU.

use super::{
    attention::AttentionKernels, collective::CollectiveKernels, compute::ComputeKernels,
    layout::Sizes,
};
use crate::{
    cuda::{
        driver::CudaError,
        kernels::{Likeliest, Loader, Mark},
    },
    plan::Plan,
};

/// Kernels of one rank, with stamps or without.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) compute: ComputeKernels,
    pub(super) attention: AttentionKernels,
    pub(super) collectives: CollectiveKernels,
    pub(super) mark: Mark,
    pub(super) likeliest: Likeliest,
}

impl Programs {
    /// Compiles and loads what the plan's ops need; `sms[op]` are the SMs an op may use.
    pub(super) fn load(
        loader: Loader<'_>,
        plan: &Plan,
        sizes: &Sizes,
        sms: &[u32],
    ) -> Result<Self, CudaError> {
        Ok(Self {
            compute: ComputeKernels::load(loader, plan, sizes, sms)?,
            attention: AttentionKernels::load(loader, sizes)?,
            collectives: CollectiveKernels::load(loader, plan, sizes)?,
            mark: Mark::load(loader)?,
            likeliest: Likeliest::load(loader)?,
        })
    }
}
