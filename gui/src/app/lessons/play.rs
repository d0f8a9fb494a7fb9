//! One lesson under way.

use std::{collections::VecDeque, sync::Arc};

use super::GuessDraft;
use crate::{
    app::{
        Comparison, PanelLayout, Shown,
        asking::{Asking, Same},
        document::{Document, DocumentId},
        live::{Draft, KeptIteration, Running},
    },
    lessons::{Guess, Lesson, Step, Truth},
    timeline::ViewState,
};

/// Where in a step the student is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Predicting.
    Predict,
    /// About to try.
    Try,
    /// Seeing why.
    Why,
    /// The last step is over.
    Done,
}

/// One lesson under way.
pub struct Playing {
    /// Which.
    pub lesson: Arc<Lesson>,
    /// Place of its step.
    pub step: usize,
    /// How far that is.
    pub stage: Stage,
    /// The prediction as it stands.
    pub draft: GuessDraft,
    /// Hints that are shown.
    pub hints: usize,
    /// What the simulator says, or why it says nothing; `None` until it does.
    pub truth: Option<Result<Arc<Truth>, String>>,
    /// Name of the run in view.
    pub shown: String,
    /// Each step begins with another.
    pub(super) attempt: u64,
    pub(super) asking: Asking<(u64, Option<Same<Document>>)>,
    /// What is put back at the end.
    pub(super) kept: Kept,
    /// It is kept how the step went.
    pub(super) is_noted: bool,
}

/// How the window was before a lesson.
pub(crate) struct Kept {
    pub(super) draft: Draft,
    pub(super) running: Running,
    pub(super) shown: Shown,
    pub(super) layout: PanelLayout,
    pub(super) documents: Vec<DocumentId>,
    pub(super) comparison: Option<Comparison>,
    /// Iterations to go back to: those of the lesson would push them out.
    pub(super) history: VecDeque<Arc<KeptIteration>>,
    pub(super) pinned: Option<u64>,
    pub(super) view: Option<ViewState>,
}

impl Playing {
    /// The step under way.
    pub fn step(&self) -> &Step {
        &self.lesson.steps[self.step]
    }

    /// What the simulator says, where it has.
    pub fn truth(&self) -> Option<&Arc<Truth>> {
        self.truth.as_ref()?.as_ref().ok()
    }

    /// Where the truth comes from, in a word.
    pub fn source(&self) -> &'static str {
        if self.lesson.recording.is_some() { "recorded" } else { "simulated" }
    }

    /// The prediction, where one is made.
    pub fn guess(&self) -> Option<Guess> {
        self.draft.guess(&self.step().predict).ok()
    }

    /// Whether the prediction is right; `None` before the simulator has said.
    pub fn is_right(&self) -> Option<bool> {
        let (truth, guess) = (self.truth()?, self.guess()?);
        Some(truth.answer.accepts(&guess, &self.step().predict))
    }
}
