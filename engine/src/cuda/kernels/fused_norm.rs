//! All-reduce, residual add and RMSNorm in one launch: `fused_norm_sm90.cu`, its portable twin, and the simple fusion
//! that they are compared with. All take the same arguments.

use cudarc::driver::CudaStream;
use weftscope_kernels::abi::Peers;

#[cfg(test)]
use super::arguments::List;
use super::{
    Loader,
    arguments::{Entry, Pointer, arguments},
    source::Source,
};
use crate::{
    cuda::{
        driver::{CudaError, DevicePtr, KernelFamily, Shape},
        stamps::OpRecording,
    },
    plan::{Op, StreamId},
};

arguments! {
    FusedNormArguments of
        "fused_norm_sm90.cu": "weft_fused_norm",
        "fused_norm.cu": "weft_fused_norm",
        "simple_fusion.cu": "weft_simple_fusion";
    peers: Peers,
    residual: Pointer,
    gamma: Pointer,
    first: u32,
    rows: u32,
    slots: u32,
    eps: f32,
    op: u32,
    ring: Pointer,
    error: Pointer,
}

#[cfg(test)]
pub(super) const LISTS: &[List] = &[List::of::<FusedNormArguments>()];

/// Threads of the simple fusion.
const SIMPLE_THREADS: u32 = 512;

/// Shared memory that a block of an SM of Hopper may have.
const SM_SMEM_BYTES: u32 = 232_448;

/// How the fused collective is compiled for an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cuda) struct FusedForm {
    /// Groups of threads, each with other rows.
    pub(in crate::cuda) groups: u32,
    pub(in crate::cuda) group_threads: u32,
    /// Row buffers a group.
    pub(in crate::cuda) slots: u32,
    /// Own row and residual are loaded a row ahead.
    pub(in crate::cuda) ahead: bool,
    /// Blocks in clusters of two, so that they fill whole TPCs and leave whole ones to GEMMs.
    pub(in crate::cuda) pairs: bool,
    pub(in crate::cuda) family: KernelFamily,
}

impl FusedForm {
    /// For an op of `ranks` ranks, as measured on 2 × H200 (`kernels/NOTES.md`): beside other work, or on few blocks,
    /// latency is what to hide; by itself on many the link is, and fewer loads in flight are better.
    ///
    /// Wide rows take fewer of the slots and then one group, as far as shared memory asks for it; narrow ones fewer threads.
    pub(in crate::cuda) fn of(op: &Op, ranks: u32, hidden: u32, family: KernelFamily) -> Self {
        if family == KernelFamily::Portable {
            return Self::portable(ranks, hidden);
        }
        let mut form = Self::measured(op, ranks);
        while !form.fits(hidden) && form.slots > ranks.max(2) {
            form.slots -= 1;
        }
        if !form.fits(hidden) {
            form.groups = 1;
        }
        let vectors = (hidden / 8).next_multiple_of(32);
        form.group_threads = form.group_threads.min(vectors);
        form
    }

    /// Whether the row buffers lie in the shared memory of an SM, as the kernel's header asks.
    pub(in crate::cuda) fn fits(self, hidden: u32) -> bool {
        self.smem_bytes(hidden) + 1024 <= SM_SMEM_BYTES
    }

    /// Registers set the limit: two groups when what a thread holds of a row fits half of them.
    fn portable(ranks: u32, hidden: u32) -> Self {
        let vectors = hidden.div_ceil(8);
        let group_threads = vectors.next_multiple_of(32).clamp(32, 512);
        let held = 4 * (ranks + 1) * vectors.div_ceil(group_threads);
        let groups = if held <= 24 { 2 } else { 1 };
        let family = KernelFamily::Portable;
        Self { groups, group_threads, slots: 0, ahead: false, pairs: false, family }
    }

    fn measured(op: &Op, ranks: u32) -> Self {
        let family = KernelFamily::Hopper;
        let ahead = op.stream == StreamId::COMM || op.grid <= 12;
        let pairs = op.grid.is_multiple_of(2);
        match ranks {
            ..=2 => Self {
                groups: 2,
                group_threads: 256,
                slots: if ahead { 3 } else { 2 },
                ahead,
                pairs,
                family,
            },
            3..=4 => Self { groups: 2, group_threads: 256, slots: 5, ahead, pairs, family },
            _ => Self { groups: 1, group_threads: 512, slots: 11, ahead, pairs, family },
        }
    }

    /// Those that only Hopper's kernel has mean nothing to the other.
    fn defines(self, hidden: u32, ranks: u32) -> Vec<String> {
        vec![
            format!("WEFT_HIDDEN={hidden}"),
            format!("WEFT_RANKS={ranks}"),
            format!("WEFT_GROUPS={}", self.groups),
            format!("WEFT_GROUP_THREADS={}", self.group_threads),
            format!("WEFT_SLOTS={}", self.slots),
            format!("WEFT_AHEAD={}", u32::from(self.ahead)),
            format!("WEFT_PAIRS={}", u32::from(self.pairs)),
        ]
    }

    /// Dynamic shared memory, as the kernel's header states it.
    fn smem_bytes(self, hidden: u32) -> u32 {
        if self.family == KernelFamily::Portable {
            return 0;
        }
        (self.groups * (self.slots + 1) + 1) * hidden * 2 + 1024
    }
}

/// The fused collective, compiled for ranks, row width and form; or the simple fusion in its place.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct FusedNorm {
    entry: Entry<FusedNormArguments>,
    threads: u32,
}

/// One rank's launch. Every rank must launch its own, with as many blocks, in the same order.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct FusedNormCall<'a> {
    pub(in crate::cuda) peers: &'a Peers,
    /// `[rows, hidden]` bf16, of which only the rank's rows are touched.
    pub(in crate::cuda) residual: DevicePtr<'a>,
    /// `[hidden]` bf16.
    pub(in crate::cuda) gamma: DevicePtr<'a>,
    /// First row of this rank's token shard.
    pub(in crate::cuda) first: u32,
    /// Rows of the shard.
    pub(in crate::cuda) rows: u32,
    /// Row buffers to use of those in the form.
    pub(in crate::cuda) slots: u32,
    pub(in crate::cuda) eps: f32,
    /// All must be resident together, each with a pad; even where the form pairs them.
    pub(in crate::cuda) blocks: u32,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl FusedNorm {
    pub(in crate::cuda) fn load(
        loader: Loader<'_>,
        form: FusedForm,
        hidden: u32,
        ranks: u32,
    ) -> Result<Self, CudaError> {
        let file = match form.family {
            KernelFamily::Hopper => "fused_norm_sm90.cu",
            KernelFamily::Portable => "fused_norm.cu",
        };
        let (defines, smem_bytes) = (&form.defines(hidden, ranks), form.smem_bytes(hidden));
        let source = Source { file, entry: "weft_fused_norm", defines, smem_bytes };
        let threads = form.groups * form.group_threads;
        Ok(Self { entry: Entry::load(loader, source)?, threads })
    }

    /// Reduce-scatter, norm and all-gather one after the other in one launch: the comparator.
    pub(in crate::cuda) fn load_simple(
        loader: Loader<'_>,
        hidden: u32,
        ranks: u32,
    ) -> Result<Self, CudaError> {
        let defines = &[format!("WEFT_HIDDEN={hidden}"), format!("WEFT_RANKS={ranks}")];
        let source = Source { defines, ..Source::plain("simple_fusion.cu", "weft_simple_fusion") };
        Ok(Self { entry: Entry::load(loader, source)?, threads: SIMPLE_THREADS })
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &FusedNormCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = FusedNormArguments {
            peers: *call.peers,
            residual: call.residual.into(),
            gamma: call.gamma.into(),
            first: call.first,
            rows: call.rows,
            slots: call.slots,
            eps: call.eps,
            op: call.recording.op,
            ring: call.recording.ring.into(),
            error: call.recording.error.into(),
        };
        self.entry.launch(stream, Shape::line(call.blocks, self.threads), arguments)
    }
}
