//! The command line, by running the real binary.

mod bad_input;
mod bench;
mod measured;
mod place;
mod run;
