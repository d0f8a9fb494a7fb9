use thiserror::Error;

use super::{Figure, Neighbour, Plans, Run, Runs, Settings};
use crate::{executor::ExecError, plan::PlanError};

/// What came of a neighbour.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the runs show.
    pub figures: Vec<Figure>,
    /// The runs.
    pub runs: Runs,
}

/// Why nothing came of it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NeighbourError {
    /// It cannot be planned with these knobs.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A run broke off.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// Somebody asked for it to stop.
    #[error("cancelled")]
    Cancelled,
}

impl Neighbour {
    /// Plans and runs it, with the idea and without, and reads its figures off. `is_stopped` is asked before each run.
    ///
    /// # Errors
    /// [`NeighbourError`].
    pub fn simulate(
        &self,
        settings: &Settings,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Outcome, NeighbourError> {
        let Plans { with, without, others } = (self.plans)(settings)?;
        let run = |plan| {
            if is_stopped() { Err(NeighbourError::Cancelled) } else { Ok(Run::of(plan)?) }
        };
        let (with, without) = (run(with)?, run(without)?);
        let others: Result<Vec<_>, NeighbourError> =
            others.into_iter().map(|(name, plan)| Ok((name, run(plan)?))).collect();
        let runs = Runs { with, without, others: others? };
        Ok(Outcome { figures: (self.figures)(settings, &runs), runs })
    }
}
