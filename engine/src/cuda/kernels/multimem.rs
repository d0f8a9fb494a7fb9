//! Collectives over NVLink multicast (`multimem.cu`): compiled and compared, never run. Nothing here makes the multicast
//! object whose address they take; whatever will must hold a [`MulticastPermit`](crate::cuda::MulticastPermit).

use cudarc::driver::CudaStream;
use weftscope_kernels::abi::Peers;

#[cfg(test)]
use super::arguments::List;
use super::{
    CollectiveCall, CollectiveKind, FusedNormCall, Loader,
    arguments::{Entry, Pointer, arguments},
    source::Source,
};
use crate::cuda::driver::{CudaError, DevicePtr, Shape};

const FILE: &str = "multimem.cu";
/// The kernel's default; NVLink's switch needs few.
const THREADS: u32 = 512;

arguments! {
    MultimemArguments of
        "multimem.cu": "weft_multimem_all_reduce",
        "multimem.cu": "weft_multimem_reduce_scatter",
        "multimem.cu": "weft_multimem_all_gather";
    peers: Peers,
    multicast: Pointer,
    first: u64,
    count: u64,
    op: u32,
    ring: Pointer,
    error: Pointer,
}

arguments! {
    MultimemNormArguments of "multimem.cu": "weft_multimem_fused_norm";
    peers: Peers,
    multicast: Pointer,
    residual: Pointer,
    gamma: Pointer,
    first: u32,
    rows: u32,
    eps: f32,
    op: u32,
    ring: Pointer,
    error: Pointer,
}

#[cfg(test)]
pub(super) const LISTS: &[List] =
    &[List::of::<MultimemArguments>(), List::of::<MultimemNormArguments>()];

/// A collective over multicast.
#[derive(Clone, Debug)]
pub(super) struct MultimemCollective(Entry<MultimemArguments>);

impl MultimemCollective {
    pub(super) fn load(loader: Loader<'_>, kind: CollectiveKind) -> Result<Self, CudaError> {
        let entry = match kind {
            CollectiveKind::AllReduce => "weft_multimem_all_reduce",
            CollectiveKind::ReduceScatter => "weft_multimem_reduce_scatter",
            CollectiveKind::AllGather => "weft_multimem_all_gather",
        };
        Entry::load(loader, Source::plain(FILE, entry)).map(Self)
    }

    /// `multicast` binds the hidden buffers of all ranks, at equal offsets.
    pub(super) fn launch(
        &self,
        stream: &CudaStream,
        multicast: DevicePtr<'_>,
        call: &CollectiveCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = MultimemArguments {
            peers: *call.peers,
            multicast: multicast.into(),
            first: call.first,
            count: call.count,
            op: call.recording.op,
            ring: call.recording.ring.into(),
            error: call.recording.error.into(),
        };
        self.0.launch(stream, Shape::line(call.blocks, THREADS), arguments)
    }
}

/// The fused all-reduce, residual add and RMSNorm over multicast.
#[derive(Clone, Debug)]
pub(super) struct MultimemFusedNorm(Entry<MultimemNormArguments>);

impl MultimemFusedNorm {
    pub(super) fn load(loader: Loader<'_>, hidden: u32) -> Result<Self, CudaError> {
        let defines = &[format!("WEFT_HIDDEN={hidden}")];
        let source = Source { defines, ..Source::plain(FILE, "weft_multimem_fused_norm") };
        Entry::load(loader, source).map(Self)
    }

    /// `multicast` binds the hidden buffers of all ranks, at equal offsets; the call's slots mean nothing here.
    pub(super) fn launch(
        &self,
        stream: &CudaStream,
        multicast: DevicePtr<'_>,
        call: &FusedNormCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = MultimemNormArguments {
            peers: *call.peers,
            multicast: multicast.into(),
            residual: call.residual.into(),
            gamma: call.gamma.into(),
            first: call.first,
            rows: call.rows,
            eps: call.eps,
            op: call.recording.op,
            ring: call.recording.ring.into(),
            error: call.recording.error.into(),
        };
        self.0.launch(stream, Shape::line(call.blocks, THREADS), arguments)
    }
}
