use super::{
    HeldSms, LayerGemm, Occupancy, TileKit, blocks_per_sm, layer_gemms, occupancy, tile::tile_cost,
};
use crate::{machine::GpuSpec, model::Shard};

/// Offsets from half of the padded batch that the published tuner tries (docs/tokenweave.md, "Waves").
pub const OFFSETS: [u32; 6] = [0, 64, 128, 192, 256, 512];

/// What a split costs even when no wave is added (two launches, weights read twice), as a share of the unsplit
/// work: the published MLP measurements leave 3–8 % (docs/tokenweave.md, "Waves").
pub const SPLIT_TAX: f64 = 0.05;

/// Wave arithmetic over the GEMMs of one layer on one rank.
#[derive(Clone, Copy, Debug)]
pub struct WaveModel<'a> {
    /// What the rank holds.
    pub shard: &'a Shard,
    /// Its GPU.
    pub gpu: &'a GpuSpec,
    /// SMs that communication holds beside attention-phase GEMMs of a split batch.
    pub attn_ctas: u32,
    /// SMs that communication holds beside MLP-phase GEMMs of a split batch.
    pub mlp_ctas: u32,
}

/// Waves and predicted cost of one GEMM.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaveCost {
    /// The GEMM.
    pub gemm: LayerGemm,
    /// How it fills the SMs.
    pub occupancy: Occupancy,
    /// Waves × multiply-adds of a tile: all tiles of a wave run together, so a wave lasts as long as one tile.
    pub cost: f64,
}

impl WaveModel<'_> {
    /// The GEMMs of an unsplit layer of `rows` tokens, on all SMs of the GPU: nothing communicates meanwhile.
    pub fn unsplit(&self, rows: u32) -> Vec<WaveCost> {
        self.costs(rows, HeldSms::default())
    }

    /// The GEMMs of a split of `rows` tokens, on the SMs that communication leaves.
    pub fn split(&self, rows: u32) -> Vec<WaveCost> {
        self.costs(rows, HeldSms::throughout(self.attn_ctas, self.mlp_ctas))
    }

    fn costs(&self, rows: u32, held: HeldSms) -> Vec<WaveCost> {
        let per_sm = blocks_per_sm(&TileKit::of(self.gpu).gemm, self.gpu);
        let cost = |gemm: LayerGemm| {
            let taken = if gemm.mlp { held.gate_up } else { held.qkv };
            let sms = self.gpu.sms.saturating_sub(taken).max(1);
            let occupancy = occupancy(gemm.shape.grid(), sms, per_sm);
            let cost = f64::from(occupancy.waves) * tile_cost(&gemm.shape, self.gpu.gemm_kernels);
            WaveCost { gemm, occupancy, cost }
        };
        layer_gemms(self.shard, rows, self.gpu, held).into_iter().map(cost).collect()
    }
}
