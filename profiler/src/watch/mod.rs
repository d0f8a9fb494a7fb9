//! Watching programs of others: what their processes tell over a socket becomes a trace.
//!
//! Reading order: [`setup`] (the library that the program loads, and what that needs), [`job`] (the program started, its
//! processes found and listened to), [`process`] (what one of them has told), [`ranks`] (which of them is which rank), [`folders`] (where their sockets lie), [`found`] (those that are there to be recorded),
//! [`bounds`] (where launches ran that left no stamps), `calls` (what the host's threads did), `steps` (what they do again and
//! again), [`collectives`] (what NCCL's kernels ran), `inside` (what kernels say of themselves), [`cost`] (what it took), [`Alternating`] (that measured, in turns with and without stamps), `activity` (what CUPTI and NCCL have timed,
//! where there are no blocks), [`trace`](mod@trace) (all of it together), [`Recent`] (the last of it), [`Stretches`] (what has ended, taken off cut by cut), [`mod@bench`] (what watching costs, and how true it is).

mod activity;
mod alternating;
pub mod bench;
pub mod bounds;
mod calls;
pub mod collectives;
pub mod cost;
pub mod folders;
mod forget;
pub mod found;
mod inside;
pub mod job;
pub mod made;
pub mod process;
pub mod ranks;
mod recent;
mod seen;
pub mod setup;
mod sheet;
mod steps;
mod stretches;
pub mod trace;

pub use alternating::Alternating;
pub use job::{Job, JobError, Order, Place, Turn};
pub use process::{Process, StepsBefore};
pub use recent::Recent;
pub use setup::{SANITIZER_REMEDY, Setup, SetupError};
pub use stretches::{StretchError, Stretches};
pub use trace::trace;
/// All that is said between a watched program and its viewer: for tests that speak as a program.
pub use weftscope_wire as wire;
pub use weftscope_wire::{Begin, Hello, Level, Trigger};
