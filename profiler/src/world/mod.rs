//! Many processes, one run: who they are, where they meet, how their clocks stand, and when each iteration begins.
//!
//! Reading order: [`launcher`] (rank, size and address out of a launcher's variables), [`Address`] (where rank 0 listens), `letters`
//! (what is said there) in `frame`s with limits, [`World`] (all of it: [`World::meet`] gathers everybody, `gather` on rank 0 and
//! `join` elsewhere), `hub` (the barrier, at rank 0), [`ClockReading`] (how a clock stands to rank 0's), [`own_clock`] (simulated
//! ranks on clocks of their own), [`record`](fn@record) (iterations, stretch by stretch).
//!
//! A rank here is a process as its launcher numbers it; it holds one rank of the plan, or several in a row. The rendezvous trusts
//! its network, as torchrun's does: whoever can reach the port and knows the run can join it.

mod address;
mod clock;
mod error;
mod frame;
mod gather;
mod hub;
mod join;
pub mod launcher;
mod letters;
mod meeting;
mod node_list;
pub mod own_clock;
mod record;
mod terms;
#[cfg(test)]
mod tests;

pub use address::{Address, AddressError};
pub use clock::ClockReading;
pub use error::WorldError;
pub use letters::Place;
pub use meeting::World;
pub use record::{Stretches, record};
pub use terms::{StampClock, Terms};
