//! The live run of a page: a worker simulates beside it, since a page has one thread and draws with that.
//!
//! Both ends are here, and know nothing of browsers: [`Inside`] is the worker's, [`AwaySession`] and [`AwayJobs`] are the
//! page's. They talk in [`Letter`]s, which `web` carries. What a worker recorded arrives in the native format and is made
//! ready piece by piece.

mod inside;
mod jobs;
mod letter;
mod port;
mod session;
#[cfg(test)]
mod tests;

#[cfg(target_arch = "wasm32")]
pub(crate) use inside::Inside;
#[cfg(target_arch = "wasm32")]
pub(crate) use jobs::AwayJobs;
#[cfg(target_arch = "wasm32")]
pub(crate) use letter::{Letter, Tell};
pub(crate) use port::{Port, StartWorker};
pub(super) use session::AwaySession;

use std::time::Duration;

/// What making ready may take of a frame: a step is begun as long as this is not over.
const OF_A_FRAME: Duration = Duration::from_millis(3);
