//! Runs of the simulator as recordings of others: what analyses recover is what the plan says.

mod sends;
mod structure;
mod watch;
mod watch_activity;
mod words;
