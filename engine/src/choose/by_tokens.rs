//! How batches are cut while requests are served. An engine has no time to simulate between two iterations; it looks its cut up in a
//! table by the number of tokens, and so do these.

use std::collections::HashMap;

use super::{Candidate, settle};
use crate::{
    batch::{Batch, captured_size},
    plan::PlanError,
    spec::RunSpec,
};

/// Tokens from which batches share what was chosen for the next smaller multiple of [`STEP`]; fewer share it with the next larger
/// [size that is captured](captured_size).
const FROM: u32 = 256;
/// Tokens from one entry to the next: rows of a tile.
const STEP: u32 = 128;

/// What was chosen for prompts of so many tokens, launched one by one or as a graph.
#[derive(Debug, Default)]
pub struct ChosenByTokens(HashMap<(bool, u32), Option<Candidate>>);

impl ChosenByTokens {
    /// The numbers of tokens of up to `most` that are chosen for.
    pub fn entries(most: u32) -> impl Iterator<Item = u32> {
        let few = (1..FROM.min(most + 1)).filter(|&tokens| tokens == captured_size(tokens));
        few.chain((FROM..=most).step_by(STEP as usize))
    }

    /// Chooses for batches of up to so many tokens now, so that nobody waits for it later.
    ///
    /// # Errors
    /// [`PlanError`]: no plan.
    pub fn fill(&mut self, spec: &RunSpec, most: u32, in_graph: bool) -> Result<(), PlanError> {
        for tokens in Self::entries(most) {
            let spec = RunSpec { batch: Batch::prefill(tokens, tokens), ..spec.clone() };
            self.applied(&spec, in_graph)?;
        }
        Ok(())
    }

    /// A run with what was chosen for as many tokens; as it is where simulation does not choose.
    ///
    /// # Errors
    /// [`PlanError`]: no plan.
    pub fn applied(&mut self, spec: &RunSpec, in_graph: bool) -> Result<RunSpec, PlanError> {
        let tokens = spec.batch.tokens();
        let tokens = if tokens < FROM { captured_size(tokens) } else { tokens / STEP * STEP };
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
