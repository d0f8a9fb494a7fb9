use crate::{
    batch::Batch,
    machine::Machine,
    model::{self, ModelShape},
    plan::PlanError,
    spec::{Knobs, RunSpec},
};

/// The run of what is no decoder, on so many GPUs: its name where a model's stands, and sizes that stand for nothing.
///
/// # Errors
/// None, as long as there is a model to take the form of.
pub(super) fn outside(name: &str, machine: Machine, ranks: u32) -> Result<RunSpec, PlanError> {
    let unknown = || PlanError::Knob {
        knob: "model",
        value: name.to_owned(),
        range: "a built-in model".to_owned(),
    };
    let form = model::builtin("llama-3.3-70b").ok_or_else(unknown)?;
    Ok(RunSpec {
        model: ModelShape { name: name.to_owned(), layers: 1, ..form },
        machine,
        batch: Batch::prefill(1, 1),
        knobs: Knobs { tp: ranks, layers: Some(1), ..Knobs::default() },
    })
}
