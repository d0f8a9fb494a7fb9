//! Whether a batch is cut, where, and the sentence that says why: the user's cut or that of a chooser.

use super::{
    OverlapCtas, ctas::tuned_table, cut, overlap_ctas, padded_tokens, wave_choice::Scales,
};
use crate::{
    model::Shard,
    plan::{PlanError, SplitDecision},
    spec::{Chooser, RunSpec, SplitChoice},
    words::{duration, percent},
};

/// Predicted layers this close count as equal, and a batch over the threshold is then cut, as published.
const TIE: f64 = 1.01;

/// Cut or not, and why.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// Cut here.
    Cut(SplitDecision),
    /// Better left whole.
    Whole {
        /// A sentence.
        reason: String,
    },
}

/// Tokens below which the weave is not worth its price: 1024 for dense models, 2048 for mixtures of experts
/// (docs/tokenweave.md, "Cutting a batch").
pub fn threshold_tokens(is_moe: bool) -> u32 {
    if is_moe { 2048 } else { 1024 }
}

/// The cut that the run asks for: the user's, or that of the chosen chooser.
///
/// # Errors
/// [`PlanError`] when a fixed cut leaves a side empty, or the degree does not fit the model.
pub fn choose(spec: &RunSpec) -> Result<Choice, PlanError> {
    match spec.knobs.split {
        SplitChoice::Auto(chooser) => decide(spec, chooser),
        SplitChoice::Fixed(first_tokens) => {
            let tokens = spec.batch.tokens();
            if first_tokens == 0 || first_tokens >= tokens {
                let range = match tokens {
                    0 | 1 => "left to a chooser: one token cannot be cut in two".to_owned(),
                    _ => format!("between 1 and {}, so that both parts have tokens", tokens - 1),
                };
                return Err(PlanError::Knob {
                    knob: "split",
                    value: first_tokens.to_string(),
                    range,
                });
            }
            let reason = format!("the user put {} into split 0", tokens_text(first_tokens));
            cut_at(spec, None, first_tokens, None, reason)
        }
    }
}

/// `1 token`, `8192 tokens`.
fn tokens_text(count: u32) -> String {
    if count == 1 { "1 token".to_owned() } else { format!("{count} tokens") }
}

/// `1 token is`, `8192 tokens are`.
pub(crate) fn tokens_are(count: u32) -> String {
    format!("{} {}", tokens_text(count), if count == 1 { "is" } else { "are" })
}

/// What one chooser says.
///
/// # Errors
/// [`PlanError`] when the degree does not fit the model.
pub fn decide(spec: &RunSpec, chooser: Chooser) -> Result<Choice, PlanError> {
    let tokens = spec.batch.tokens();
    let threshold = threshold_tokens(spec.model.is_moe());
    if tokens < threshold {
        let reason = format!("{} under the threshold of {threshold}", tokens_are(tokens));
        return Ok(Choice::Whole { reason });
    }
    match chooser {
        Chooser::Half => by_half(spec),
        Chooser::Table => by_table(spec),
        Chooser::WaveModel | Chooser::Simulated => by_waves(spec),
    }
}

fn by_half(spec: &RunSpec) -> Result<Choice, PlanError> {
    let half = padded_tokens(spec.batch.tokens()) / 2;
    let reason = format!("half of the padded tokens is {half}");
    cut_at(spec, Some(Chooser::Half), half, None, reason)
}

fn by_table(spec: &RunSpec) -> Result<Choice, PlanError> {
    let Some((key, offset)) = table_row(spec) else {
        let (model, degree) = (&spec.model.name, spec.knobs.shard_degree());
        let reason = format!("there is no split table for {model} at degree {degree}");
        return Ok(Choice::Whole { reason });
    };
    let half = padded_tokens(spec.batch.tokens()) / 2;
    let first_tokens = half.saturating_add_signed(offset);
    let reason = format!("the table's row for {key} tokens moves the cut {offset} from half");
    cut_at(spec, Some(Chooser::Table), first_tokens, Some(key), reason)
}

fn by_waves(spec: &RunSpec) -> Result<Choice, PlanError> {
    let shard = Shard::new(&spec.model, spec.knobs.shard_degree())?;
    let scales = Scales::new(spec, &shard, Some(Chooser::WaveModel));
    let (tokens, rows) = (spec.batch.tokens(), padded_tokens(spec.batch.tokens()));
    if scales.is_one_wave() {
        let reason = format!("uncut, every GEMM of {} is a single wave", tokens_text(tokens));
        return Ok(Choice::Whole { reason });
    }
    let Some(best) = scales.best() else {
        let reason = format!("no cut of {tokens} tokens leaves both parts with tokens");
        return Ok(Choice::Whole { reason });
    };
    let unsplit_ns = scales.unsplit_layer_ns();
    if best.layer_ns > unsplit_ns * TIE {
        let reason = format!(
            "the best cut's predicted layer of {} is longer than the uncut one's {}",
            duration(best.layer_ns),
            duration(unsplit_ns)
        );
        return Ok(Choice::Whole { reason });
    }
    let reason = format!(
        "half + {}: {} of {} GEMMs gain a wave, all of them take {} longer, and the predicted layer of {} \
         is the best of the offsets (uncut: {})",
        best.first_tokens - rows / 2,
        best.num_with_more_waves,
        scales.unsplit().len(),
        percent(best.relative_cost - 1.0),
        duration(best.layer_ns),
        duration(unsplit_ns)
    );
    cut_at(spec, Some(Chooser::WaveModel), best.first_tokens, None, reason)
}

/// The decision for a cut behind `first_tokens`; whole when the suffix has none.
fn cut_at(
    spec: &RunSpec,
    chooser: Option<Chooser>,
    first_tokens: u32,
    table_key: Option<u32>,
    reason: String,
) -> Result<Choice, PlanError> {
    let tokens = spec.batch.tokens();
    if first_tokens == 0 || first_tokens >= tokens {
        let reason = format!("{reason}, which leaves one part without tokens");
        return Ok(Choice::Whole { reason });
    }
    let padded_tokens = padded_tokens(tokens);
    let shard = Shard::new(&spec.model, spec.knobs.shard_degree())?;
    let OverlapCtas { attn: attn_ctas, mlp: mlp_ctas } = overlap_ctas(spec, &shard, chooser);
    Ok(Choice::Cut(SplitDecision {
        chooser,
        tokens,
        padded_tokens,
        first_tokens,
        second_rows: padded_tokens - first_tokens,
        cut_request: cut(&spec.batch, first_tokens).cut_request,
        attn_ctas,
        mlp_ctas,
        table_key,
        reason,
    }))
}

/// Key and offset of the nearest row of the table for this run.
fn table_row(spec: &RunSpec) -> Option<(u32, i32)> {
    let (key, row) = tuned_table(spec)?.nearest(spec.batch.tokens())?;
    Some((key, row.split_offset))
}
