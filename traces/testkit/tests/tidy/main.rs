//! House rules as a test: what `ARCHITECTURE.md` and `CONTRIBUTING.md` claim, read off the sources.
//!
//! It lives in `testkit` because that depends on nothing of ours, so it runs even when the rest does not build. A rule
//! that the house breaks today would stand in a list of debts beside it; there is none.

mod absent;
mod architecture;
mod crates;
mod environment;
mod house;
mod loops;
mod modules;
mod resolve;
mod size;
mod syntax;
