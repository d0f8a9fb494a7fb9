//! One owner of the GPUs, and users that hold nothing of them.
//!
//! A thread of its own opens the executor, runs it, loads into it and drops it: whatever reaches the driver does so from
//! there, one thing after another. A live run, its baselines and its curves are *users*: handles that send a run and
//! receive what it reports. They may be made, cancelled and dropped at any moment, on any thread.
//!
//! Why not a lock round each iteration: kernels of a collective wait on the GPU for their peers, so from the launch on
//! the first rank to that on the last nothing may synchronise a device. Opening, freeing memory that peers reach,
//! unloading programs and destroying communicators all do, and a lock has to be remembered at each of them, in `Drop` too.
//! A thread that alone *has* the executor cannot forget. Requests queue in order, so an unceasing live run starves nobody.

mod job;
mod owner;
mod pace;
mod relay;
#[cfg(test)]
mod tests;
mod user;

pub use job::Look;
pub use owner::{Opener, Owner};
pub use user::User;
