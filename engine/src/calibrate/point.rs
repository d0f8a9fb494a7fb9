//! Where a fit stands: a machine, what it predicts, what that is worth, and how it moves with constants.

use super::constants::Constant;
use crate::{machine::Machine, validate::Row};

/// A constant is looked at by this much more of it.
const PROBE: f64 = 0.02;
/// Rows with larger errors (of the logarithm) count by their first power only: what the model does not have must not
/// bend what it has.
pub(super) const HUBER: f64 = 0.05;
/// Before anything is measured a constant is believed to lie within a factor of two of what it was: 1 / ln² 2, in squares of
/// what rows are good to. It keeps constants that rows cannot tell apart where they were.
const BELIEF: f64 = 2.0;
/// What rows are good to at most, as a share.
const NOISE: f64 = 0.04;

/// Rows of each of some machines.
pub(super) type Predict<'a, E> = dyn FnMut(&[Machine]) -> Result<Vec<Vec<Row>>, E> + 'a;

/// A machine and what it predicts.
pub(super) struct Point {
    pub(super) machine: Machine,
    pub(super) rows: Vec<Row>,
}

impl Point {
    /// That of this machine.
    pub(super) fn at<E>(machine: Machine, predict: &mut Predict<'_, E>) -> Result<Self, E> {
        let rows = predict(std::slice::from_ref(&machine))?.remove(0);
        Ok(Self { machine, rows })
    }

    /// Logarithms of predicted over measured.
    pub(super) fn residuals(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().map(|row| (row.predicted / row.measured).ln())
    }

    /// Huber's, and how far the constants have gone from where they began.
    pub(super) fn cost(&self, free: &[(Constant, Slopes)], first: &[f64], belief: f64) -> f64 {
        let gone: f64 = gone(&self.machine, free, first).map(|gone| belief * gone * gone).sum();
        gone + self.misfit()
    }

    /// What a constant's distance from its beginning counts for beside rows with such residuals.
    pub(super) fn belief(&self) -> f64 {
        BELIEF * (self.misfit() / self.rows.len().max(1) as f64).min(NOISE * NOISE)
    }

    /// Huber's sum over the rows.
    pub(super) fn misfit(&self) -> f64 {
        let of = |residual: f64| {
            let size = residual.abs();
            if size <= HUBER { size * size } else { HUBER * (2.0 * size - HUBER) }
        };
        self.residuals().map(of).sum()
    }
}

/// Logarithms of constants over those of the beginning.
pub(super) fn gone<'a>(
    machine: &'a Machine,
    free: &'a [(Constant, Slopes)],
    first: &'a [f64],
) -> impl Iterator<Item = f64> + 'a {
    let now = free.iter().map(|(constant, _)| constant.of(machine).unwrap_or(1.0));
    now.zip(first).map(|(now, first)| (now / first).ln())
}

/// d ln(predicted) / d ln(constant), row by row.
pub(super) type Slopes = Vec<f64>;

/// Those of each constant.
pub(super) fn slopes_of<E>(
    at: &Point,
    constants: &[Constant],
    predict: &mut Predict<'_, E>,
) -> Result<Vec<Slopes>, E> {
    let probe = |constant: &Constant| {
        let value = constant.of(&at.machine).unwrap_or(0.0);
        constant.set(&at.machine, value * (1.0 + PROBE))
    };
    let probed = predict(&constants.iter().map(probe).collect::<Vec<_>>())?;
    let slope =
        |(probed, row): (&Row, &Row)| (probed.predicted / row.predicted).ln() / PROBE.ln_1p();
    Ok(probed.iter().map(|rows| rows.iter().zip(&at.rows).map(slope).collect()).collect())
}
