use thiserror::Error;

use super::OpId;
use crate::model::{DegreeError, ModelError};

/// Why there is no plan.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PlanError {
    /// The batch has no tokens.
    #[error("the batch has no tokens")]
    NoTokens,
    /// The model contradicts itself.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The degree does not fit the model.
    #[error(transparent)]
    Degree(#[from] DegreeError),
    /// More ranks than GPUs.
    #[error("{tp} ranks asked, but {machine} has {gpus} GPUs")]
    TooFewGpus {
        /// Ranks asked.
        tp: u32,
        /// GPUs there.
        gpus: u32,
        /// Machine name.
        machine: String,
    },
    /// A knob is out of its range.
    #[error("{knob} is {value}; it must be {range}")]
    Knob {
        /// Which.
        knob: &'static str,
        /// Value given.
        value: String,
        /// Allowed.
        range: String,
    },
    /// An op of the caller's own schedule is out of order.
    #[error(
        "op {} ({role}) stands at place {place}: an op's id is its place, it has blocks, and it waits only for ops before it",
        op.0
    )]
    Order {
        /// Its id.
        op: OpId,
        /// What it is.
        role: &'static str,
        /// Where it stands.
        place: usize,
    },
    /// The machine cannot do this.
    #[error("{strategy} needs {needs}, which {machine} does not have")]
    Unsupported {
        /// Strategy or transport.
        strategy: &'static str,
        /// What is missing.
        needs: &'static str,
        /// Machine name.
        machine: String,
    },
}
