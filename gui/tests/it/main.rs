//! Tests of the window and of the program, in one binary: two processors would link several one after another.
#![expect(clippy::unwrap_used, reason = "tests")]

#[cfg(feature = "live")]
mod agreement;
mod app;
// Most of it records first, so a build without the engine has nothing to test here.
#[cfg(feature = "live")]
mod cli;
mod common;
mod figures;
#[cfg(feature = "live")]
mod lessons;
mod timeline;
