//! One timeline for the host and every GPU.
//!
//! A GPU's `%globaltimer` and the host's clock differ by an offset and drift apart by tens of parts per million
//! (10–100 ppm between oscillators, i.e. up to 100 ns a millisecond). A [`ClockFit`] maps one onto the other from
//! pairs of readings, and keeps how well it did: that residual is the uncertainty of every time it maps. A [`ClockCurve`] does
//! so over minutes, in which the drift changes.

mod curve;
mod fit;

pub use curve::ClockCurve;
pub use fit::{ClockFit, ClockPair, FitError};
