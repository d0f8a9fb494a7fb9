//! The GEMMs of a layer: which there are, how each is tiled, and the SMs that collectives leave to each.

use super::{gemm_shape, own_shape};
use crate::{
    machine::{GemmKernels, GpuSpec},
    model::{Ffn, Moe, Shard},
    plan::{Cluster, Epilogue, GemmShape, OpRole},
};

/// Columns of gate (and of up) of an expert up to which the own kernel gathers its rows: every column of tiles gathers them anew, and takes 7 %
/// longer for it than from rows that were brought together once. On an H200 the two are even at 2048 (Mixtral-8x22B on eight ranks); at 192
/// (Qwen3-235B-A22B on eight ranks) layers take 6 to 10 % less (kernels/NOTES.md, "Mixture of experts").
const GATHERED_COLUMNS: u32 = 1024;

/// One GEMM of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerGemm {
    /// What its op is.
    pub role: OpRole,
    /// It belongs to the feed-forward half of the layer (phases C and D of the weave).
    pub mlp: bool,
    /// How it is tiled.
    pub shape: GemmShape,
    /// Rows that are multiplied, all groups together (the tiles of experts hold a few more).
    pub rows: u64,
    /// Distinct rows that are read: however many experts a token goes to, its row comes from memory once.
    pub input_rows: u32,
}

impl LayerGemm {
    /// Floating-point operations of its rows.
    pub fn flops(&self) -> f64 {
        2.0 * self.rows as f64 * f64::from(self.shape.n) * f64::from(self.shape.k)
    }

    /// Bytes of its bf16 weights, all groups together.
    pub fn weight_bytes(&self) -> f64 {
        let GemmShape { n, k, groups, .. } = self.shape;
        2.0 * f64::from(groups) * f64::from(n) * f64::from(k)
    }
}

/// The GEMMs of one layer on one rank for `rows` tokens, in the order they run, beside collectives that hold
/// `held` SMs.
pub fn layer_gemms(shard: &Shard, rows: u32, gpu: &GpuSpec, held: HeldSms) -> Vec<LayerGemm> {
    let of_layer = LayerGemms { shard, rows, gpu, held };
    let mut gemms = of_layer.attention().to_vec();
    match shard.ffn {
        Ffn::Dense { intermediate } => gemms.extend(of_layer.dense(intermediate)),
        Ffn::Moe(moe) => {
            gemms.extend(of_layer.experts(moe));
            if moe.shared_intermediate > 0 {
                gemms.extend(of_layer.shared_expert(moe.shared_intermediate));
            }
        }
    }
    gemms
}

/// The GEMMs of `rows` tokens, by the block of the layer that they belong to.
#[derive(Clone, Copy)]
pub(crate) struct LayerGemms<'a> {
    pub(crate) shard: &'a Shard,
    pub(crate) rows: u32,
    pub(crate) gpu: &'a GpuSpec,
    pub(crate) held: HeldSms,
}

/// SMs that communication holds beside the GEMMs of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldSms {
    /// Beside QKV (phases A and B of the weave).
    pub qkv: u32,
    /// Beside the output projection.
    pub o_proj: u32,
    /// Beside gate and up, or the experts (phases C and D).
    pub gate_up: u32,
    /// Beside down.
    pub down: u32,
}

impl HeldSms {
    /// Collectives of so many CTAs last as long as the phases.
    pub fn throughout(attn_ctas: u32, mlp_ctas: u32) -> Self {
        Self { qkv: attn_ctas, o_proj: attn_ctas, gate_up: mlp_ctas, down: mlp_ctas }
    }
}

impl LayerGemms<'_> {
    /// QKV and output projection.
    pub(crate) fn attention(&self) -> [LayerGemm; 2] {
        let Shard { hidden, heads, head_dim, .. } = *self.shard;
        let HeldSms { qkv, o_proj, .. } = self.held;
        let gemm =
            |role, n, k, held| LayerGemm { mlp: false, ..self.gemm_beside(role, (n, k), held) };
        [
            gemm(OpRole::Qkv, self.shard.qkv_columns(), hidden, qkv),
            gemm(OpRole::OProj, hidden, heads * head_dim, o_proj),
        ]
    }

    /// Gate and up in one, then down. The own kernel's gate_up gates in its epilogue, which costs at most 1.4 % of it
    /// and saves a pass over its output (kernels/NOTES.md).
    pub(crate) fn dense(&self, intermediate: u32) -> [LayerGemm; 2] {
        let hidden = self.shard.hidden;
        let mut gate_up = self.gemm(OpRole::GateUp, 2 * intermediate, hidden);
        if self.gpu.gemm_kernels == GemmKernels::Weft {
            let GemmShape { m, n, k, .. } = gate_up.shape;
            let sms = self.sms_beside(self.held.gate_up);
            gate_up.shape = own_shape((m, n, k), None, sms, Epilogue::SiluMul);
        }
        [gate_up, self.gemm_beside(OpRole::Down, (hidden, intermediate), self.held.down)]
    }

    /// The same of the expert that every token goes to.
    pub(crate) fn shared_expert(&self, intermediate: u32) -> [LayerGemm; 2] {
        let [gate_up, down] = self.dense(intermediate);
        [
            LayerGemm { role: OpRole::SharedGateUp, ..gate_up },
            LayerGemm { role: OpRole::SharedDown, ..down },
        ]
    }

    /// Router, then gate and up, then down of all experts, each in one launch. The own kernels gate in the epilogue, and write scores as
    /// fp32. A library's gather their rows from the tokens; the own ones do, too, where experts are narrow, and have them brought
    /// into order otherwise.
    pub(crate) fn experts(&self, moe: Moe) -> [LayerGemm; 3] {
        let Moe { experts, top_k, intermediate, .. } = moe;
        let hidden = self.shard.hidden;
        let groups = expected_experts(self.rows, experts, top_k);
        let rows = u64::from(self.rows) * u64::from(top_k);
        let rows_per_expert = rows.div_ceil(u64::from(groups)) as u32;
        let is_own = self.gpu.gemm_kernels == GemmKernels::Weft;
        let sms = self.sms_beside(self.held.gate_up);
        let grouped = |role, n, k, input_rows, epilogue| {
            let size = (rows_per_expert, n, k);
            let shape = match is_own {
                true => own_shape(size, Some(groups), sms, epilogue),
                false => gemm_shape(size, Some(groups), self.gpu, sms),
            };
            LayerGemm { role, mlp: true, shape, rows, input_rows }
        };
        let gathers = !is_own || intermediate <= GATHERED_COLUMNS;
        let entries = self.rows * top_k;
        let mut router = self.gemm(OpRole::Router, moe.scores(), hidden);
        if is_own {
            let GemmShape { m, n, k, .. } = router.shape;
            router.shape = own_shape((m, n, k), None, sms, Epilogue::F32);
        }
        let from = if gathers { self.rows } else { entries };
        let mut w13 =
            grouped(OpRole::ExpertsW13, 2 * intermediate, hidden, from, Epilogue::SiluMul);
        if is_own && gathers {
            w13.shape.cluster = Cluster::Gathered;
        }
        [router, w13, grouped(OpRole::ExpertsW2, hidden, intermediate, entries, Epilogue::Plain)]
    }

    fn gemm(&self, role: OpRole, n: u32, k: u32) -> LayerGemm {
        self.gemm_beside(role, (n, k), self.held.gate_up)
    }

    fn gemm_beside(&self, role: OpRole, (n, k): (u32, u32), held: u32) -> LayerGemm {
        let shape = gemm_shape((self.rows, n, k), None, self.gpu, self.sms_beside(held));
        let rows = u64::from(self.rows);
        LayerGemm { role, mlp: true, shape, rows, input_rows: self.rows }
    }

    fn sms_beside(&self, held: u32) -> u32 {
        self.gpu.sms.saturating_sub(held)
    }
}

/// Experts that at least one of `tokens` tokens goes to, when each picks `top_k` of `experts` at random:
/// E · (1 − (1 − k/E)^tokens), at least `top_k`.
fn expected_experts(tokens: u32, experts: u32, top_k: u32) -> u32 {
    let (count, picked) = (f64::from(experts), f64::from(top_k));
    let missed = (1.0 - picked / count).powf(f64::from(tokens));
    ((count * (1.0 - missed)).round() as u32).clamp(top_k, experts).max(1)
}
