use crate::{
    cuda::driver::KernelFamily,
    plan::{Op, StreamId},
};

/// Shared memory that a block of an SM of Hopper may have.
const SM_SMEM_BYTES: u32 = 232_448;

/// How the fused collective is compiled for an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cuda) struct FusedForm {
    /// Groups of threads, each with rows of its own.
    pub(in crate::cuda) groups: u32,
    pub(in crate::cuda) group_threads: u32,
    /// Row buffers a group.
    pub(in crate::cuda) slots: u32,
    /// Own row and residual are loaded a row ahead.
    pub(in crate::cuda) ahead: bool,
    /// Blocks in clusters of two, so that they fill whole TPCs and leave whole ones to matrix products.
    pub(in crate::cuda) pairs: bool,
    pub(in crate::cuda) family: KernelFamily,
}

impl FusedForm {
    /// For an op of `ranks` ranks, as measured on 2 × H200 (`kernels/NOTES.md`): beside other work, or on few blocks,
    /// latency is what to hide; alone on many the link is, and fewer loads in flight are better.
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

    pub(in crate::cuda) fn file(self) -> &'static str {
        match self.family {
            KernelFamily::Hopper => "fused_norm_sm90.cu",
            KernelFamily::Portable => "fused_norm.cu",
        }
    }

    /// Those that only Hopper's kernel has mean nothing to the other.
    pub(in crate::cuda) fn defines(self, hidden: u32, ranks: u32) -> Vec<String> {
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
    pub(in crate::cuda) fn smem_bytes(self, hidden: u32) -> u32 {
        if self.family == KernelFamily::Portable {
            return 0;
        }
        (self.groups * (self.slots + 1) + 1) * hidden * 2 + 1024
    }
}
