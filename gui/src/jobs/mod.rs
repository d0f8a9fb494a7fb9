//! Work off the UI thread: one named thread a job, one bounded channel back, progress, cancel.
//!
//! A job is a closure that gets a [`JobControl`]; it never sees the state. What it made comes back as an
//! [`Event`](crate::app::Event), so the one mutator stays the only place where results meet the state.

mod control;
mod events;
mod files;
mod format;
mod spread;
mod wake;
#[cfg(feature = "gpus")]
mod watch;

pub use control::{Cancelled, JobControl, JobId, JobKind, JobStatus};
pub use events::{EventSender, Events};
pub use files::{Asked, export, open};
pub use format::{Export, ExportFormat, PictureLook};
pub(crate) use spread::spread;
pub use wake::Wake;
#[cfg(feature = "gpus")]
pub(crate) use watch::{INTERVAL, View, recorded};
#[cfg(feature = "gpus")]
pub use watch::{
    NotThere, OnServer, Program, ProgramAsked, Rules, Watched, Whom, attachable, setup_for, watch,
};
