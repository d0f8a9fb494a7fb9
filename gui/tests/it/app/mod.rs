//! The window: its commands on plain state, its panels by name, its pictures.

#[cfg(feature = "live")]
mod address;
#[cfg(feature = "live")]
mod at_random;
#[cfg(feature = "live")]
mod calibration;
#[cfg(feature = "gpus")]
mod cluster;
mod commands;
mod compare;
#[cfg(feature = "live")]
mod doubt;
#[cfg(feature = "live")]
mod lessons;
#[cfg(feature = "live")]
mod live;
mod marks;
#[cfg(feature = "live")]
mod narrow;
#[cfg(feature = "live")]
mod neighbours;
mod notices;
mod panels;
mod pictures;
#[cfg(feature = "gpus")]
mod remote;
#[cfg(feature = "gpus")]
mod remote_recording;
mod screen_reader;
mod search;
#[cfg(feature = "live")]
mod serving;
mod sql;
mod statistics;
#[cfg(feature = "live")]
mod steady;
mod texts;
#[cfg(feature = "live")]
mod watched;
#[cfg(feature = "gpus")]
mod watching;
#[cfg(feature = "live")]
mod what_if;
mod why;
#[cfg(feature = "live")]
mod window;
