//! Turns a running engine into a trace.
//!
//! Reading order: [`recorder`] (the engine's observer: batches over a bounded channel), [`collect`] (batches
//! into a [`Trace`](weftscope_traces::Trace)), [`live`] (iteration after iteration, for a window).

pub mod collect;
pub mod live;
pub mod recorder;

#[cfg(test)]
mod testing;
