//! The live run: what is being run, what may be turned, the iterations to go back to.

mod background;
mod begin;
mod catalog;
mod command;
mod draft;
mod knob;
mod session;
mod state;
mod survey;
mod update;

pub(crate) use background::{run_baselines, run_curve};
pub(crate) use begin::{begin, executor};
pub(crate) use catalog::strategy_line;
pub use catalog::{Catalog, TransportState};
pub use command::LiveCommand;
pub use draft::{Draft, default_spec};
pub use knob::{Knob, KnobEdit};
pub use session::SessionHandle;
pub(crate) use state::{AXES, axis_name};
pub use state::{Baseline, Curve, CurvePoint, Iteration, Live, Running, Status};
pub use survey::{Marks, cuts};
pub use update::{LiveEvent, update_live};
pub(crate) use update::{apply_live, curve_is_stale, fade_ghost, flush};
