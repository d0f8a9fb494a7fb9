//! A live run elsewhere: in a worker beside a page, which has one thread and draws with that, or by an agent on a server.
//!
//! Both ends are here, and know nothing of browsers and of connections: [`Inside`] is the one that runs, [`AwaySession`],
//! [`arrivals`] and [`AwayJobs`] are the window's. They talk in [`Letter`]s, which `web` and `remote` carry. What was recorded
//! arrives in the native format: a page makes it ready piece by piece, a window with threads on one of them.

#[cfg(not(target_arch = "wasm32"))]
mod arrivals;
#[cfg(not(target_arch = "wasm32"))]
mod following;
#[cfg(not(target_arch = "wasm32"))]
mod home;
mod host;
mod inside;
mod jobs;
mod letter;
#[cfg(not(target_arch = "wasm32"))]
mod looking;
mod on;
#[cfg(feature = "gpus")]
mod output;
#[cfg(feature = "gpus")]
mod pace;
mod pieces;
mod port;
#[cfg(feature = "gpus")]
mod program;
#[cfg(not(target_arch = "wasm32"))]
mod questions;
#[cfg(not(target_arch = "wasm32"))]
mod recording;
#[cfg(any(test, target_arch = "wasm32"))]
mod session;
#[cfg(not(target_arch = "wasm32"))]
mod shared_run;
mod shown;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(not(target_arch = "wasm32"))]
mod under_way;
#[cfg(feature = "gpus")]
mod watching;
#[cfg(not(target_arch = "wasm32"))]
mod whole;
mod words;
mod working;

#[cfg(not(target_arch = "wasm32"))]
pub(super) use arrivals::{Arrivals, tell_run};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use host::Busy;
pub(crate) use host::Host;
pub(crate) use inside::Inside;
pub(crate) use jobs::AwayJobs;
pub(crate) use letter::Letter;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use looking::{Looked, Show, look_there};
pub(crate) use on::On;
pub(crate) use port::{Port, StartWorker};
#[cfg(any(test, target_arch = "wasm32"))]
pub(super) use session::AwaySession;
#[cfg(not(target_arch = "wasm32"))]
pub use shared_run::Role;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use shared_run::{SharedRun, Visit};
#[cfg(feature = "gpus")]
pub(crate) use whole::watch_whole;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use whole::whole_there;
pub(crate) use words::Tell;

use std::time::Duration;

/// What making ready may take of a frame: a step is begun as long as this is not over.
const OF_A_FRAME: Duration = Duration::from_millis(3);
