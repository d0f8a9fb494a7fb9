//! Rough times of what runs in a phase of the weave, to weigh cuts and CTAs by.

use super::{Cut, HeldSms, LayerGemm, WaveCost, layer_gemms};
use crate::{
    batch::Request,
    machine::{GemmKernels, Machine},
    model::Shard,
    plan::pairs_a_head,
    spec::Transport,
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
    /// Attention half of a layer for `rows` with `pairs` (query, key) pairs a head, at the GPU's large-GEMM rate.
    pub(crate) fn attention_ns(&self, rows: u32, pairs: u64) -> f64 {
        self.gemms_ns(rows, false) + self.causal_ns(pairs)
    }

    /// MLP half of a layer, at the GPU's large-GEMM rate.
    pub(crate) fn mlp_ns(&self, rows: u32) -> f64 {
        self.gemms_ns(rows, true)
    }

    /// Causal attention without the GEMMs around it.
    pub(crate) fn causal_ns(&self, pairs: u64) -> f64 {
        let width = f64::from(self.shard.heads) * f64::from(self.shard.head_dim);
        self.flops_ns(4.0 * width * pairs as f64)
    }

    /// A GEMM in whole waves (every SM works on a tile of its own), and at least the time its weights take from
    /// memory: cutting a batch reads them twice, which is what makes many small experts slow.
    pub(crate) fn gemm_ns(&self, cost: &WaveCost) -> f64 {
        let waves_ns = match self.machine.gpu.gemm_kernels {
            GemmKernels::Library => {
                self.flops_ns(2.0 * cost.cost * f64::from(self.machine.gpu.sms))
            }
            GemmKernels::Weft => {
                let Machine { gpu, kernels, host, .. } = self.machine;
                let shape = &cost.gemm.shape;
                // One SM by itself is faster than each of all of them, which share what the GPU sustains.
                let sm_flops = kernels.gemm_sm_flops.min(gpu.bf16_flops / f64::from(gpu.sms));
                let tile_flops = 2.0
                    * [shape.tile_m, shape.tile_n, shape.k].map(f64::from).iter().product::<f64>();
                let wave_ns = kernels.gemm_fixed_ns + 1e9 * tile_flops / sm_flops;
                host.block_start_ns + f64::from(cost.occupancy.waves) * wave_ns
            }
        };
        waves_ns.max(self.weights_ns(&cost.gemm))
    }

    /// The fused collective of `rows` beside compute: published at 1.5 to 1.7 times its isolated time (docs/tokenweave.md,
    /// "Beside compute"), where waits under load count double; about half of a row is such waits.
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
    pub(super) fn own_attention_ns(&self, sequences: &[Request]) -> f64 {
        const TILE_ROWS: f64 = 128.0;
        let kernels = &self.machine.kernels;
        let row_flops = 4.0 * f64::from(self.shard.head_dim);
        let longest = sequences.iter().map(Request::context_tokens).max().unwrap_or(0);
        let pairs = pairs_a_head(sequences) as f64 * f64::from(self.shard.heads);
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

/// (query, key) pairs a head of both parts of a cut.
pub(super) fn pairs_of(cut: &Cut) -> [u64; 2] {
    [pairs_a_head(&cut.first), pairs_a_head(&cut.second)]
}
