//! Levenberg's and Marquardt's method over the logarithms of constants.

use super::{constants::Constant, solve::solve};
use crate::{
    machine::Machine,
    validate::{Errors, Row},
};

/// Most steps; each costs a prediction of all rows by constant.
const STEPS: usize = 10;
/// A constant is looked at by this much more of it.
const PROBE: f64 = 0.02;
/// Rows with larger errors (of the logarithm) count by their first power only: what the model does not have must not
/// bend what it has.
const HUBER: f64 = 0.05;
/// Before anything is measured a constant is believed to lie within a factor of two of what it was: 1 / ln² 2, in squares of
/// what rows are good to. It keeps constants that rows cannot tell apart where they were.
const BELIEF: f64 = 2.0;
/// What rows are good to at most, as a share.
const NOISE: f64 = 0.04;
/// A constant moves no prediction of these rows if it moves none by this share of its own change.
const BEARS: f64 = 1e-3;
/// No constant goes further from where it began than by this factor.
const RANGE: f64 = 8.0;

/// What a calibration came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// The machine with the new constants.
    pub machine: Machine,
    /// Constants that the rows determine.
    pub fitted: Vec<Fitted>,
    /// Those that they do not, as they were.
    pub not_fitted: Vec<NotFitted>,
    /// Errors of the rows by the machine as it was.
    pub before: Option<Errors>,
    /// And by the new one.
    pub after: Option<Errors>,
}

/// A constant and how well the rows determine it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// Which.
    pub constant: Constant,
    /// Its value as it was.
    pub before: f64,
    /// Its value now.
    pub after: f64,
    /// Standard error as a share of the value, from the residuals and how much they move with it.
    pub uncertainty: f64,
    /// Rows that move with it.
    pub rows: usize,
    /// Errors of those rows by the new machine.
    pub errors: Option<Errors>,
}

/// A constant left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFitted {
    /// Which.
    pub constant: Constant,
    /// Why.
    pub why: &'static str,
}

/// How far a calibration is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Most steps.
    pub of: usize,
    /// Mean error of the rows now, as a share.
    pub mean_error: f64,
}

/// Fits `constants` of a machine to the rows that `predict` gives for a machine; their order and number must not change
/// with it.
///
/// # Errors
/// The first that `predict` returns.
pub fn fit<E>(
    machine: &Machine,
    constants: &[Constant],
    predict: &mut dyn FnMut(&Machine) -> Result<Vec<Row>, E>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Calibration, E> {
    let rows = predict(machine)?;
    let before = Errors::of(&rows);
    let (mut here, mut not_fitted) = (Point { machine: machine.clone(), rows }, Vec::new());
    let mut free = bearing(&here, constants, predict, &mut not_fitted)?;
    let first: Vec<f64> =
        free.iter().map(|(constant, _)| constant.of(machine).unwrap_or(1.0)).collect();
    let mut damping = 1e-2;
    for step in 0..STEPS {
        let (mut gradient, mut curvature) = normal_equations(&here, &free);
        let belief = here.belief();
        for (index, gone) in gone(&here.machine, &free, &first).enumerate() {
            gradient[index] += belief * gone;
            curvature[index][index] += belief;
        }
        let moved =
            step_from(&here, &free, &first, (&gradient, &curvature), &mut damping, predict)?;
        let mean_error = Errors::of(&moved.as_ref().unwrap_or(&here).rows).map_or(0.0, |e| e.mean);
        progress(Progress { step: step + 1, of: STEPS, mean_error });
        let Some(there) = moved else { break };
        let before = here.cost(&free, &first, belief);
        let gained = before - there.cost(&free, &first, belief);
        here = there;
        for (constant, slopes) in &mut free {
            *slopes = slopes_of(&here, constant, predict)?;
        }
        if gained < 1e-4 * before {
            break;
        }
    }
    let after = Errors::of(&here.rows);
    let fitted = described(&here, machine, &free);
    Ok(Calibration { machine: here.machine, fitted, not_fitted, before, after })
}

/// A machine and what it predicts.
struct Point {
    machine: Machine,
    rows: Vec<Row>,
}

impl Point {
    fn residuals(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().map(|row| (row.predicted / row.measured).ln())
    }

    /// Huber's, and how far the constants have gone from where they began.
    fn cost(&self, free: &[(Constant, Slopes)], first: &[f64], belief: f64) -> f64 {
        let gone: f64 = gone(&self.machine, free, first).map(|gone| belief * gone * gone).sum();
        gone + self.misfit()
    }

    /// What a constant's distance from its beginning counts for beside rows with such residuals.
    fn belief(&self) -> f64 {
        BELIEF * (self.misfit() / self.rows.len().max(1) as f64).min(NOISE * NOISE)
    }

    fn misfit(&self) -> f64 {
        let of = |residual: f64| {
            let size = residual.abs();
            if size <= HUBER { size * size } else { HUBER * (2.0 * size - HUBER) }
        };
        self.residuals().map(of).sum()
    }
}

/// Logarithms of constants over those of the beginning.
fn gone<'a>(
    machine: &'a Machine,
    free: &'a [(Constant, Slopes)],
    first: &'a [f64],
) -> impl Iterator<Item = f64> + 'a {
    let now = free.iter().map(|(constant, _)| constant.of(machine).unwrap_or(1.0));
    now.zip(first).map(|(now, first)| (now / first).ln())
}

/// d ln(predicted) / d ln(constant), row by row.
type Slopes = Vec<f64>;

fn slopes_of<E>(
    at: &Point,
    constant: &Constant,
    predict: &mut dyn FnMut(&Machine) -> Result<Vec<Row>, E>,
) -> Result<Slopes, E> {
    let value = constant.of(&at.machine).unwrap_or(0.0);
    let probed = predict(&constant.set(&at.machine, value * (1.0 + PROBE)))?;
    let slope =
        |(probed, row): (&Row, &Row)| (probed.predicted / row.predicted).ln() / PROBE.ln_1p();
    Ok(probed.iter().zip(&at.rows).map(slope).collect())
}

/// The constants that some row moves with, and how; why the others are left alone.
fn bearing<E>(
    at: &Point,
    constants: &[Constant],
    predict: &mut dyn FnMut(&Machine) -> Result<Vec<Row>, E>,
    not_fitted: &mut Vec<NotFitted>,
) -> Result<Vec<(Constant, Slopes)>, E> {
    let mut free = Vec::new();
    for &constant in constants {
        let why = match constant.of(&at.machine) {
            None => "the machine has none",
            Some(value) if value <= 0.0 => "it is 0: the mechanism is off",
            Some(_) => {
                let slopes = slopes_of(at, &constant, predict)?;
                if slopes.iter().any(|slope| slope.abs() > BEARS) {
                    free.push((constant, slopes));
                    continue;
                }
                "nothing that was measured depends on it"
            }
        };
        not_fitted.push(NotFitted { constant, why });
    }
    Ok(free)
}

/// Jᵀ·W·r and Jᵀ·W·J.
fn normal_equations(at: &Point, free: &[(Constant, Slopes)]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let residuals: Vec<f64> = at.residuals().collect();
    let weights: Vec<f64> =
        residuals.iter().map(|residual| (HUBER / residual.abs()).min(1.0)).collect();
    let product = |a: &[f64], b: &[f64]| -> f64 {
        a.iter().zip(b).zip(&weights).map(|((a, b), weight)| a * b * weight).sum()
    };
    let gradient = free.iter().map(|(_, slopes)| product(slopes, &residuals)).collect();
    let curvature = free
        .iter()
        .map(|(_, one)| free.iter().map(|(_, other)| product(one, other)).collect())
        .collect();
    (gradient, curvature)
}

/// A better point, or none however small the step is made.
fn step_from<E>(
    here: &Point,
    free: &[(Constant, Slopes)],
    first: &[f64],
    (gradient, curvature): (&[f64], &[Vec<f64>]),
    damping: &mut f64,
    predict: &mut dyn FnMut(&Machine) -> Result<Vec<Row>, E>,
) -> Result<Option<Point>, E> {
    let belief = here.belief();
    for _ in 0..6 {
        let mut damped = curvature.to_vec();
        for (index, row) in damped.iter_mut().enumerate() {
            row[index] += *damping * row[index] + 1e-9;
        }
        let Some(step) = solve(&damped, gradient) else {
            *damping *= 10.0;
            continue;
        };
        let mut machine = here.machine.clone();
        for (((constant, _), step), first) in free.iter().zip(&step).zip(first) {
            let value = constant.of(&machine).unwrap_or(*first);
            let next = value * (-step.clamp(-0.5, 0.5)).exp();
            machine = constant.set(&machine, next.clamp(first / RANGE, first * RANGE));
        }
        let rows = predict(&machine)?;
        let there = Point { machine, rows };
        if there.cost(free, first, belief) < here.cost(free, first, belief) {
            *damping = (*damping / 5.0).max(1e-6);
            return Ok(Some(there));
        }
        *damping *= 10.0;
    }
    Ok(None)
}

fn described(at: &Point, was: &Machine, free: &[(Constant, Slopes)]) -> Vec<Fitted> {
    let (_, curvature) = normal_equations(at, free);
    let spread = at.misfit() / (at.rows.len().saturating_sub(free.len()).max(1)) as f64;
    free.iter()
        .enumerate()
        .map(|(index, (constant, slopes))| {
            let unit: Vec<f64> =
                (0..free.len()).map(|other| f64::from(u8::from(other == index))).collect();
            let variance = solve(&curvature, &unit).map_or(f64::INFINITY, |column| column[index]);
            let moved: Vec<&Row> = at
                .rows
                .iter()
                .zip(slopes)
                .filter(|(_, slope)| slope.abs() > 0.02)
                .map(|(row, _)| row)
                .collect();
            Fitted {
                constant: *constant,
                before: constant.of(was).unwrap_or(0.0),
                after: constant.of(&at.machine).unwrap_or(0.0),
                uncertainty: (variance * spread).sqrt(),
                rows: moved.len(),
                errors: Errors::of(moved),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::{calibrate::constant, machine::builtin};

    /// Rows of `a · x + b` with known `a` and `b`, which the fit has to find again.
    #[test]
    fn constants_that_made_the_rows_are_found_again() {
        let machine = builtin("h200x2").unwrap();
        let (fixed, gap) =
            (constant("kernels.gemm_fixed_ns").unwrap(), constant("host.kernel_gap_ns").unwrap());
        let untouched = constant("collectives.setup_ns").unwrap();
        let time =
            |machine: &Machine, x: f64| x * fixed.of(machine).unwrap() + gap.of(machine).unwrap();
        let truth = gap.set(&fixed.set(&machine, 900.0), 300.0);
        let mut predict = |machine: &Machine| -> Result<Vec<Row>, Infallible> {
            let xs = [0.1, 1.0, 3.0, 10.0];
            let row = |x| Row {
                what: String::new(),
                measured: time(&truth, x),
                predicted: time(machine, x),
                is_layers: true,
            };
            Ok(xs.map(row).to_vec())
        };
        let Ok(calibration) = fit(&machine, &[fixed, gap, untouched], &mut predict, &mut |_| {});
        let found: Vec<f64> = calibration.fitted.iter().map(|fitted| fitted.after).collect();
        assert!((found[0] / 900.0 - 1.0).abs() < 1e-2, "{found:?}");
        assert!((found[1] / 300.0 - 1.0).abs() < 1e-2, "{found:?}");
        assert!(calibration.after.unwrap().worst < 5e-3, "{calibration:?}");
        assert_eq!(calibration.not_fitted[0].constant, untouched);
        assert_eq!(untouched.of(&calibration.machine), untouched.of(&machine));
    }
}
