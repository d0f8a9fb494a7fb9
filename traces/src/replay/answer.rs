//! What edits make of a recording: the predicted iteration beside the recorded one.

use std::sync::Arc;

use serde::Serialize;

use super::held::stated_error;
use super::{Against, Edit, EditError, Prepared, Replay, StatedError};
use crate::analysis::{Cause, CompareConfig, Config, IterationTerms, Ops, compare, lengths_ns};
use crate::model::{BuildError, Trace};
use crate::words::{counted, duration, percent, signed_percent};

/// What a prediction says.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The edits as they are typed, with cuts that were looked for found.
    pub edits: Vec<String>,
    /// What they changed, a sentence each.
    pub notes: Vec<String>,
    /// The median iteration of the recording, the mean over its ranks, ns.
    pub recorded_ns: f64,
    /// The median predicted one.
    pub predicted_ns: f64,
    /// Every iteration, recorded and predicted, the mean over its ranks, ns.
    pub iterations_ns: Vec<[f64; 2]>,
    /// How much of communication is hidden in the median iteration, in the recording and predicted.
    pub hidden: [Hidden; 2],
    /// Why it takes another time, most first; they add up to the change of the median iteration.
    pub causes: Vec<Cause>,
    /// What a prediction is off at least: the largest residual of an iteration of the replay that changes nothing, as a share;
    /// `None` where there is no iteration. What the edits themselves assume is not in it.
    pub replay_error: Option<f64>,
    /// By how much predictions of such a change were off at most where it was recorded, too, as a share; `None` where it never was.
    pub measured_error: Option<f64>,
    /// The same where it was held against simulations alone; what the simulator leaves out is not in it.
    pub simulated_error: Option<f64>,
    /// Ops that waited for each other in a circle.
    pub stuck: usize,
    /// The timeline.
    #[serde(skip)]
    pub predicted: Arc<Trace>,
}

/// Communication in the median iteration, the mean over its ranks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Hidden {
    /// With or without computation of the same rank beside it, ns.
    pub comm_ns: f64,
    /// Without, ns.
    pub exposed_ns: f64,
}

impl Hidden {
    /// Of a recording.
    pub fn of(ops: &Ops<'_>) -> Self {
        Self::in_terms(&compare(ops, ops, CompareConfig::default()).terms[0])
    }

    fn in_terms(terms: &IterationTerms) -> Self {
        Self { comm_ns: terms.comm_ns, exposed_ns: terms.exposed_comm_ns }
    }

    /// How much of it is hidden, 0…1; `None` without any.
    pub fn share(self) -> Option<f64> {
        (self.comm_ns > 0.0).then(|| 1.0 - self.exposed_ns / self.comm_ns)
    }

    /// The share in words; `–` without any communication.
    pub fn in_words(self) -> String {
        self.share().map_or_else(|| "–".to_owned(), percent)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AnswerError {
    /// An edit has nothing to change.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// What was predicted makes no trace.
    #[error("what was predicted makes no trace: {0}")]
    Build(#[from] BuildError),
    /// It was to stop.
    #[error("stopped")]
    Stopped,
    /// There is nothing to run again.
    #[error("nothing in this recording runs on a GPU's stream, so there is nothing to run again")]
    Empty,
}

impl Answer {
    /// What edits make of the recording whose ops these are, and that `prepared` is of.
    ///
    /// # Errors
    /// [`AnswerError`]: an edit that has nothing to change, a recording without kernels.
    pub fn of(ops: &Ops<'_>, prepared: &Prepared, edits: &[Edit]) -> Result<Self, AnswerError> {
        let Prepared { replay, residual, .. } = prepared;
        if replay.ops.is_empty() {
            return Err(AnswerError::Empty);
        }
        let edited = replay.edited(edits)?;
        let timeline = edited.replay.run();
        let typed: Vec<String> = edited.edits.iter().map(Edit::to_string).collect();
        let what = if typed.is_empty() { "nothing changes".to_owned() } else { typed.join(", ") };
        let replay_error = residual.worst_iteration();
        let predicted = edited.replay.predicted(ops.trace, &timeline, &what)?;
        let predicted = noted(predicted, replay, replay_error);
        let after = Ops::of(&predicted, &Config::default());
        let report = compare(ops, &after, CompareConfig::default());
        let [recorded_ns, predicted_ns] = report.terms.map(|terms| terms.iteration_ns);
        let stated = stated_error(&edited.edits);
        let lengths = lengths_ns(ops).into_iter().zip(lengths_ns(&after));
        Ok(Self {
            edits: typed,
            notes: edited.notes,
            recorded_ns,
            predicted_ns,
            iterations_ns: lengths.map(|(old, new)| [old, new]).collect(),
            hidden: report.terms.each_ref().map(Hidden::in_terms),
            causes: report.causes,
            replay_error,
            measured_error: share_of(stated, Against::Recording),
            simulated_error: share_of(stated, Against::Simulation),
            stuck: timeline.stuck,
            predicted: Arc::new(predicted),
        })
    }

    /// The iteration before and after, in words.
    pub fn headline(&self) -> String {
        let [recorded, predicted] =
            [self.recorded_ns, self.predicted_ns].map(|ns| duration(ns.round() as i64));
        let change = signed_percent(self.change());
        format!("median iteration: {recorded} recorded, {predicted} predicted, {change}")
    }

    /// How much of communication is hidden before and after, in words.
    pub fn hidden_in_words(&self) -> String {
        let [recorded, predicted] = self.hidden.map(Hidden::in_words);
        format!("communication hidden: {recorded} recorded, {predicted} predicted")
    }

    /// That ops waited for each other in a circle, in a sentence without its end; `None` where none did.
    pub fn stuck_in_words(&self) -> Option<String> {
        let stuck = counted(self.stuck as u64, "op");
        let text = format!("{stuck} waited for each other in a circle and started when they had");
        (self.stuck > 0).then_some(text)
    }

    /// What stands beside the predicted time: the largest error of such predictions, `± ?` where none was held against anything.
    pub fn error_sign(&self) -> String {
        let known = self.measured_error.or(self.simulated_error);
        known.map_or_else(|| "± ?".to_owned(), |error| format!("± {}", percent(error)))
    }

    /// How far the prediction is off, as the end of a sentence.
    pub fn error_in_words(&self) -> String {
        let replay = self.replay_error.map_or_else(
            || "the replay's own error is not known".to_owned(),
            |error| format!("± {} from the replay alone", percent(error)),
        );
        match (self.measured_error, self.simulated_error) {
            (Some(error), _) => format!(
                "{replay}; predictions of this change were off by up to {} where it was recorded, too",
                percent(error)
            ),
            (None, Some(error)) => format!(
                "{replay}; predictions of this change were off by up to {} where it was simulated, too, and it was never held against a recording",
                percent(error)
            ),
            (None, None) => format!("{replay}; this change was never held against a recording"),
        }
    }

    /// By how much the median iteration changes, as a share of the recorded one; below 0 where it becomes shorter.
    pub fn change(&self) -> f64 {
        if self.recorded_ns > 0.0 { self.predicted_ns / self.recorded_ns - 1.0 } else { 0.0 }
    }
}

fn share_of(stated: Option<StatedError>, against: Against) -> Option<f64> {
    stated.filter(|stated| stated.against == against).map(|stated| stated.share)
}

/// The predicted trace with what is to be known of it.
fn noted(predicted: Trace, replay: &Replay, error: Option<f64>) -> Trace {
    let mut notes = vec![
        "predicted op by op from a recording; no thread blocks, hosts or counters are predicted"
            .to_owned(),
    ];
    if let Some(error) = error {
        notes.push(format!(
            "the same replay without a change is off by up to {} an iteration; what the change assumes comes on top",
            percent(error)
        ));
    }
    notes.extend(replay.understood.in_words());
    predicted.with_diagnostics(|diagnostics| diagnostics.notes.extend(notes))
}
