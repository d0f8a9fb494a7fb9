//! The kernels of one rank, compiled for its model and loaded on its GPU.

use std::collections::{BTreeMap, BTreeSet};

use weftscope_kernels as kernels;

use super::{cache::PAGE_TOKENS, layout::Sizes};
use crate::{
    cuda::{CudaError, Device, Gemm, GemmForm, Kernel, KernelFamily, Nvrtc},
    plan::{Collective, Epilogue, Op, OpWork, Plan, StreamId},
};

/// Dynamic shared memory of the attention kernels: what stages, queries and staging rows take, rounded up; portable: two
/// stages of 64 keys and values.
pub(in crate::cuda) const ATTENTION_SMEM_BYTES: u32 = 183_552;
pub(in crate::cuda) const PORTABLE_ATTENTION_SMEM_BYTES: u32 = 4 * 64 * (128 * 2 + 16);

/// Dynamic shared memory of the decode kernel: three stages of sixteen keys and values for each of four warps.
pub(in crate::cuda) const DECODE_SMEM_BYTES: u32 = 98_304;

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
    pub(super) fn of(op: &Op, ranks: u32, hidden: u32, family: KernelFamily) -> Self {
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
    pub(super) fn fits(self, hidden: u32) -> bool {
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

/// Kernels of one rank.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) gemms: BTreeMap<GemmForm, Gemm>,
    /// Over rows or over pages, as the plan's keys lie.
    pub(super) attention: Kernel,
    /// Where keys lie in pages.
    pub(super) decode: Option<Decode>,
    /// Where the model normalises queries and keys.
    pub(super) qk_norm: Option<Kernel>,
    pub(super) rope: Kernel,
    pub(super) silu_mul: Kernel,
    pub(super) embedding: Kernel,
    pub(super) first_norm: Kernel,
    pub(super) add_norm: Kernel,
    pub(super) fused: BTreeMap<FusedForm, Kernel>,
    pub(super) all_reduce: Kernel,
    pub(super) reduce_scatter: Kernel,
    pub(super) all_gather: Kernel,
    pub(super) mark: Kernel,
}

impl Programs {
    /// Compiles and loads what the plan's ops need; `sms[op]` are the SMs an op may use.
    pub(super) fn load(
        loader: Loader<'_>,
        plan: &Plan,
        sizes: &Sizes,
        sms: &[u32],
    ) -> Result<Self, CudaError> {
        let (hidden, ranks) = (sizes.shard.hidden, plan.ranks);
        let ranks_define = [format!("WEFT_RANKS={ranks}")];
        let collective = |entry| loader.load("collective.cu", entry, &ranks_define, 0);
        let hidden_define = [format!("WEFT_HIDDEN={hidden}")];
        let norm = |entry| loader.load("norm.cu", entry, &hidden_define, 0);
        let mut fused = BTreeMap::new();
        let family = loader.device.family();
        for form in fused_forms(plan, hidden, family) {
            let (defines, smem_bytes) = (form.defines(hidden, ranks), form.smem_bytes(hidden));
            let kernel = loader.load(form.file(), "weft_fused_norm", &defines, smem_bytes)?;
            fused.insert(form, kernel);
        }
        let mut gemms = BTreeMap::new();
        for form in gemm_forms(plan, sms, family) {
            gemms.insert(form, Gemm::load(loader.device, loader.nvrtc, form, loader.stamps)?);
        }
        let page = [format!("WEFT_PAGE={}", if sizes.paged { PAGE_TOKENS } else { 0 })];
        let (attention_file, attention_smem_bytes) = match family {
            KernelFamily::Hopper => ("attention_sm90.cu", ATTENTION_SMEM_BYTES),
            KernelFamily::Portable => ("attention_mma.cu", PORTABLE_ATTENTION_SMEM_BYTES),
        };
        Ok(Self {
            gemms,
            attention: loader.load(
                attention_file,
                "weft_attention",
                &page,
                attention_smem_bytes,
            )?,
            decode: sizes.paged.then(|| Decode::load(loader)).transpose()?,
            qk_norm: sizes
                .shard
                .qk_norm
                .then(|| loader.load("qk_norm.cu", "weft_qk_norm", &[], 0))
                .transpose()?,
            rope: loader.load("rope.cu", "weft_rope", &[], 0)?,
            silu_mul: loader.load("silu_mul.cu", "weft_silu_mul", &[], 0)?,
            embedding: loader.load("embedding.cu", "weft_embedding", &[], 0)?,
            first_norm: norm("weft_first_rms_norm")?,
            add_norm: norm("weft_add_rms_norm")?,
            fused,
            all_reduce: collective("weft_all_reduce")?,
            reduce_scatter: collective("weft_reduce_scatter")?,
            all_gather: collective("weft_all_gather")?,
            mark: loader.load("mark.cu", "weft_mark", &[], 0)?,
        })
    }
}

/// Attention of single queries.
#[derive(Debug)]
pub(super) struct Decode {
    pub(super) pieces: Kernel,
    pub(super) merge: Kernel,
}

impl Decode {
    fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        let load = |entry, smem_bytes| loader.load("attention_decode.cu", entry, &[], smem_bytes);
        Ok(Self {
            pieces: load("weft_attention_decode", DECODE_SMEM_BYTES)?,
            merge: load("weft_attention_merge", 0)?,
        })
    }
}

/// The form of a matrix product op: the plan's tiles if it was made for these kernels, else what fits `sms` SMs best.
pub(super) fn gemm_form(op: &Op, sms: u32, family: KernelFamily) -> Option<GemmForm> {
    let form = match &op.work {
        OpWork::Gemm(shape) if shape.cluster > 1 => {
            let silu_mul = shape.epilogue == Epilogue::SiluMul;
            Some(GemmForm { tile_columns: shape.tile_n, silu_mul })
        }
        OpWork::Gemm(shape) => Some(GemmForm::fitting(shape.m, shape.n, sms)),
        _ => None,
    };
    form.map(|form| form.on(family))
}

fn gemm_forms(plan: &Plan, sms: &[u32], family: KernelFamily) -> BTreeSet<GemmForm> {
    plan.ops.iter().zip(sms).filter_map(|(op, &sms)| gemm_form(op, sms, family)).collect()
}

/// Whether an op is the fused collective.
pub(super) fn is_fused(op: &Op) -> bool {
    matches!(op.work, OpWork::Collective { collective: Collective::FusedArNorm, .. })
}

fn fused_forms(plan: &Plan, hidden: u32, family: KernelFamily) -> BTreeSet<FusedForm> {
    let fused = plan.ops.iter().filter(|op| is_fused(op));
    fused.map(|op| FusedForm::of(op, plan.ranks, hidden, family)).collect()
}

/// Compiles one program at a time.
#[derive(Clone, Copy)]
pub(super) struct Loader<'a> {
    pub(super) device: &'a Device,
    pub(super) nvrtc: &'a Nvrtc,
    pub(super) stamps: bool,
}

impl Loader<'_> {
    pub(super) fn load(
        &self,
        file: &'static str,
        entry: &str,
        defines: &[String],
        smem_bytes: u32,
    ) -> Result<Kernel, CudaError> {
        let program = kernels::find(file).expect("registered, as kernels/tests/sources.rs holds");
        let compiled = self.nvrtc.compile(program, defines, self.device.target(), self.stamps)?;
        self.device.load(&compiled, entry, smem_bytes)
    }
}
