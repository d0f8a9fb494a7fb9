//! Plans as files: JSON that people can write and change, documented in `docs/plans.md`.
//!
//! [`format`] has the form of the file, [`line`] that of an op, [`names`] its words, [`check`] what the simulator relies on. What a plan's own planner wrote reads back
//! bit for bit.

mod check;
mod error;
mod format;
mod line;
mod names;

use std::sync::Arc;

pub use error::PlanFileError;

use super::{Decision, Plan};
use format::{FORMAT, PlanFile, Schedule, VERSION};
use line::OpLine;

impl Plan {
    /// The plan as the text of a file, one op a line.
    ///
    /// # Errors
    /// [`PlanFileError::Syntax`] where a number has no JSON form (not finite).
    pub fn to_json(&self) -> Result<String, PlanFileError> {
        let Decision { asked: _, runs, own, reason, split } = self.decision.clone();
        let spec = serde_json::to_string(&*self.spec).map_err(PlanFileError::syntax)?;
        let schedule = Schedule { runs, name: own, reason, split };
        let schedule = serde_json::to_string(&schedule).map_err(PlanFileError::syntax)?;
        let mut text = format!(
            "{{\n\"format\": \"{FORMAT}\",\n\"version\": {VERSION},\n\"spec\": {spec},\n\"schedule\": {schedule},\n\"ops\": ["
        );
        for (index, op) in self.ops.iter().enumerate() {
            let line = serde_json::to_string(&OpLine::from(op)).map_err(PlanFileError::syntax)?;
            text += if index == 0 { "\n" } else { ",\n" };
            text += &line;
        }
        text += "\n]\n}\n";
        Ok(text)
    }

    /// The plan that a file holds.
    ///
    /// # Errors
    /// [`PlanFileError`] names the op, by index and role, and the field that is wrong: of another format or version, with a
    /// field that is missing, unknown or of the wrong type, with a spec that cannot be planned, or with ops that no simulator
    /// could run.
    pub fn from_json(text: &str) -> Result<Self, PlanFileError> {
        let PlanFile { spec, schedule, ops } = format::parse(text)?;
        let ops = ops.into_iter().enumerate().map(|(index, line)| line.op(index)).collect();
        let asked = spec.knobs.strategy;
        let Schedule { runs, name, reason, split } = schedule;
        let plan = Self {
            ranks: spec.knobs.tp,
            layers: spec.knobs.layers.unwrap_or(spec.model.layers),
            decision: Decision { asked, runs, own: name, reason, split },
            spec: Arc::new(spec),
            ops,
        };
        check::check(&plan)?;
        Ok(plan)
    }
}
