//! Constants of a machine file from what was measured.
//!
//! A calibration changes the numbers of a machine until what the simulator says of runs is nearest to what they took. It
//! knows the numbers by their keys in the machine file, and knows nothing of what they mean: which of them a set of runs
//! determines comes out of how the predictions move with each.

mod constants;
mod fit;
mod point;
mod solve;

pub use constants::{CONSTANTS, Constant, constant};
pub use fit::{Calibration, Fitted, NotFitted, Progress, fit};
