//! Everything around the timeline. Each panel reads the state and says what the user asked for.

mod centre;
#[cfg(feature = "live")]
mod curve;
mod details;
mod diagnostics;
mod empty;
mod frame_times;
mod help;
mod icon;
mod jobs;
#[cfg(feature = "live")]
mod knobs;
mod menu;
mod notices;
mod palette;
mod path;
mod search;
#[cfg(feature = "live")]
mod split_slider;
mod tables;
mod token_bar;
mod top_bar;
mod why;
mod widgets;

pub(crate) use centre::centre_ui;
pub(crate) use details::bottom_ui;
pub(crate) use diagnostics::strip_ui;
pub(crate) use frame_times::{FrameTimes, frame_times_ui};
pub(crate) use help::help_ui;
pub(crate) use jobs::{has_bars, jobs_ui};
#[cfg(feature = "live")]
pub(crate) use knobs::knobs_ui;
pub(crate) use notices::notices_ui;
pub(crate) use palette::palette_ui;
pub(crate) use path::path_ui;
pub(crate) use top_bar::top_bar_ui;
pub(crate) use why::why_ui;
pub(crate) use widgets::Cx;
