//! Collectives over peer memory, in place in the ranks' hidden buffers (`collective.cu`).

use cudarc::driver::CudaStream;
use weftscope_kernels::abi::Peers;

#[cfg(test)]
use super::arguments::List;
use super::{
    Loader,
    arguments::{Entry, Pointer, arguments},
    source::Source,
};
use crate::cuda::{
    driver::{CudaError, DevicePtr, Shape},
    stamps::OpRecording,
};

const THREADS: u32 = 512;

arguments! {
    CollectiveArguments of
        "collective.cu": "weft_all_reduce",
        "collective.cu": "weft_reduce_scatter",
        "collective.cu": "weft_all_gather";
    peers: Peers,
    first: u64,
    count: u64,
    op: u32,
    ring: Pointer,
    error: Pointer,
}

#[cfg(test)]
pub(super) const LISTS: &[List] = &[List::of::<CollectiveArguments>()];

/// What one rank shows the others.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct Shared<'a> {
    /// `[rows, hidden]` bf16.
    pub(in crate::cuda) hidden: DevicePtr<'a>,
    /// `[blocks, PAD_WORDS]` u32, zeroed once.
    pub(in crate::cuda) pads: DevicePtr<'a>,
}

/// What each rank is given of all, by rank: the same addresses, and its number. The buffers of every rank must live
/// until the collectives of all of them have run; freeing one waits for its device only.
pub(in crate::cuda) fn peers(ranks: &[Shared<'_>]) -> Vec<Peers> {
    let mut all = Peers { ranks: ranks.len() as u32, ..Peers::default() };
    for (index, shared) in ranks.iter().enumerate() {
        all.hidden[index] = shared.hidden.address();
        all.pads[index] = shared.pads.address();
    }
    let mut each = vec![all; ranks.len()];
    for (rank, own) in each.iter_mut().enumerate() {
        own.rank = rank as u32;
    }
    each
}

/// Which of the collectives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cuda) enum CollectiveKind {
    /// Sums over all ranks, to all of them.
    AllReduce,
    /// Sums over all ranks, each its part.
    ReduceScatter,
    /// Each rank's part, to all of them.
    AllGather,
}

/// `collective.cu`, compiled for a number of ranks.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct CollectiveKernel(Entry<CollectiveArguments>);

/// One rank's launch. Every rank must launch its own, with as many blocks, in the same order.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct CollectiveCall<'a> {
    pub(in crate::cuda) peers: &'a Peers,
    /// First vector of eight in the hidden buffers.
    pub(in crate::cuda) first: u64,
    /// Vectors of eight; rank `r` owns those from `count · r / ranks` on.
    pub(in crate::cuda) count: u64,
    /// All must be resident together, each with a pad.
    pub(in crate::cuda) blocks: u32,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl CollectiveKernel {
    pub(in crate::cuda) fn load(
        loader: Loader<'_>,
        kind: CollectiveKind,
        ranks: u32,
    ) -> Result<Self, CudaError> {
        let entry = match kind {
            CollectiveKind::AllReduce => "weft_all_reduce",
            CollectiveKind::ReduceScatter => "weft_reduce_scatter",
            CollectiveKind::AllGather => "weft_all_gather",
        };
        let defines = &[format!("WEFT_RANKS={ranks}")];
        let source = Source { defines, ..Source::plain("collective.cu", entry) };
        Entry::load(loader, source).map(Self)
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &CollectiveCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = CollectiveArguments {
            peers: *call.peers,
            first: call.first,
            count: call.count,
            op: call.recording.op,
            ring: call.recording.ring.into(),
            error: call.recording.error.into(),
        };
        self.0.launch(stream, Shape::line(call.blocks, THREADS), arguments)
    }
}
