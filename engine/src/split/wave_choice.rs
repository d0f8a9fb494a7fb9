use super::{
    OFFSETS, OverlapCtas, PhaseTimes, SPLIT_TAX, WaveCost, WaveModel, cut, overlap_ctas,
    padded_tokens, phases::pairs_of,
};
use crate::{
    model::Shard,
    plan::{exposed_fused_ctas, fused_transport},
    spec::{Chooser, RunSpec},
};

/// Predicted layer times this close are taken as equal; the wave count then decides. The prediction leaves out
/// more than this.
const TOLERANCE: f64 = 0.02;

/// A candidate cut, weighed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weighed {
    /// Tokens of split 0.
    pub(super) first_tokens: u32,
    /// GEMMs whose two parts together, on the SMs that communication leaves, take more waves than whole.
    pub(super) num_with_more_waves: usize,
    /// Time of the layer's GEMMs over that of no cut, split tax included.
    pub(super) relative_cost: f64,
    /// Rough time of a layer: per phase the longer of compute, in whole waves, and of the collective beside it,
    /// and split tax.
    pub(super) layer_ns: f64,
}

/// Weighs cuts of one batch.
pub(super) struct Scales<'a> {
    spec: &'a RunSpec,
    rows: u32,
    model: WaveModel<'a>,
    times: PhaseTimes<'a>,
}

impl<'a> Scales<'a> {
    /// With the CTAs that `chooser` would give the collectives (`None`: the user cuts).
    pub(super) fn new(spec: &'a RunSpec, shard: &'a Shard, chooser: Option<Chooser>) -> Self {
        let OverlapCtas { attn, mlp } = overlap_ctas(spec, shard, chooser);
        let (transport, _) = fused_transport(spec);
        let machine = &spec.machine;
        Self {
            spec,
            rows: padded_tokens(spec.batch.tokens()),
            model: WaveModel { shard, gpu: &machine.gpu, attn_ctas: attn, mlp_ctas: mlp },
            times: PhaseTimes { machine, shard, ranks: spec.knobs.tp, transport },
        }
    }

    pub(super) fn model(&self) -> &WaveModel<'a> {
        &self.model
    }

    /// The GEMMs of a layer that is not cut, and so not padded.
    pub(super) fn unsplit(&self) -> Vec<WaveCost> {
        self.model.unsplit(self.spec.batch.tokens())
    }

    /// Every GEMM of the unsplit layer fits into one wave.
    pub(super) fn is_one_wave(&self) -> bool {
        self.unsplit().iter().all(|cost| cost.occupancy.waves <= 1)
    }

    /// The best of the published offsets: the shortest predicted layer; of those as good as that, the one with the
    /// fewest GEMMs that gain waves, then the least offset. `None` when no offset leaves the suffix tokens.
    pub(super) fn best(&self) -> Option<Weighed> {
        let firsts = OFFSETS.into_iter().map(|offset| self.rows / 2 + offset);
        let weighed: Vec<Weighed> = firsts
            .filter(|&first| first < self.spec.batch.tokens())
            .map(|first| self.weigh(first))
            .collect();
        let shortest = weighed.iter().map(|cut| cut.layer_ns).min_by(f64::total_cmp)?;
        let as_good =
            weighed.into_iter().filter(|cut| cut.layer_ns <= shortest * (1.0 + TOLERANCE));
        as_good.min_by_key(|cut| (cut.num_with_more_waves, cut.first_tokens))
    }

    /// Weighs a cut behind `first_tokens`.
    pub(super) fn weigh(&self, first_tokens: u32) -> Weighed {
        let second_rows = self.rows - first_tokens;
        let whole = self.unsplit();
        let parts = [self.model.split(first_tokens), self.model.split(second_rows)];
        let waves = |cost: &WaveCost| cost.occupancy.waves;
        let gains = |&i: &usize| waves(&parts[0][i]) + waves(&parts[1][i]) > waves(&whole[i]);
        let split_cost = total(&parts[0]) + total(&parts[1]);
        Weighed {
            first_tokens,
            num_with_more_waves: (0..whole.len()).filter(gains).count(),
            relative_cost: split_cost / total(&whole) + SPLIT_TAX,
            layer_ns: self.layer_ns(&parts, [first_tokens, second_rows]),
        }
    }

    /// Rough time of an unsplit layer with both fused collectives exposed.
    pub(super) fn unsplit_layer_ns(&self) -> f64 {
        let ctas = exposed_fused_ctas(self.times.transport, self.spec.batch.tokens());
        let tokens = self.spec.batch.tokens();
        self.unsplit_compute_ns() + 2.0 * self.times.collective_ns(tokens, ctas)
    }

    fn unsplit_compute_ns(&self) -> f64 {
        let [pairs, _] = pairs_of(&cut(&self.spec.batch, u32::MAX));
        let gemms = self.unsplit();
        let gemms_ns: f64 = gemms.iter().map(|cost| self.times.gemm_ns(cost)).sum();
        gemms_ns + self.times.causal_ns(pairs)
    }

    /// Phases A to D (attention of each part over the other's collective, then the MLPs likewise) and split tax.
    fn layer_ns(&self, parts: &[Vec<WaveCost>; 2], rows: [u32; 2]) -> f64 {
        let pairs = pairs_of(&cut(&self.spec.batch, rows[0]));
        let gemms_ns = |part: &[WaveCost], mlp| -> f64 {
            let of_phase = part.iter().filter(|cost| cost.gemm.mlp == mlp);
            of_phase.map(|cost| self.times.gemm_ns(cost)).sum()
        };
        let phases = |part: usize| {
            let (this, other) = (&parts[part], rows[1 - part]);
            let attention = gemms_ns(this, false) + self.times.causal_ns(pairs[part]);
            let beside = |ctas| self.times.beside_compute_ns(other, ctas);
            attention.max(beside(self.model.attn_ctas))
                + gemms_ns(this, true).max(beside(self.model.mlp_ctas))
        };
        phases(0) + phases(1) + SPLIT_TAX * self.unsplit_compute_ns()
    }
}

fn total(costs: &[WaveCost]) -> f64 {
    costs.iter().map(|cost| cost.cost).sum()
}
