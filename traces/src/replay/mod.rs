//! A recording run once more, as it was or changed: what would an iteration take if …?
//!
//! [`Replay::of`] makes of the gathered ops of a recording what can be run again: kernels and copies with the time that each takes by
//! itself, what each waits for, the host's launches and waits in their order, collectives that meet across ranks. [`Replay::run`]
//! lets time pass over it, [`Residual`] holds the outcome against the recording, [`Edit`] changes it before, and
//! [`Replay::predicted`] makes a trace of the outcome, marked as modelled. [`Answer`] and [`suggest`] put it all together, from
//! what is [`Prepared`] once.
//!
//! It knows ops, not thread blocks. What of an op's time comes from what runs beside it is told by [`Contention`] alone, the same
//! when the recording is read and when it is run again, so that what overlaps otherwise than before takes another time.

mod answer;
mod build;
mod contention;
mod cost;
mod edit;
mod fixed;
mod held;
mod machine;
mod plan;
mod predicted;
mod prepared;
mod residual;
mod run;
mod size;
mod suggest;
#[cfg(test)]
mod tests;
mod understood;

pub use answer::{Answer, AnswerError, Hidden};
pub use contention::Contention;
pub use edit::{Cut, Edit, EditError, EditForm, Edited, MachineChange};
pub use held::{Against, Change, Held, StatedError, held};
pub use machine::{LinkRates, MachineRates, Machines, NoMachines};
pub use plan::{
    HostStep, Iteration, Launch, OpIndex, Replay, ReplayOp, Stream, StreamGap, TypicalGaps, Wait,
};
pub use prepared::Prepared;
pub use residual::{IterationResidual, Residual, StreamResidual};
pub use run::Timeline;
pub use size::{OpSize, Transport};
pub use suggest::{LEFT_OUT, LeftOut, NOTHING_PAYS, Suggestion, Suggestions, suggest};
pub use understood::Understood;
