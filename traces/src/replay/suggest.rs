//! Which change would pay most, and which cannot be told?

use std::ops::ControlFlow;

use serde::Serialize;

use super::answer::AnswerError;
use super::{Answer, Cut, Edit, Prepared};
use crate::analysis::Ops;
use crate::words::{counted, percent, signed_percent};

/// One change and what it would bring.
#[derive(Clone, Debug, Serialize)]
pub struct Suggestion {
    /// What it would bring and takes, in a sentence.
    pub sentence: String,
    /// The edits as they are typed, with the best cut.
    pub edits: Vec<String>,
    /// By how much the median iteration changes, as a share; below 0 where it becomes shorter.
    pub change: f64,
    /// What that is off at least, as a share of the recorded iteration.
    pub replay_error: Option<f64>,
    /// By how much predictions of such a change were off at most where it was recorded, too.
    pub measured_error: Option<f64>,
    /// The same against simulations alone.
    pub simulated_error: Option<f64>,
    /// It is a bound, and cannot be had.
    pub is_bound: bool,
}

/// What would pay, and what could not be tried.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Suggestions {
    /// The best first; then, as the bound, all of communication gone.
    #[serde(rename = "suggestions")]
    pub ranked: Vec<Suggestion>,
    /// What is left out because there is no prediction of it.
    pub left_out: Vec<LeftOut>,
}

impl Suggestions {
    /// Nothing but the bound is among them.
    pub fn is_empty(&self) -> bool {
        self.ranked.iter().all(|suggestion| suggestion.is_bound)
    }
}

/// A change that could not be tried.
#[derive(Clone, Debug, Serialize)]
pub struct LeftOut {
    /// What it is, in words.
    pub what: String,
    /// The edits as they are typed.
    pub edits: Vec<String>,
    /// Why there is no prediction.
    pub why: String,
}

impl LeftOut {
    /// Which, and why.
    pub fn in_words(&self) -> String {
        format!("{}: {}", self.what, self.why)
    }
}

/// What is tried, with the words that begin its sentence.
const TRIED: [(&str, &[Edit]); 7] = [
    ("Fusing each collective with the norm behind it", &[Edit::FuseNorm]),
    ("Collectives on 8 SMs", &[Edit::CommSms(8)]),
    ("Weaving", &[Edit::Weave(Cut::Best)]),
    (
        "TokenWeave: fused collectives on 8 SMs, woven",
        &[Edit::FuseNorm, Edit::CommSms(8), Edit::Weave(Cut::Best)],
    ),
    ("CUDA graphs", &[Edit::NoLaunch]),
    ("A host that never hesitates", &[Edit::SteadyHost]),
    ("No rank slower than its peers", &[Edit::NoStraggler]),
];

/// Changes that make the median iteration shorter by more than the replay is off, the best first; then, as the bound, all of
/// communication gone. What there is no prediction of is left out, and told with the cause. `go_on` is told how many of how many were tried, and may stop it.
///
/// # Errors
/// [`AnswerError`] where the recording cannot be run again, or it was to stop.
pub fn suggest(
    ops: &Ops<'_>,
    prepared: &Prepared,
    go_on: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Suggestions, AnswerError> {
    if prepared.replay.ops.is_empty() {
        return Err(AnswerError::Empty);
    }
    let (mut all, mut left_out) = (Vec::new(), Vec::new());
    for (done, (what, edits)) in TRIED.into_iter().enumerate() {
        if go_on(done as u64, TRIED.len() as u64 + 1).is_break() {
            return Err(AnswerError::Stopped);
        }
        let answer = match tried(ops, prepared, edits) {
            Ok(answer) => answer,
            Err(why) => {
                left_out.push(LeftOut { what: what.to_owned(), edits: typed(edits), why });
                continue;
            }
        };
        let gain = -answer.change();
        if gain > answer.replay_error.unwrap_or(0.0).max(LEAST_GAIN) {
            all.push(suggestion(what, edits, &answer));
        }
    }
    all.sort_by(|a, b| a.change.total_cmp(&b.change));
    let what = "For comparison, no communication at all";
    match tried(ops, prepared, BOUND) {
        Ok(answer) => all.push(Suggestion { is_bound: true, ..suggestion(what, BOUND, &answer) }),
        Err(why) => left_out.push(LeftOut { what: what.to_owned(), edits: typed(BOUND), why }),
    }
    Ok(Suggestions { ranked: all, left_out })
}

/// What no change of communication goes beyond.
const BOUND: &[Edit] = &[Edit::NoComm];

/// The prediction, or why there is none. Other SMs are not suggested where those of some collectives are not known: what they bring would
/// be told of the others alone.
fn tried(ops: &Ops<'_>, prepared: &Prepared, edits: &[Edit]) -> Result<Answer, String> {
    let answer = Answer::of(ops, prepared, edits).map_err(|error| error.to_string())?;
    let unknown = prepared.replay.understood.unknown_sms;
    if unknown > 0 && edits.iter().any(|edit| matches!(edit, Edit::CommSms(_))) {
        let unknown = counted(unknown as u64, "communication kernel");
        return Err(format!("of {unknown} it is not recorded how many SMs they hold"));
    }
    Ok(answer)
}

fn typed(edits: &[Edit]) -> Vec<String> {
    edits.iter().map(Edit::to_string).collect()
}

/// What there is to say where nothing but the bound is suggested.
pub const NOTHING_PAYS: &str =
    "Nothing that was tried makes the iteration shorter by more than the replay is off.";

/// What stands above the changes that could not be tried.
pub const LEFT_OUT: &str = "Not predicted, and so not ranked:";

/// Less than this is not worth a sentence.
const LEAST_GAIN: f64 = 0.001;

fn suggestion(what: &str, edits: &[Edit], answer: &Answer) -> Suggestion {
    let change = answer.change();
    let cut = answer.edits.iter().find_map(|edit| edit.strip_prefix("weave="));
    let cut = cut.and_then(|share| share.parse().ok());
    let cut = cut.map_or_else(String::new, |share: f64| {
        format!(" at {} + {} of the tokens", percent(share), percent(1.0 - share))
    });
    let efforts: Vec<&str> = edits.iter().map(Edit::effort).collect();
    Suggestion {
        sentence: format!(
            "{what}{cut}: {} an iteration ({}); {}.",
            signed_percent(change),
            answer.error_in_words(),
            efforts.join("; ")
        ),
        edits: answer.edits.clone(),
        change,
        replay_error: answer.replay_error,
        measured_error: answer.measured_error,
        simulated_error: answer.simulated_error,
        is_bound: false,
    }
}
