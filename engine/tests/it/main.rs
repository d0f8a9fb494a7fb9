//! The engine from outside: one binary, since every one costs a link of the whole crate.

mod choose;
mod clock;
#[cfg(feature = "cuda")]
mod cuda;
mod neighbours;
mod plan;
mod predict;
mod serving;
mod sim;
mod split;
mod support;
