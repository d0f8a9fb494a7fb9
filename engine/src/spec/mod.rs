//! One run, as asked for.

mod knobs;
mod run;
mod split;
mod strategy;
mod transport;

pub use knobs::{Knobs, MAX_SKEW_NS};
pub use run::RunSpec;
pub use split::{Chooser, SplitChoice};
pub use strategy::{Cutting, StrategyKind};
pub use transport::Transport;

#[cfg(test)]
mod tests;
