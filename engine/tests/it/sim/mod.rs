//! Tests of the simulated machine over whole plans.

mod calibration;
mod measured;
mod properties;
mod support;
