//! The plan: what every rank runs.

mod op;
mod types;

pub use op::{Collective, GemmShape, Op, OpId, OpWork, Resources};
pub use types::{Decision, Phase, Plan, PlanError, Split, SplitDecision, StreamId};
