//! The command line, by running the real binary.

mod bad_input;
mod bench;
mod measured;
pub(crate) mod place;
mod run;
