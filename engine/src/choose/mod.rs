//! Choosing by simulation: whether a batch is cut, where, and how many CTAs its collectives get.
//!
//! [`split`](crate::split) weighs cuts by arithmetic and [`plan`](crate::plan) makes a plan of whatever it is told; both know
//! nothing of the simulator, which runs plans. Here the three come together: the candidates are planned and simulated, and the
//! fastest is what runs. Whoever runs what a user asked for plans by [`plan()`] of this room.

mod by_tokens;
mod candidate;
mod search;
mod settle;

pub use by_tokens::ChosenByTokens;
pub use candidate::{
    Candidate, TIE, Trial, Tried, best, best_cut, fastest, fastest_cut, fastest_whole,
};
pub use search::{MOST, grid};
pub use settle::{Settled, plan, plan_settled, settle};
