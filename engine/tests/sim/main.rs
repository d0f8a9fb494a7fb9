//! Tests of the simulated machine over whole plans.

mod calibration;
mod properties;
mod support;
