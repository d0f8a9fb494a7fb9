//! The kernels of one rank, compiled for its model and loaded on its GPU.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::{PAGE_TOKENS, Sizes};
use crate::{
    cuda::{
        driver::{CudaError, Kernel, KernelFamily},
        kernels::{
            ATTENTION_SMEM_BYTES, Decode, FusedForm, Gemm, GemmForm, Loader,
            PORTABLE_ATTENTION_SMEM_BYTES,
        },
    },
    plan::{Collective, Epilogue, Op, OpRole, OpWork, Plan},
};

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
    op.role == OpRole::Collective(Collective::FusedArNorm)
}

fn fused_forms(plan: &Plan, hidden: u32, family: KernelFamily) -> BTreeSet<FusedForm> {
    let fused = plan.ops.iter().filter(|op| is_fused(op));
    fused.map(|op| FusedForm::of(op, plan.ranks, hidden, family)).collect()
}
