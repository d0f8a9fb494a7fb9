//! Tests of the simulated machine over whole plans.

mod calibration;
mod experts;
mod measured;
mod mechanisms;
mod properties;
mod stragglers;
pub(crate) mod support;
mod tiles;
