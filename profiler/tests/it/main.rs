//! Runs of the simulator as recordings of others: what analyses recover is what the plan says.

mod cluster;
mod sends;
mod structure;
mod watch;
mod watch_activity;
mod words;
