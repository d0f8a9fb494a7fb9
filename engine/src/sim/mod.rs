//! The simulated machine: discrete events at the grain of thread blocks.
//!
//! Every rank has SMs with residency limits; ops reach them in stream-priority and launch order, so waves and tails
//! form by themselves. A resident block makes fluid progress: its rate follows from its SM, from device memory, L2,
//! links and power (`power`) shared with whatever else is resident (`share`). Collectives hold their SM slots and spin at
//! barriers. Overlap, slack, contention and split cost are never put in; they are read off the records.
//!
//! What makes it fast: all blocks of an op on a rank progress at one rate, so each op has a virtual clock (∫ rate dt)
//! and a block finishes when that clock has gone on by the block's work. Replacing a block by the next of its op
//! changes no rate and costs one update of a winner tree (`tree`). Rates are computed anew only when the mix of
//! resident blocks changes. Ranks influence each other only at barriers, so each is simulated far ahead of the
//! others until it needs an arrival it does not know (`driver`).
//!
//! No threads, clocks or files; integer time; deterministic for a seed.

mod active;
mod barrier;
mod capacity;
mod cost;
mod counters;
mod ctx;
mod driver;
mod jitter;
mod power;
mod price;
mod rank;
mod rates;
mod records;
mod share;
mod simulator;
mod sm;
mod stream;
mod time;
mod tree;

pub use simulator::Simulator;
