use super::gemm_shape;
use crate::{
    machine::GpuSpec,
    model::{Ffn, Shard},
    plan::GemmShape,
};

/// One matrix product of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerGemm {
    /// Op name.
    pub name: &'static str,
    /// It belongs to the feed-forward half of the layer (phases C and D of the weave).
    pub mlp: bool,
    /// How it is tiled.
    pub shape: GemmShape,
    /// Rows that are multiplied, all groups together (the tiles of experts hold a few more).
    pub rows: u64,
}

impl LayerGemm {
    /// Floating-point operations of its rows.
    pub fn flops(&self) -> f64 {
        2.0 * self.rows as f64 * f64::from(self.shape.n) * f64::from(self.shape.k)
    }
}

/// The matrix products of one layer on one rank for `rows` tokens, in the order they run.
pub fn layer_gemms(shard: &Shard, rows: u32, gpu: &GpuSpec) -> Vec<LayerGemm> {
    let dense = |name, mlp, (n, k)| LayerGemm {
        name,
        mlp,
        shape: gemm_shape((rows, n, k), 1, gpu),
        rows: u64::from(rows),
    };
    let hidden = shard.hidden;
    let mut gemms = vec![
        dense("qkv", false, (shard.qkv_columns(), hidden)),
        dense("o_proj", false, (hidden, shard.heads * shard.head_dim)),
    ];
    match shard.ffn {
        Ffn::Dense { intermediate } => {
            gemms.push(dense("gate_up", true, (2 * intermediate, hidden)));
            gemms.push(dense("down", true, (hidden, intermediate)));
        }
        Ffn::Moe { experts, top_k, intermediate, shared_intermediate } => {
            let groups = expected_experts(rows, experts, top_k);
            let routed = u64::from(rows) * u64::from(top_k);
            let rows_per_expert = routed.div_ceil(u64::from(groups)) as u32;
            let grouped = |name, (n, k)| LayerGemm {
                name,
                mlp: true,
                shape: gemm_shape((rows_per_expert, n, k), groups, gpu),
                rows: routed,
            };
            gemms.push(dense("router", true, (experts, hidden)));
            gemms.push(grouped("experts_w13", (2 * intermediate, hidden)));
            gemms.push(grouped("experts_w2", (hidden, intermediate)));
            if shared_intermediate > 0 {
                gemms.push(dense("shared_gate_up", true, (2 * shared_intermediate, hidden)));
                gemms.push(dense("shared_down", true, (hidden, shared_intermediate)));
            }
        }
    }
    gemms
}

/// Experts that at least one of `tokens` tokens goes to, when each picks `top_k` of `experts` at random:
/// E · (1 − (1 − k/E)^tokens), at least `top_k`.
fn expected_experts(tokens: u32, experts: u32, top_k: u32) -> u32 {
    let (count, picked) = (f64::from(experts), f64::from(top_k));
    let missed = (1.0 - picked / count).powf(f64::from(tokens));
    ((count * (1.0 - missed)).round() as u32).clamp(top_k, experts).max(1)
}
