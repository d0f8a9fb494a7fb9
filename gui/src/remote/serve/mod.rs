//! `weftscope serve`: the agent on a socket, for windows that prove that they know a token.
//!
//! ```text
//! accepted ─ pace ─ lobby ─ admission ─ hall ─ agent
//!            a rate  few,    5 s, some   few    frames
//!                    oldest  hundred
//!                    goes    bytes
//! ```
//!
//! Strangers cannot lock the owner out. Nothing is counted against an address or a token, so no number of failures closes the door.
//! Connections are accepted at a rate, in their order; where more than the lobby holds have not proven themselves, the oldest goes. So whoever comes has the time
//! in which the lobby fills at that rate, 0.6 s, and a proof takes two round trips. What strangers can take is that wait in the system's own
//! queue of a listening socket, 1.3 s at most, and a second try.

mod admission;
mod bind;
mod hall;
mod listen;
mod lobby;
mod log;
mod pace;
mod stranger;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod watching;

#[cfg(test)]
use bind::ServeError;
pub(crate) use bind::{Bound, Where};
pub(crate) use listen::Serving;
pub(crate) use log::Log;
