//! Turns a running engine into a trace.
//!
//! Reading order: [`recorder`] (the engine's observer: batches over a bounded channel), [`collect`] (batches
//! into a [`Trace`](weftscope_traces::Trace)).

pub mod collect;
pub mod recorder;

#[cfg(test)]
mod testing;
