//! The command line, by running the real binary. Most of it records first, so a build without the engine has
//! nothing to test here.
#![cfg(feature = "live")]

mod bad_input;
mod bench;
mod measured;
mod place;
mod run;
