//! A lesson as it is played: its words and its runs, checked against each other when it is read.

use std::{fmt, path::PathBuf};

use weftscope_engine::{plan::OpRole, spec::RunSpec};

use super::{
    expression::{Call, Expression},
    guess::Guess,
    predict::Predict,
    sections::StepWords,
    template::Template,
};
use crate::files::Sample;

/// A lesson.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// Its place in the list, from 1.
    pub number: usize,
    /// Name of its folder without the number: progress is kept by it.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// How long it takes in a hall, minutes.
    pub minutes: u32,
    /// Its text.
    pub text: Template,
    /// What it is about, where that is a recording.
    pub recording: Option<Recording>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// The recording that a lesson reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recording {
    /// A sample, by its name.
    Sample(String),
    /// The student's own; the sample stands for it where none is open.
    Yours(String),
}

impl Recording {
    /// What stands for that sample wherever a path does.
    pub fn sample_path(&self) -> PathBuf {
        Sample::path_of(self.sample())
    }

    /// The sample that it is, or that stands for it.
    pub fn sample(&self) -> &str {
        match self {
            Self::Sample(name) | Self::Yours(name) => name,
        }
    }
}

/// A step: predict, try, see why.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its words.
    pub words: StepWords,
    /// What is asked.
    pub predict: Predict,
    /// What is simulated for it; nothing where a recording is read.
    pub runs: Vec<Run>,
    /// The op to look at closely, where nothing is turned.
    pub look: Option<OpRole>,
    /// An answer that is right.
    pub reference: Guess,
    /// Answers that are not.
    pub wrong: Vec<Guess>,
}

/// What is drawn of a time that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn<'a> {
    /// Name of the run.
    pub run: &'a str,
    /// What of it.
    pub of: DrawnOf<'a>,
}

/// What a time is the length of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrawnOf<'a> {
    /// All of it.
    Iteration,
    /// An op, by name.
    Op(&'a str),
    /// Communication of a phase, by name.
    CommOfPhase(&'a str),
}

/// A run of a step.
#[derive(Clone, Debug)]
pub struct Run {
    /// What expressions call it.
    pub name: String,
    /// What it runs.
    pub spec: RunSpec,
}

/// What a step shows before it is tried.
pub const BEFORE: &str = "before";
/// What trying it runs.
pub const AFTER: &str = "after";
/// The recording that is read.
pub const RECORDING: &str = "recording";
/// The run of a student's own knobs.
pub const YOURS: &str = "yours";
/// In what an order goes by: the run that is being placed.
pub(super) const IT: &str = "it";

impl Step {
    /// The run of this name.
    pub fn run(&self, name: &str) -> Option<&RunSpec> {
        self.runs.iter().find(|run| run.name == name).map(|run| &run.spec)
    }

    /// Trying it turns knobs: else there is only something to look at.
    pub fn changes(&self) -> bool {
        self.run(BEFORE) != self.run(AFTER)
    }

    /// Every expression of the step, with where it stands.
    pub(super) fn expressions(&self) -> Vec<(&'static str, &Expression)> {
        let words = &self.words;
        let mut all = Vec::new();
        let texts = [("the question", &words.question), ("Try", &words.doing), ("Why", &words.why)];
        for (place, text) in texts.into_iter().chain(words.hints.iter().map(|it| ("a hint", it))) {
            all.extend(text.expressions().map(|expression| (place, expression)));
        }
        match &self.predict {
            Predict::Number { of, .. } => all.push(("predict.number", of)),
            Predict::Choice(choices) => {
                all.extend(choices.iter().map(|choice| ("predict.choice", &choice.when)));
            }
            Predict::Order { by, .. } => all.push(("predict.by", by)),
            Predict::Setting(goal) => all.push(("predict.setting", goal)),
            Predict::Place(_) => {}
        }
        all
    }

    /// Where the time that is asked for can be drawn, which is where it is the length of one thing of one run.
    pub fn drawn(&self) -> Option<Drawn<'_>> {
        let Predict::Number { of, .. } = &self.predict else { return None };
        let Call { name, arguments } = of.only_call()?;
        match (name.as_str(), &arguments[..]) {
            ("iteration", [run]) => Some(Drawn { run, of: DrawnOf::Iteration }),
            ("op_time", [op, run]) => Some(Drawn { run, of: DrawnOf::Op(op) }),
            ("phase_comm", [phase, run]) => Some(Drawn { run, of: DrawnOf::CommOfPhase(phase) }),
            _ => None,
        }
    }
}

/// Why a lesson cannot be played: its folder, the field, the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonError {
    /// `gui/lessons/FOLDER/FILE`.
    pub place: String,
    /// What is wrong.
    pub cause: String,
}

impl fmt::Display for LessonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.cause, self.place)
    }
}

impl std::error::Error for LessonError {}
