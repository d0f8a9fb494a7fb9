//! The shape of `lesson.json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::setup::Setup;

/// `lesson.json` of a lesson.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LessonFile {
    /// How long it takes in a hall, minutes.
    pub(super) minutes: u32,
    /// What runs when it begins.
    #[serde(default)]
    pub(super) start: Setup,
    /// Instead: a recording, a sample's name or `yours`, the one in view.
    pub(super) recording: Option<String>,
    /// The sample that stands for yours where nobody has opened one.
    pub(super) sample: Option<String>,
    /// Its steps, as many as its text has.
    pub(super) steps: Vec<StepFile>,
}

/// A step of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepFile {
    /// What is asked.
    pub(super) predict: PredictFile,
    /// Knobs that stand other than at the start, before it is tried.
    #[serde(default)]
    pub(super) before: Setup,
    /// Knobs that trying turns.
    #[serde(default, rename = "try")]
    pub(super) after: Setup,
    /// Of a step that only looks: the op to look at closely.
    pub(super) look: Option<String>,
    /// Further runs, by name.
    #[serde(default)]
    pub(super) runs: BTreeMap<String, Setup>,
    /// An answer that is right.
    pub(super) reference: GuessFile,
    /// Answers that are not; of choices all others when none is named.
    #[serde(default)]
    pub(super) wrong: Vec<GuessFile>,
}

/// What is asked: exactly one of `number`, `choice`, `order`, `place` and `setting`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PredictFile {
    /// A quantity, or what is made of some.
    pub(super) number: Option<String>,
    /// What a number is typed in: `us`, `ms`, `%`, `x`, or a noun.
    #[serde(rename = "in")]
    pub(super) asked: Option<String>,
    /// How far off a number may be, in that.
    pub(super) within: Option<f64>,
    /// The same in percent of the truth.
    pub(super) within_percent: Option<f64>,
    /// Sentences of which one is true.
    pub(super) choice: Option<Vec<ChoiceFile>>,
    /// Runs to be put in order.
    pub(super) order: Option<Vec<String>>,
    /// The quantity they are ordered by, least first; the run is called `it`.
    pub(super) by: Option<String>,
    /// A sort of place on the timeline.
    pub(super) place: Option<String>,
    /// What is to hold of the run `yours`, once the student has turned the knobs.
    pub(super) setting: Option<String>,
}

/// A sentence to be chosen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChoiceFile {
    pub(super) words: String,
    pub(super) when: String,
}

/// An answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum GuessFile {
    /// A number, or a choice counted from 1.
    Number(f64),
    /// Runs in order.
    Order(Vec<String>),
    /// A point of a rank, µs after the start.
    Place { rank: u32, at_us: f64 },
    /// Knobs.
    Setting(Box<Setup>),
}
