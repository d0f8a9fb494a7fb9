//! The live run on a server: reached, lost and reached again, and left.

mod server;
mod update;

pub use server::{Remote, RemoteEvent, RemoteStatus};
pub(super) use update::{apply_remote, connect, install, leave, take_control, watch};
