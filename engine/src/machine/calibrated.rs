//! That the constants of a machine file are those of the GPUs at hand, and since when.

use serde::{Deserialize, Serialize};

/// What the constants of a machine file mean to the simulator. Rises when a file that was fitted before would predict something
/// else by it than what it was fitted to.
pub const MODEL_VERSION: u32 = 5;

/// A machine file was fitted to the GPUs that it describes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibrated {
    /// Day, as `2026-11-29`.
    pub on: String,
    /// [`MODEL_VERSION`] of the program that fitted it.
    pub model_version: u32,
}
