//! GPUs of this computer, in a program that was built without them.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use weftscope_engine::{machine::Machine, plan::Plan};

/// None.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gpus {}

/// There are none to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this program was built without GPUs")]
pub struct Unavailable;

/// Never finds any.
///
/// # Errors
/// Always.
pub fn probe() -> Result<Gpus, Unavailable> {
    Err(Unavailable)
}

/// They would be a machine.
pub fn machine_of(found: &Gpus) -> Machine {
    match *found {}
}

/// Why they would not run a plan.
pub fn refusal(_plan: &Plan, found: &Gpus) -> Option<String> {
    match *found {}
}
