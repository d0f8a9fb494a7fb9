//! The live run: what is being run, what may be turned, the iterations to go back to.

mod apply;
mod arrival;
pub(crate) mod away;
mod backend;
mod background;
mod baseline_spec;
mod begin;
mod calibration;
mod catalog;
mod command;
mod curve;
mod curve_figure;
mod draft;
mod event;
#[cfg(feature = "gpus")]
mod executors;
mod fit;
mod follow;
mod gpu_run;
mod hand_over;
mod knob;
mod knob_words;
mod link;
mod news;
#[cfg(not(feature = "gpus"))]
mod no_gpus;
mod opened;
mod receipt;
mod refusals;
#[cfg(not(target_arch = "wasm32"))]
mod remote;
mod serving;
mod session;
mod session_id;
#[cfg(not(target_arch = "wasm32"))]
mod simulated_curve;
mod state;
mod survey;
#[cfg(test)]
#[cfg(feature = "gpus")]
mod tests;
mod update;

pub(crate) use apply::apply_live;
#[cfg(not(target_arch = "wasm32"))]
pub use away::Role;
pub use backend::Backend;
pub(crate) use background::{run_baselines, run_curve};
pub(crate) use begin::begin;
pub(crate) use calibration::{run_calibration, take_calibration};
pub use catalog::{Catalog, Host, TransportState};
pub use command::LiveCommand;
pub use curve::{Curve, CurvePoint, FailedPoints};
pub use draft::Draft;
pub use event::LiveEvent;
#[cfg(feature = "gpus")]
pub(crate) use executors::{Executors, open_plain};
pub use fit::default_spec;
pub(crate) use fit::{degrees, shard_degrees};
pub(crate) use follow::fade_ghost;
pub use gpu_run::{GpuRun, Launch, Seen};
pub use hand_over::flush;
pub use knob::{Knob, KnobEdit};
pub(crate) use link::link_of;
#[cfg(not(feature = "gpus"))]
pub(crate) use no_gpus::Executors;
pub(crate) use opened::batch_of;
#[cfg(any(test, target_arch = "wasm32"))]
use receipt::Outstanding;
pub use receipt::Receipt;
pub use refusals::Refusals;
#[cfg(not(target_arch = "wasm32"))]
pub use remote::{Remote, RemoteEvent, RemoteStatus};
pub(crate) use serving::{Level, run_lookup, run_serving};
pub use serving::{
    ServedRun, ServedStrategy, ServingAsked, ServingCommand, ServingEdit, ServingEvent,
    ServingHead, ServingPart, ServingRun, ServingTab,
};
pub use session::SessionHandle;
pub(crate) use session::start_session;
pub use session_id::SessionId;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use simulated_curve::simulated_curve;
pub use state::{Baseline, KeptIteration, Live, Running, Status};
pub use survey::SplitMarks;
pub use update::update_live;
