//! The live run: what is being run, what may be turned, the iterations to go back to.

mod apply;
mod backend;
mod background;
mod baseline_spec;
mod begin;
mod catalog;
mod command;
mod curve;
mod draft;
mod event;
mod fit;
mod follow;
mod hand_over;
mod knob;
mod opened;
mod refusals;
mod session;
mod session_id;
mod state;
mod survey;
#[cfg(test)]
mod tests;
mod update;

pub(crate) use apply::apply_live;
pub use backend::Backend;
pub(crate) use background::{run_baselines, run_curve};
pub(crate) use begin::begin;
pub use catalog::{Catalog, Host, TransportState};
pub use command::LiveCommand;
pub use curve::{Curve, CurvePoint, FailedPoints};
pub use draft::Draft;
pub use event::LiveEvent;
pub use fit::default_spec;
pub(crate) use fit::degrees;
pub(crate) use follow::fade_ghost;
pub(crate) use hand_over::flush;
pub use knob::{Knob, KnobEdit};
pub(crate) use opened::batch_of;
pub use refusals::Refusals;
pub use session::SessionHandle;
pub(crate) use session::start_session;
pub use session_id::SessionId;
pub use state::{Baseline, KeptIteration, Live, Running, Status};
pub use survey::SplitMarks;
pub use update::update_live;
