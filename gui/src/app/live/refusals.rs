use weftscope_engine::{plan::plan, spec::RunSpec};

use super::{Backend, Catalog, Knob, KnobEdit};
use crate::here::{Gpus, refusal};

/// Choices that would not run where the draft runs, each with the executor's own reason.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refusals {
    choices: Vec<(KnobEdit, String)>,
    draft: Option<String>,
}

impl Refusals {
    /// What each choice would come to, all else as in `spec`: some twenty plans of one layer. The simulator refuses
    /// nothing here.
    pub fn of(spec: &RunSpec, backend: &Backend, catalog: &Catalog) -> Self {
        let Backend::Gpus(found, _) = backend else { return Self::default() };
        let mut one_layer = spec.clone();
        one_layer.knobs.layers = Some(1);
        let refused_choice = |choice: KnobEdit| {
            let mut spec = one_layer.clone();
            choice.apply(&mut spec, catalog);
            Some((choice, refused(&spec, found)?))
        };
        let choices = Knob::ALL.into_iter().flat_map(|knob| knob.choices(catalog));
        let choices = choices.filter_map(refused_choice).collect();
        Self { choices, draft: refused(&one_layer, found) }
    }

    /// Why a choice does not run; only `Knob::choices` are known.
    pub fn why(&self, choice: &KnobEdit) -> Option<&str> {
        let refused = self.choices.iter().find(|(refused, _)| refused == choice);
        refused.map(|(_, why)| why.as_str())
    }

    /// Why the spec as it is does not run.
    pub fn draft(&self) -> Option<&str> {
        self.draft.as_deref()
    }
}

/// What cannot be planned is refused by the planner, when it is chosen.
fn refused(spec: &RunSpec, found: &Gpus) -> Option<String> {
    refusal(&plan(spec).ok()?, found)
}
