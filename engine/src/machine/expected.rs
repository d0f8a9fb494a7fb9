//! How far what a machine file predicts is to be expected from what is measured.

use serde::{Deserialize, Serialize};

/// Error of whole layers and iterations, as far as measurements tell. A machine that nothing was held against has none:
/// not known is not 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedError {
    /// Mean of the errors without their signs, % of what was measured, to a tenth.
    pub layer_pct: f64,
    /// The largest without its sign, likewise.
    pub worst_pct: f64,
    /// How many layers and iterations it is over.
    pub rows: u32,
    /// Constants were fitted to these very rows: others may be further off.
    #[serde(default)]
    pub fitted: bool,
    /// What the rows are of.
    pub source: String,
}

impl ExpectedError {
    /// From errors as shares. To a tenth of a percent, since a machine file holds it beside what is printed; never 0, which
    /// no prediction is.
    pub fn new(mean: f64, worst: f64, rows: usize, fitted: bool, source: String) -> Self {
        let tenths = |share: f64| ((1e3 * share).round() / 10.0).max(0.1);
        Self {
            layer_pct: tenths(mean),
            worst_pct: tenths(worst),
            rows: u32::try_from(rows).unwrap_or(u32::MAX),
            fitted,
            source,
        }
    }
}
