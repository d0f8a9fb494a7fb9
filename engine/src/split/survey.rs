use super::{
    Choice, TileKit, WaveCost, WaveModel, decide, padded_tokens,
    wave_choice::{Scales, Weighed},
};
use crate::{
    model::Shard,
    plan::PlanError,
    spec::{Chooser, RunSpec, SplitChoice},
};

/// Every place where a batch could be cut, with its waves, and what each chooser says.
///
/// Two SM counts are in play, and both are shown. Unsplit GEMMs have all SMs of the GPU. GEMMs of a split
/// share them with a collective: `sms_attention` and `sms_mlp` are left. The published rule (waves of both parts
/// at most those of the whole) counts all SMs for both; [`SurveyPoint::keeps_waves`] is that rule,
/// [`SurveyPoint::keeps_waves_beside_comm`] the stricter one with the SMs that are left.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Tokens of the batch.
    pub tokens: u32,
    /// Rows with padding: those of both parts together.
    pub padded_tokens: u32,
    /// SMs of the GPU, which unsplit GEMMs have to themselves.
    pub sms: u32,
    /// SMs that attention-phase GEMMs of a split batch have.
    pub sms_attention: u32,
    /// SMs that MLP-phase GEMMs of a split batch have.
    pub sms_mlp: u32,
    /// The GEMMs of a layer, whole.
    pub unsplit: Vec<WaveCost>,
    /// Candidate cuts in ascending order, every multiple of the tile rows that leaves both parts with tokens.
    pub points: Vec<SurveyPoint>,
    /// What each chooser says of this batch that does so by arithmetic.
    pub choosers: Vec<(Chooser, Choice)>,
}

/// One candidate cut. Its lists run parallel to [`Survey::unsplit`].
#[derive(Clone, Debug, PartialEq)]
pub struct SurveyPoint {
    /// Tokens of split 0.
    pub first_tokens: u32,
    /// Rows of split 1, padding included.
    pub second_rows: u32,
    /// GEMMs of split 0 on the SMs that communication leaves.
    pub first: Vec<WaveCost>,
    /// GEMMs of split 1 on the SMs that communication leaves.
    pub second: Vec<WaveCost>,
    /// Waves of both parts together on all SMs.
    pub waves_on_all_sms: Vec<u32>,
    /// On all SMs, no GEMM takes more waves than whole.
    pub keeps_waves: bool,
    /// On the SMs that communication leaves, no GEMM takes more waves than whole on all SMs.
    pub keeps_waves_beside_comm: bool,
    /// Predicted time of the layer's GEMMs over that of no cut, split tax included.
    pub relative_cost: f64,
    /// Rough time of a layer, ns: per phase the longer of compute, in whole waves, and of the collective beside it,
    /// and split tax. It decides between cuts; it does not say how long an iteration takes.
    pub layer_ns: f64,
}

/// Surveys the cuts of a run's batch.
///
/// # Errors
/// [`PlanError::NoTokens`], or [`PlanError::Degree`] when the degree does not fit the model.
pub fn survey(spec: &RunSpec) -> Result<Survey, PlanError> {
    let tokens = spec.batch.tokens();
    if tokens == 0 {
        return Err(PlanError::NoTokens);
    }
    let shard = Shard::new(&spec.model, spec.knobs.shard_degree())?;
    let gpu = &spec.machine.gpu;
    let chooser = match spec.knobs.split {
        SplitChoice::Auto(chooser) => Some(chooser),
        SplitChoice::Fixed(_) => None,
    };
    let scales = Scales::new(spec, &shard, chooser);
    let model = scales.model();
    let rows = padded_tokens(tokens);
    let unsplit = scales.unsplit();
    let step = TileKit::of(gpu).tile_m;
    let cuts = (1..).map(|tiles| tiles * step).take_while(|&first| first < tokens);
    let points = cuts.map(|first| point(model, &unsplit, rows, scales.weigh(first))).collect();
    let arithmetic = Chooser::ALL.into_iter().filter(|&chooser| chooser != Chooser::Simulated);
    let choosers: Result<Vec<_>, PlanError> =
        arithmetic.map(|chooser| Ok((chooser, decide(spec, chooser)?))).collect();
    Ok(Survey {
        tokens,
        padded_tokens: rows,
        sms: gpu.sms,
        sms_attention: gpu.sms.saturating_sub(model.attn_ctas),
        sms_mlp: gpu.sms.saturating_sub(model.mlp_ctas),
        unsplit,
        points,
        choosers: choosers?,
    })
}

fn point(model: &WaveModel<'_>, unsplit: &[WaveCost], rows: u32, weighed: Weighed) -> SurveyPoint {
    let Weighed { first_tokens, num_with_more_waves, relative_cost, layer_ns } = weighed;
    let second_rows = rows - first_tokens;
    let (first, second) = (model.split(first_tokens), model.split(second_rows));
    let alone = WaveModel { attn_ctas: 0, mlp_ctas: 0, ..*model };
    let waves = |one: &[WaveCost], two: &[WaveCost]| -> Vec<u32> {
        one.iter().zip(two).map(|(a, b)| a.occupancy.waves + b.occupancy.waves).collect()
    };
    let keeps = |waves: &[u32]| {
        waves.iter().zip(unsplit).all(|(waves, whole)| *waves <= whole.occupancy.waves)
    };
    let waves_on_all_sms = waves(&alone.split(first_tokens), &alone.split(second_rows));
    SurveyPoint {
        first_tokens,
        second_rows,
        keeps_waves: keeps(&waves_on_all_sms),
        keeps_waves_beside_comm: num_with_more_waves == 0,
        relative_cost,
        layer_ns,
        waves_on_all_sms,
        first,
        second,
    }
}
