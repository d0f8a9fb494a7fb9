//! What may be asked of a running session between two iterations.

use serde::{Deserialize, Serialize};

use crate::spec::{Knobs, RunSpec};

/// A request to a [`Session`](crate::session::Session). Commands take effect between iterations, never inside one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Run something else: model, machine, batch and knobs.
    SetSpec(Box<RunSpec>),
    /// Keep model, machine and batch, turn knobs.
    SetKnobs(Box<Knobs>),
    /// Iterate until another command says otherwise.
    Run,
    /// Finish the iteration under way, then wait.
    Pause,
    /// Run one iteration, then wait.
    Step,
    /// Finish; the session runs nothing more.
    Stop,
}
