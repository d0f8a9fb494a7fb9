//! Tests of the simulated machine over whole plans.

mod properties;
mod support;
