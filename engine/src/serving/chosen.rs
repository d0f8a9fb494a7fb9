//! How batches are cut while requests are served. An engine has no time to simulate between two iterations; it looks its cut up in a
//! table by the number of tokens, and so do these.

use std::collections::HashMap;

use crate::{
    batch::Batch,
    choose::{Candidate, settle},
    plan::PlanError,
    spec::RunSpec,
};

/// Tokens from which batches share what was chosen for the next smaller multiple of [`STEP`].
const FROM: u32 = 256;
/// Tokens from one entry to the next: rows of a tile.
const STEP: u32 = 128;

/// What was chosen for prompts of so many tokens, launched one by one or as a graph.
#[derive(Default)]
pub(super) struct Chosen(HashMap<(bool, u32), Option<Candidate>>);

impl Chosen {
    /// A run with what was chosen for as many tokens; as it is where simulation does not choose.
    ///
    /// # Errors
    /// [`PlanError`]: no plan.
    pub(super) fn applied(&mut self, spec: &RunSpec, in_graph: bool) -> Result<RunSpec, PlanError> {
        let tokens = spec.batch.tokens();
        let tokens = if tokens < FROM { tokens } else { tokens / STEP * STEP };
        let candidate = match self.0.get(&(in_graph, tokens)) {
            Some(&known) => known,
            None => {
                let prompt = RunSpec { batch: Batch::prefill(tokens, tokens), ..spec.clone() };
                let chosen = settle(&prompt)?.map(|settled| settled.candidate);
                self.0.insert((in_graph, tokens), chosen);
                chosen
            }
        };
        Ok(candidate.map_or_else(|| spec.clone(), |candidate| candidate.apply(spec)))
    }
}
