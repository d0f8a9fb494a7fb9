//! The kernels of one rank, compiled for its model and loaded on its GPU.

use weftscope_kernels as kernels;

use super::layout::Sizes;
use crate::cuda::{CudaError, Device, Gemm, GemmForm, Kernel, Nvrtc};

/// Dynamic shared memory of the attention kernel: all that Hopper allows a block.
const ATTENTION_SMEM_BYTES: u32 = 232_448;

/// How the fused collective is cut, by number of ranks: groups of threads, threads a group, row buffers a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct FusedForm {
    pub(super) groups: u32,
    pub(super) group_threads: u32,
    pub(super) slots: u32,
}

impl FusedForm {
    /// Measured on 2 × H200 at 8192 columns (see `kernels/NOTES.md`); more ranks need a slot for each.
    pub(super) fn of(ranks: u32) -> Self {
        if ranks <= 2 {
            Self { groups: 2, group_threads: 256, slots: 3 }
        } else {
            Self { groups: 1, group_threads: 512, slots: ranks + 1 }
        }
    }

    /// Dynamic shared memory, as the kernel's header states it.
    pub(super) fn smem_bytes(self, hidden: u32) -> u32 {
        (self.groups * (self.slots + 1) + 1) * hidden * 2 + 1024
    }
}

/// Kernels of one rank.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) wide: Gemm,
    pub(super) narrow: Gemm,
    pub(super) attention: Kernel,
    pub(super) rope: Kernel,
    pub(super) silu_mul: Kernel,
    pub(super) embedding: Kernel,
    pub(super) add_norm: Kernel,
    pub(super) fused: Kernel,
    pub(super) fused_form: FusedForm,
    pub(super) all_reduce: Kernel,
    pub(super) reduce_scatter: Kernel,
    pub(super) all_gather: Kernel,
    pub(super) random: Kernel,
}

impl Programs {
    /// Compiles and loads them all.
    pub(super) fn load(
        device: &Device,
        nvrtc: &Nvrtc,
        sizes: &Sizes,
        ranks: u32,
        stamps: bool,
    ) -> Result<Self, CudaError> {
        let loader = Loader { device, nvrtc, stamps };
        let hidden = sizes.shard.hidden;
        let (hidden_define, ranks_define) =
            (format!("WEFT_HIDDEN={hidden}"), format!("WEFT_RANKS={ranks}"));
        let form = FusedForm::of(ranks);
        let fused_defines = [
            hidden_define.clone(),
            ranks_define.clone(),
            format!("WEFT_GROUPS={}", form.groups),
            format!("WEFT_GROUP_THREADS={}", form.group_threads),
            format!("WEFT_SLOTS={}", form.slots),
        ];
        let collective =
            |entry| loader.load("collective.cu", entry, std::slice::from_ref(&ranks_define), 0);
        Ok(Self {
            wide: Gemm::load(device, nvrtc, GemmForm::PLAIN, stamps)?,
            narrow: Gemm::load(device, nvrtc, GemmForm::NARROW, stamps)?,
            attention: loader.load(
                "attention_sm90.cu",
                "weft_attention",
                &["WEFT_PAGE=0".to_owned()],
                ATTENTION_SMEM_BYTES,
            )?,
            rope: loader.load("rope.cu", "weft_rope", &[], 0)?,
            silu_mul: loader.load("silu_mul.cu", "weft_silu_mul", &[], 0)?,
            embedding: loader.load("embedding.cu", "weft_embedding", &[], 0)?,
            add_norm: loader.load("norm.cu", "weft_add_rms_norm", &[hidden_define], 0)?,
            fused: loader.load(
                "fused_norm_sm90.cu",
                "weft_fused_norm",
                &fused_defines,
                form.smem_bytes(hidden),
            )?,
            fused_form: form,
            all_reduce: collective("weft_all_reduce")?,
            reduce_scatter: collective("weft_reduce_scatter")?,
            all_gather: collective("weft_all_gather")?,
            random: loader.load("random.cu", "weft_random", &[], 0)?,
        })
    }
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
        let compiled = self.nvrtc.compile(program, defines, self.device.arch(), self.stamps)?;
        self.device.load(&compiled, entry, smem_bytes)
    }
}
