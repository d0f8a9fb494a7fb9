//! What an iteration takes, by the engine's own plans and simulator.
//!
//! Batches that cost nearly the same share a simulation.

use std::collections::HashMap;

use super::{ServingError, ServingSpec, Step, bucket::Buckets};
use crate::{
    batch::{Batch, Request, captured_size},
    choose::ChosenByTokens,
    memory::Footprint,
    predict::{Predicted, predicted_amid},
    spec::RunSpec,
};

/// What iterations are simulated as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pricing {
    /// Batches that cost nearly the same share a simulation.
    Bucketed,
    /// As they are: thousands of simulations.
    Exact,
}

/// Prices steps.
pub struct Pricer<'a> {
    spec: &'a ServingSpec,
    pricing: Pricing,
    buckets: Buckets,
    /// The run with ops launched one by one, and as one graph.
    launched: RunSpec,
    captured: RunSpec,
    known: HashMap<(bool, Vec<Request>), Predicted>,
    chosen: ChosenByTokens,
    simulated: u64,
}

impl<'a> Pricer<'a> {
    /// Nothing is known yet.
    pub fn new(spec: &'a ServingSpec, pricing: Pricing) -> Self {
        // A degree that does not divide the model has no plan either.
        let weight_tokens = Footprint::of(&spec.run_of(Batch::prefill(1, 1)))
            .map_or(1, |of_one| of_one.weights_bytes / of_one.kv_cache_bytes.max(1));
        let buckets = Buckets { weight_tokens };
        let launched = spec.run_of(Batch { requests: Vec::new() });
        let mut captured = launched.clone();
        captured.machine.host = captured.machine.host.in_graph();
        Self {
            spec,
            pricing,
            buckets,
            launched,
            captured,
            known: HashMap::new(),
            chosen: ChosenByTokens::default(),
            simulated: 0,
        }
    }

    /// Batches that were simulated.
    pub fn simulated(&self) -> u64 {
        self.simulated
    }

    /// What a step takes, as one graph or launched op by op.
    ///
    /// # Errors
    /// [`ServingError`]: no plan, or a run that fails.
    pub fn price(&mut self, step: &Step, in_graph: bool) -> Result<Predicted, ServingError> {
        let batch = match self.pricing {
            Pricing::Bucketed => self.buckets.bucketed(step),
            Pricing::Exact => filled_up(step, in_graph),
        };
        let key = (in_graph, batch.requests);
        if let Some(&price) = self.known.get(&key) {
            return Ok(price);
        }
        self.simulated += 1;
        let run = if in_graph { &self.captured } else { &self.launched };
        let spec = RunSpec { batch: Batch { requests: key.1.clone() }, ..run.clone() };
        let spec = self.chosen.applied(&spec, in_graph)?;
        let mut price = predicted_amid::<ServingError>(&spec)?;
        if in_graph {
            price.gpu_ns += self.spec.machine.host.graph_launch_ns.round() as i64;
        }
        self.known.insert(key, price);
        Ok(price)
    }
}

/// The step as it is; a graph that decodes has the size that was captured.
fn filled_up(step: &Step, in_graph: bool) -> Batch {
    let mut batch = step.batch();
    if in_graph && step.prefill_tokens() == 0 {
        let size = captured_size(batch.requests.len() as u32);
        batch.requests.resize(size as usize, Request { cached_tokens: 1, new_tokens: 1 });
    }
    batch
}
