//! The live run: what is being run, what may be turned, the iterations to go back to.

mod backend;
mod background;
mod begin;
mod catalog;
mod command;
mod draft;
mod knob;
mod opened;
mod refusals;
mod session;
mod state;
mod survey;
#[cfg(test)]
mod tests;
mod update;

pub use backend::Backend;
pub(crate) use background::{run_baselines, run_curve};
pub(crate) use begin::{begin, start_session};
pub(crate) use catalog::strategy_line;
pub use catalog::{Catalog, Host, TransportState};
pub use command::LiveCommand;
pub use draft::{Draft, default_spec};
pub use knob::{Knob, KnobEdit};
pub(crate) use opened::batch_of;
pub use refusals::Refusals;
pub use session::{SessionHandle, SessionId};
pub(crate) use state::{AXES, axis_name};
pub use state::{Baseline, Curve, CurvePoint, Iteration, Live, Running, Status};
pub use survey::{Marks, cuts};
pub use update::{LiveEvent, update_live};
pub(crate) use update::{apply_live, curve_is_stale, fade_ghost, flush};
