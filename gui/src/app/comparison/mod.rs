//! What is in view held against something else: another iteration, another recording.
//!
//! The other is kept whole ([`Reference`]), so the run may go on and files may be closed. Both are looked at on one clock:
//! the start of the iteration that is compared is 0 in both, and the view of the reference follows the one in view.

mod align;
mod flush;
mod update;

pub(crate) use align::align;
pub(crate) use flush::{compare_documents, flush_comparison};
pub(crate) use update::{
    hold_opened, hold_predicted, release_predicted, replace_predicted, update_comparison,
};

use std::sync::Arc;

use weftscope_traces::analysis::{CompareReport, OpKey};

use super::{
    asking::{Asking, Same},
    document::{Document, DocumentId},
};
use crate::timeline::{Mark, Selection, ViewCommand, ViewState};

/// A request of the comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum CompareCommand {
    /// Keep what is in view, and hold against it what comes into view after.
    Hold,
    /// Hold what is in view against an opened file.
    HoldFile(DocumentId),
    /// Compare no longer.
    Release,
    /// Show the reference over what is in view, or hide it.
    ToggleBeside,
    /// Draw the reference as outlines into what is in view, or not.
    ToggleGhost,
    /// Give the reference so much of the height, 0…1; kept in 0.15…0.85.
    Share(f32),
    /// Compare the next iteration (+1) of one of the two or the one before (−1); before the first stand all of them.
    Iteration(Pane, i32),
    /// Look elsewhere, from the timeline of the reference.
    Look(ViewCommand),
    /// Go to the longest run of an op in both.
    GoTo(OpKey),
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// What is held.
    Reference,
    /// What is in view.
    InView,
}

/// What the document in view is held against, and what came of it.
pub struct Comparison {
    /// What it is held against.
    pub reference: Reference,
    /// The iteration of the document in view that is compared; `None`: all of them.
    pub iteration: Option<usize>,
    /// The reference is shown over what is in view.
    pub is_beside: bool,
    /// The reference is drawn as outlines into what is in view.
    pub has_ghost: bool,
    /// Part of the height that the reference has, 0…1.
    pub share: f32,
    /// What differs, once that is known.
    pub report: Option<Arc<CompareReport>>,
    /// What the report is of, or will be: the document in view, and the iterations compared.
    asking: Asking<(Same<Document>, [Option<usize>; 2])>,
    /// What was selected in both when they were last brought together.
    linked: [Selection; 2],
    /// Marks of the reference when its view and that of its file were last brought together.
    linked_marks: Vec<Mark>,
}

/// Why something is held against what is in view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It came before: it is the first of the two.
    #[default]
    Before,
    /// It was predicted from what is in view: it is the second.
    Predicted,
}

impl Role {
    /// What what is held is called, and what is in view.
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Self::Before => ["First", "Second"],
            Self::Predicted => ["Predicted", "Recorded"],
        }
    }

    /// Where what is held stands in a report, and where what is in view does.
    pub fn places(self) -> [usize; 2] {
        match self {
            Self::Before => [0, 1],
            Self::Predicted => [1, 0],
        }
    }
}

/// What is held.
pub struct Reference {
    /// Short name.
    pub name: String,
    /// What it holds.
    pub document: Arc<Document>,
    /// How it is looked at; follows the view of what is in view.
    pub view: ViewState,
    /// Its iteration that is compared; `None`: all of them.
    pub iteration: Option<usize>,
    /// Why it is held.
    pub role: Role,
}

impl Comparison {
    /// What the document in view is to be held against, with nothing known yet.
    fn new(name: String, document: Arc<Document>, role: Role) -> Self {
        let view = ViewState::new(&document.timeline);
        Self {
            reference: Reference { name, document, view, iteration: None, role },
            iteration: None,
            is_beside: true,
            has_ghost: false,
            share: 0.5,
            report: None,
            asking: Asking::default(),
            linked: [Selection::None, Selection::None],
            linked_marks: Vec::new(),
        }
    }

    /// The iteration of a document in view that is compared: what is chosen, where it has so many.
    pub fn iteration_of(&self, document: &Document) -> Option<usize> {
        self.iteration.filter(|&index| index < document.timeline.iterations().len())
    }

    /// The times of the reference and of a document in view that stand for one another, ns.
    pub fn zeros_ns(&self, document: &Document) -> [i64; 2] {
        let reference = &self.reference;
        [
            reference.document.timeline.zero_ns(reference.iteration),
            document.timeline.zero_ns(self.iteration_of(document)),
        ]
    }

    /// A report of the document in view as it is compared now, none while a newer one is worked out.
    pub fn report_of(&self, document: &Arc<Document>) -> Option<&Arc<CompareReport>> {
        let question = (Same::of(document), self.iterations(document));
        self.report.as_ref().filter(|_| self.asking.is_asked(&question))
    }

    fn iterations(&self, document: &Document) -> [Option<usize>; 2] {
        [self.reference.iteration, self.iteration_of(document)]
    }
}
