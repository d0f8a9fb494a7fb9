use thiserror::Error;

use super::{CudaGraphs, Limits};
use crate::{
    batch::{Batch, MAX_REQUESTS, MAX_TOKENS},
    executor::ExecError,
    machine::Machine,
    model::ModelShape,
    plan::PlanError,
    spec::{Knobs, RunSpec},
};

/// Everything that decides how requests are served.
#[derive(Clone, Debug, PartialEq)]
pub struct ServingSpec {
    /// The model.
    pub model: ModelShape,
    /// The machine.
    pub machine: Machine,
    /// Strategy, degree and all that a run has; its layers are the model's.
    pub knobs: Knobs,
    /// Most of an iteration.
    pub limits: Limits,
    /// Share of a GPU's memory for weights, activations and the cache of keys and values.
    pub memory_share: f64,
    /// Which iterations are one CUDA graph.
    pub graphs: CudaGraphs,
}

impl ServingSpec {
    /// The run of one iteration.
    pub fn run_of(&self, batch: Batch) -> RunSpec {
        let knobs = Knobs { layers: None, ..self.knobs.clone() };
        RunSpec { model: self.model.clone(), machine: self.machine.clone(), batch, knobs }
    }

    /// Whether the settings make sense.
    ///
    /// # Errors
    /// [`ServingError::Setting`].
    pub fn check(&self) -> Result<(), ServingError> {
        let Limits { budget_tokens, max_sequences } = self.limits;
        let within = |name, value: u32, most| {
            let range = format!("between 1 and {most}");
            let wrong = || ServingError::Setting { name, value: value.to_string(), range };
            if (1..=most).contains(&value) { Ok(()) } else { Err(wrong()) }
        };
        within("budget", budget_tokens, MAX_TOKENS)?;
        within("max-seqs", max_sequences, MAX_REQUESTS)?;
        if self.memory_share > 0.0 && self.memory_share <= 1.0 {
            return Ok(());
        }
        let (value, range) = (self.memory_share.to_string(), "above 0 and at most 1".to_owned());
        Err(ServingError::Setting { name: "memory-share", value, range })
    }
}

/// Why nothing is served.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ServingError {
    /// A setting is out of its range.
    #[error("{name} is {value}; it must be {range}")]
    Setting {
        /// Which.
        name: &'static str,
        /// Value given.
        value: String,
        /// Allowed.
        range: String,
    },
    /// Weights and activations leave no block of keys and values.
    #[error("{0}")]
    Memory(String),
    /// None of the requests fits into the cache.
    #[error("{0}")]
    NoRequest(String),
    /// Who listened to its progress wanted no more.
    #[error("stopped")]
    Stopped,
    /// An iteration has no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// An iteration failed.
    #[error(transparent)]
    Run(#[from] ExecError),
}
