use super::{LayerGemm, SplitTable, layer_gemms, padded_tokens};
use crate::{
    model::Shard,
    plan::{causal_pairs, fused_transport},
    spec::{RunSpec, Transport},
};

/// How much longer a fused collective takes beside compute than alone: 1.5–1.7 (tokenweave.md §2.6).
const IN_SITU: f64 = 1.5;

/// CTAs of the collectives under attention and under the MLP of a split batch.
///
/// The user's knobs come first, then a tuned table (the user's own, or with multimem the built-in one). Without
/// either it is the fewest CTAs whose collective the phase's compute still hides: more would hold SMs for nothing.
pub(crate) fn overlap_ctas(spec: &RunSpec, shard: &Shard) -> (u32, u32) {
    let (transport, _) = fused_transport(spec);
    let tuned = tuned_table(spec)
        .filter(|_| transport == Transport::Multimem || spec.knobs.table.is_some())
        .and_then(|table| table.nearest(spec.batch.tokens()))
        .map(|(_, row)| (row.attention_ctas, row.mlp_ctas));
    let (attention, mlp) = tuned.unwrap_or_else(|| {
        let phases = HalfLayer { spec, shard, transport };
        (phases.fewest_hiding_ctas(false), phases.fewest_hiding_ctas(true))
    });
    (spec.knobs.attn_ctas.unwrap_or(attention), spec.knobs.mlp_ctas.unwrap_or(mlp))
}

/// The user's table, else the one that ships for this model and degree.
pub(super) fn tuned_table(spec: &RunSpec) -> Option<SplitTable> {
    let degree = spec.knobs.shard_of.unwrap_or(spec.knobs.tp);
    let table = spec.knobs.table.clone();
    table.or_else(|| SplitTable::builtin(&spec.model.name, degree))
}

/// A layer of half of the batch, roughly timed.
struct HalfLayer<'a> {
    spec: &'a RunSpec,
    shard: &'a Shard,
    transport: Transport,
}

impl HalfLayer<'_> {
    fn fewest_hiding_ctas(&self, mlp: bool) -> u32 {
        // Beyond the last of each, a fused kernel gains little (tokenweave.md §1.9) or the link is full.
        let candidates: &[u32] = match self.transport {
            Transport::Multimem => &[2, 4, 8],
            Transport::P2p | Transport::Nccl => &[4, 8, 16],
        };
        let [.., most] = *candidates else { return 1 };
        let hidden_ns = self.compute_ns(mlp) / IN_SITU;
        let hides = |ctas: &&u32| self.collective_ns(**ctas) <= hidden_ns;
        candidates.iter().find(hides).copied().unwrap_or(most)
    }

    /// Matrix products and attention of half of the batch at the GPU's large-product rate.
    fn compute_ns(&self, mlp: bool) -> f64 {
        let rows = padded_tokens(self.spec.batch.tokens()) / 2;
        let gemms = layer_gemms(self.shard, rows, &self.spec.machine.gpu);
        let gemm_flops: f64 =
            gemms.iter().filter(|gemm| gemm.mlp == mlp).map(LayerGemm::flops).sum();
        let requests = self.spec.batch.requests.iter();
        let pairs: u64 =
            requests.map(|request| causal_pairs(request.cached_tokens, request.new_tokens)).sum();
        let width = f64::from(self.shard.heads) * f64::from(self.shard.head_dim);
        let attention_flops = if mlp { 0.0 } else { 4.0 * width * pairs as f64 / 2.0 };
        1e9 * (gemm_flops + attention_flops) / self.spec.machine.gpu.bf16_flops
    }

    /// The fused collective of half of the batch with nothing beside it: each CTA takes a row of its rank's shard
    /// at a time; together they cannot pass what the links carry.
    fn collective_ns(&self, ctas: u32) -> f64 {
        let (link, spec) = (&self.spec.machine.link, &self.spec.machine.collectives);
        let ranks = f64::from(self.spec.knobs.tp);
        let rows = f64::from(padded_tokens(self.spec.batch.tokens()) / 2);
        let row_bytes = 2.0 * f64::from(self.shard.hidden);
        // The switch reduces: one row in, one row out. Without it, one from and one to every peer.
        let (rows_moved, link_bytes_per_s) = match (self.transport, link.multimem_bytes_per_s) {
            (Transport::Multimem, Some(bytes_per_s)) => (1.0, bytes_per_s),
            _ => (2.0 * (ranks - 1.0), link.bytes_per_s * ranks / (2.0 * (ranks - 1.0))),
        };
        let row_ns = spec.fused_row_ns + 1e9 * rows_moved * row_bytes / link.bytes_per_s_per_sm;
        let chain_ns = (rows / ranks / f64::from(ctas)).ceil() * row_ns;
        let link_ns = 1e9 * rows * row_bytes / link_bytes_per_s;
        // Rows wait for each other on the links: t = chain · (1 + queueing · link / t), solved for t.
        let queued = 4.0 * spec.link_queueing * chain_ns * link_ns;
        let rows_ns = (chain_ns + (chain_ns * chain_ns + queued).sqrt()) / 2.0;
        rows_ns.max(link_ns) + spec.setup_ns + 2.0 * link.latency_ns
    }
}
