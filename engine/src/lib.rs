//! Plans iterations of a tensor-parallel transformer and runs them.
//!
//! [`spec::RunSpec`] (model, machine, batch, knobs) goes through the pure [`plan::plan`] and becomes a
//! [`plan::Plan`]: the ops every rank runs, on which stream, after which others. An [`executor::Executor`]
//! runs the plan, on the simulated machine ([`sim`]) or on GPUs, and reports to an [`observer::Observer`] what it
//! did, thread block by thread block. This crate knows nothing of profiling, files of traces, or windows.
//!
//! What goes in: [`model`], [`machine`], [`batch`], [`spec`]. What is decided: [`split`] (where the batch is cut, wave
//! arithmetic), [`plan`] (ops with grid, FLOP and bytes), [`tune`] (sweeps), [`memory`] (whether it fits). What runs it: [`sim`], `cuda`, and
//! [`session`], which iterates and takes [`command`]s between iterations; [`serving`] has requests come and go, [`generate`] goes on with a text. What it is held against: [`roofline`], [`validate`].
//! Times are ns, sizes bytes, rates a second, unless a name says otherwise.

pub mod batch;
pub mod calibrate;
pub mod choose;
pub mod clock;
pub mod command;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod executor;
pub mod generate;
pub mod machine;
pub mod memory;
pub mod model;
pub mod neighbours;
pub mod observer;
pub mod plan;
pub mod predict;
pub mod random;
pub mod roofline;
pub mod serving;
pub mod session;
pub mod sim;
pub mod spec;
pub mod split;
pub mod strategy;
pub mod tune;
pub mod validate;
pub mod words;
