//! The window here, the run on a server: who is reached and how, and what both ends send each other.
//!
//! A connection is one pair of byte streams, of `ssh` or of a socket. After a greeting both ends send frames (`frame.rs`); of
//! these most are the letters of `app::live::away`, which many channels share. Nothing of a letter is
//! known here.

mod agent;
mod copying;
mod direct;
mod frame;
#[cfg(test)]
mod fuzz;
mod greeting;
mod link;
mod proof;
mod reach;
mod recording;
mod role;
mod serve;
mod several;
mod socket;
mod ssh;
mod target;
#[cfg(test)]
mod tests;
mod timed;
mod tls;
mod token;
mod traffic;

pub(crate) use agent::{Offer, serve};
pub use greeting::Greeting;
pub use link::Link;
pub use reach::greet;
#[cfg(feature = "gpus")]
pub(crate) use reach::watch_there;
pub(crate) use reach::{copy, open_there, reach};
pub use recording::Recording;
pub use role::RoleCell;
pub(crate) use serve::{Bound, Log, Serving, Where};
pub(crate) use several::open_several;
#[cfg(feature = "gpus")]
pub(crate) use several::watch_several;
pub use ssh::Ssh;
pub use target::{SshTarget, Target, TargetError, WeftTarget};
pub(crate) use token::secrets_folder;
pub use traffic::Traffic;
