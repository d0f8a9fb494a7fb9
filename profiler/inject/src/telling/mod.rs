//! The socket: who asks, and what is told.

mod outbox;
mod server;

pub use outbox::Outbox;
pub use server::{Recorder, serve};
