//! The tab of serving: what requests are served under which limits, what came of it strategy by strategy, and what each
//! iteration computed.

mod command;
mod event;
#[cfg(feature = "gpus")]
mod gpus;
mod kept;
mod profile;
mod tab;
mod tell;
mod update;
mod work;

pub use command::{ServingCommand, ServingEdit};
pub use event::ServingEvent;
pub(crate) use event::apply_serving;
pub(crate) use profile::{Level, Profile};
pub use tab::{
    ServedRun, ServedStrategy, ServingAsked, ServingHead, ServingPart, ServingRun, ServingTab,
};
pub(crate) use update::update_serving;
pub(crate) use work::{run_lookup, run_serving};
