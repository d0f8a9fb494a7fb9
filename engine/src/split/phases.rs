use super::{Cut, HeldSms, LayerGemm, WaveCost, WaveModel, cut, layer_gemms};
use crate::{
    machine::{GemmKernels, Machine},
    model::Shard,
    plan::{OpRole, SplitDecision, causal_pairs, fused_transport},
    spec::{RunSpec, Transport},
};

/// Rough times of the weave's phases, from rates of the machine file: enough to say which collective a phase
/// hides, not how long an iteration takes. Pointwise kernels, launches and joins are left out.
#[derive(Clone, Copy)]
pub(crate) struct PhaseTimes<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) shard: &'a Shard,
    pub(crate) ranks: u32,
    pub(crate) transport: Transport,
}

impl PhaseTimes<'_> {
    /// Attention half of a layer for `rows` with `pairs` (query, key) pairs a head, at the GPU's large-product rate.
    pub(crate) fn attention_ns(&self, rows: u32, pairs: u64) -> f64 {
        self.gemms_ns(rows, false) + self.causal_ns(pairs)
    }

    /// MLP half of a layer, at the GPU's large-product rate.
    pub(crate) fn mlp_ns(&self, rows: u32) -> f64 {
        self.gemms_ns(rows, true)
    }

    /// Causal attention alone.
    pub(crate) fn causal_ns(&self, pairs: u64) -> f64 {
        let width = f64::from(self.shard.heads) * f64::from(self.shard.head_dim);
        self.flops_ns(4.0 * width * pairs as f64)
    }

    /// A product in whole waves (every SM works on a tile of its own), and at least the time its weights take from
    /// memory: cutting a batch reads them twice, which is what makes many small experts slow.
    pub(crate) fn product_ns(&self, cost: &WaveCost) -> f64 {
        let waves_ns = match self.machine.gpu.gemm_kernels {
            GemmKernels::Library => {
                self.flops_ns(2.0 * cost.cost * f64::from(self.machine.gpu.sms))
            }
            GemmKernels::Weft => 1e9 * 2.0 * cost.cost / self.machine.kernels.gemm_sm_flops,
        };
        waves_ns.max(self.weights_ns(&cost.gemm))
    }

    /// The fused collective of `rows` beside compute: published at 1.5 to 1.7 times its lone time (tokenweave.md §2.6),
    /// where waits under load count double; about half of a row is such waits.
    pub(crate) fn beside_compute_ns(&self, rows: u32, ctas: u32) -> f64 {
        let beside = 1.0 + self.machine.kernels.loaded_latency / 2.0;
        beside * self.collective_ns(rows, ctas)
    }

    /// The fused collective of `rows` with nothing beside it; each CTA takes a row of its rank's shard at a time;
    /// together they cannot pass what the links carry.
    pub(crate) fn collective_ns(&self, rows: u32, ctas: u32) -> f64 {
        let (link, spec) = (&self.machine.link, &self.machine.collectives);
        let (rows, ranks) = (f64::from(rows), f64::from(self.ranks));
        let row_bytes = 2.0 * f64::from(self.shard.hidden);
        // What a CTA waits for, as the simulator has it: in-switch one reduced row, else one row of every peer.
        let (rows_drawn, link_bytes_per_s) = match (self.transport, link.multimem_bytes_per_s) {
            (Transport::Multimem, Some(bytes_per_s)) => (1.0, bytes_per_s),
            _ => (ranks - 1.0, link.bytes_per_s * ranks / (2.0 * (ranks - 1.0))),
        };
        let row_ns = spec.fused_row_ns + 1e9 * rows_drawn * row_bytes / link.bytes_per_s_per_sm;
        let chain_ns = (rows / ranks / f64::from(ctas)).ceil() * row_ns;
        let link_ns = 1e9 * rows * row_bytes / link_bytes_per_s;
        // Rows wait for each other on the links: t = chain · (1 + queueing · link / t), solved for t.
        let queued = 4.0 * spec.link_queueing * chain_ns * link_ns;
        let rows_ns = (chain_ns + (chain_ns * chain_ns + queued).sqrt()) / 2.0;
        rows_ns.max(link_ns) + spec.setup_ns + 2.0 * link.latency_ns
    }

    /// Causal attention of sequence parts on the own kernel: as long as its longest row of tiles, or as all of them
    /// dealt out evenly. In so few tiles it reaches 0.84 of its best rate (30 and 60 µs for one of 2048 and 4096 keys).
    fn own_attention_ns(&self, sequences: &[(u32, u32)]) -> f64 {
        const TILE_ROWS: f64 = 128.0;
        let kernels = &self.machine.kernels;
        let row_flops = 4.0 * f64::from(self.shard.head_dim);
        let longest = sequences.iter().map(|&(cached, new)| cached + new).max().unwrap_or(0);
        let pairs = total_pairs(sequences) as f64 * f64::from(self.shard.heads);
        let even = pairs / f64::from(self.machine.gpu.sms);
        let most = (TILE_ROWS * f64::from(longest)).max(even);
        1e9 * row_flops * most / (0.84 * kernels.attention_sm_flops) + kernels.attention_fixed_ns
    }

    fn gemms_ns(&self, rows: u32, mlp: bool) -> f64 {
        let gemms = layer_gemms(self.shard, rows, &self.machine.gpu, HeldSms::default());
        let ns = |gemm: &LayerGemm| self.flops_ns(gemm.flops()).max(self.weights_ns(gemm));
        gemms.iter().filter(|gemm| gemm.mlp == mlp).map(ns).sum()
    }

    fn weights_ns(&self, gemm: &LayerGemm) -> f64 {
        1e9 * gemm.weight_bytes() / self.machine.gpu.hbm_bytes_per_s
    }

    fn flops_ns(&self, flops: f64) -> f64 {
        1e9 * flops / self.machine.gpu.bf16_flops
    }
}

/// How much longer than predicted a collective may take (3 to 15 % were seen on 2 × H200): a product that counts on its
/// SMs too early waits for it.
const LATE: f64 = 1.12;

/// What collectives hold beside the products of both parts of a cut: nothing beside a product that has fewer waves on
/// all SMs and is predicted to start when the collective of its phase is over.
pub(crate) fn held_beside(spec: &RunSpec, shard: &Shard, split: &SplitDecision) -> [HeldSms; 2] {
    let SplitDecision { attn_ctas, mlp_ctas, .. } = *split;
    let throughout = HeldSms::throughout(attn_ctas, mlp_ctas);
    let machine = &spec.machine;
    if machine.gpu.gemm_kernels == GemmKernels::Library {
        return [throughout; 2];
    }
    let (transport, _) = fused_transport(spec);
    let times = PhaseTimes { machine, shard, ranks: spec.knobs.tp, transport };
    let model = WaveModel { shard, gpu: &machine.gpu, attn_ctas, mlp_ctas };
    let parts = cut(&spec.batch, split.first_tokens);
    let rows = [split.first_tokens, split.second_rows];
    [(&parts.first, rows[0], rows[1]), (&parts.second, rows[1], rows[0])].map(
        |(sequences, own, other)| {
            let of_role = |products: &[WaveCost], role: OpRole| {
                products
                    .iter()
                    .find(|cost| cost.gemm.role == role)
                    .map_or((0.0, 0), |cost| (times.product_ns(cost), cost.occupancy.waves))
            };
            let (beside, alone) = (model.split(own), model.unsplit(own));
            // Kernels before the third of a phase: gaps, and the rotary embedding's few µs.
            let gap_ns = machine.host.kernel_gap_ns + machine.host.block_start_ns;
            let before_o_proj =
                of_role(&beside, OpRole::Qkv).0 + times.own_attention_ns(sequences) + 3.0 * gap_ns;
            let before_down = of_role(&beside, OpRole::GateUp).0 + gap_ns;
            let held = |role: OpRole, ctas: u32, before_ns: f64| {
                let gains = of_role(&alone, role).1 < of_role(&beside, role).1;
                let over = LATE * times.beside_compute_ns(other, ctas) <= before_ns;
                if gains && over { 0 } else { ctas }
            };
            HeldSms {
                o_proj: held(OpRole::OProj, attn_ctas, before_o_proj),
                down: held(OpRole::Down, mlp_ctas, before_down),
                ..throughout
            }
        },
    )
}

/// (query, key) pairs a head of both parts of a cut.
pub(super) fn pairs_of(cut: &Cut) -> [u64; 2] {
    [total_pairs(&cut.first), total_pairs(&cut.second)]
}

/// (query, key) pairs a head of sequence parts.
pub(super) fn total_pairs(sequences: &[(u32, u32)]) -> u64 {
    sequences.iter().map(|&(cached, new)| causal_pairs(cached, new)).sum()
}
