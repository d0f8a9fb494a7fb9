//! The window here, the run on a server: who is reached and how, and what both ends send each other.
//!
//! A connection is one pair of byte streams, of `ssh` or of a socket. After a greeting both ends send frames (`frame.rs`); of
//! these most are the letters of `app::live::away`, which many channels share. Nothing of a letter is
//! known here.

mod agent;
mod frame;
mod greeting;
mod link;
mod place;
mod reach;
mod ssh;
mod target;
#[cfg(test)]
mod tests;
mod traffic;

pub(crate) use agent::{Offer, serve};
pub use greeting::Greeting;
pub use link::Link;
pub use place::Place;
pub(crate) use reach::{open_there, reach};
pub use ssh::Ssh;
pub use target::{Target, TargetError};
pub use traffic::Traffic;
