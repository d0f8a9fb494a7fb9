use serde::{Deserialize, Serialize};

use super::Knobs;
use crate::{batch::Batch, machine::Machine, model::ModelShape};

/// Everything that decides a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// The model.
    pub model: ModelShape,
    /// The machine.
    pub machine: Machine,
    /// The batch.
    pub batch: Batch,
    /// What the user may turn while it runs.
    pub knobs: Knobs,
}
