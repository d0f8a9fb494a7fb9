//! A recording run once more, changed: which edits are in force, what they make of it, and what would pay.
//!
//! Everything is worked out off the thread of the window from what is [`Prepared`] once a recording; the predicted timeline is held
//! against the recorded one by the [comparison](crate::app::Comparison), as any other recording is.

mod flush;
mod update;
mod work;

pub(crate) use flush::{flush_what_if, settling};
pub(crate) use update::{take_predicted, update_what_if};
pub(crate) use work::work_out;

use std::sync::Arc;

use weftscope_traces::replay::{Answer, Edit, Prepared, Suggestions};

use super::{
    asking::{Asking, Same},
    document::{Document, Shown},
};

/// What a user can ask of the panel.
#[derive(Clone, Debug, PartialEq)]
pub enum WhatIfCommand {
    /// What is typed is now this.
    Type(String),
    /// Put what is typed in force.
    AddTyped,
    /// Put this edit in force, as it would be typed.
    Add(String),
    /// Put another in the place of one that is in force, by its number from 0, as it would be typed; while a value is being turned
    /// many of these follow one another.
    Set(usize, String),
    /// Put one out of force.
    Remove(usize),
    /// Put all of them out of force.
    Clear,
    /// As it was before the last of these.
    Undo,
    /// Try what usually pays.
    Suggest,
    /// Put the edits of a suggestion in force, by its number from 0, instead of those that are.
    Take(usize),
    /// Fold what was suggested, or show it again.
    ToggleSuggestions,
    /// Hold the predicted timeline against the recorded one, or no longer.
    ToggleBeside,
}

/// What a job works out.
#[derive(Clone)]
pub struct WhatIfTask {
    /// What was made of the recording before; `None` when this is the first question about it.
    pub(crate) prepared: Option<Arc<Prepared>>,
    /// Which question.
    pub(crate) question: WhatIfQuestion,
}

/// A question about a recording.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WhatIfQuestion {
    /// What these edits make of it.
    Answer(Vec<Edit>),
    /// What would pay.
    Suggest,
}

/// How such a job ended.
pub struct WhatIfOutcome {
    /// The recording.
    pub(crate) document: Arc<Document>,
    /// What answers to it are made from.
    pub(crate) prepared: Arc<Prepared>,
    /// What was found; `None`: it was stopped.
    pub(crate) found: Option<WhatIfFound>,
}

/// What was found.
pub(crate) enum WhatIfFound {
    /// What edits make of it, or why nothing.
    Answer(Result<Arc<Predicted>, String>),
    /// Nothing was to be changed.
    Unchanged,
    /// What would pay, or why nothing can be told.
    Suggestions(Result<Suggestions, String>),
}

/// An answer, and the predicted timeline.
pub struct Predicted {
    /// The answer.
    pub answer: Answer,
    /// The timeline, to be looked at and written.
    pub document: Arc<Document>,
}

/// The panel.
#[derive(Default)]
pub struct WhatIf {
    /// Edits in force, in the order in which they are made.
    pub edits: Vec<Edit>,
    /// What is typed.
    pub typed: String,
    /// Why that is no edit.
    pub wrong: Option<String>,
    /// What the edits make of the recording; while the newest is worked out the answer before it stays.
    pub predicted: Option<Arc<Predicted>>,
    /// Why they make nothing of it.
    pub refused: Option<String>,
    /// What would pay, once somebody has asked.
    pub suggestions: Option<Result<Suggestions, String>>,
    /// They are shown, not folded.
    pub shows_suggestions: bool,
    /// What was made of the recording in view.
    pub prepared: Option<Arc<Prepared>>,
    /// Edits in force before each change of them.
    before: Vec<Vec<Edit>>,
    /// UI time at which a value was last turned, s; 0 where the last change was a click.
    turned_s: f64,
    /// The edit that is being turned, so that one step back undoes all of its turns.
    turning: Option<usize>,
    /// What is to be suggested, with another number each time.
    wants_suggestions: Option<u64>,
    /// The recording that all this is of.
    of: Option<Shown>,
    /// The document that `prepared` is of.
    prepared_of: Option<Same<Document>>,
    asking: Asking<(Same<Document>, Vec<Edit>)>,
    suggesting: Asking<(Same<Document>, u64)>,
}

impl WhatIf {
    /// The edits as they are typed.
    pub fn typed_edits(&self) -> Vec<String> {
        self.edits.iter().map(Edit::to_string).collect()
    }

    /// There is a change to go back from.
    pub fn can_undo(&self) -> bool {
        !self.before.is_empty()
    }

    /// The answer on screen is to these edits, of this recording.
    pub fn is_answered(&self, document: &Arc<Document>) -> bool {
        let is_there = self.predicted.is_some() || self.refused.is_some();
        is_there && self.asking.is_asked(&(Same::of(document), self.edits.clone()))
    }
}
