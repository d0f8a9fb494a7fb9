//! Levenberg's and Marquardt's method over the logarithms of constants.

use super::{
    constants::Constant,
    point::{HUBER, Point, Predict, Slopes, gone, slopes_of},
    solve::solve,
};
use crate::{
    machine::Machine,
    validate::{Errors, Row},
};

/// Most steps; each costs a prediction of all rows by constant.
const STEPS: usize = 10;
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

/// Fits `constants` of a machine to the rows that `predict` gives for each of some machines; their order and number must not
/// change from machine to machine. Machines that it is asked for together are independent of each other: that is where nearly all of
/// the time goes, and who predicts can spread them over cores.
///
/// # Errors
/// The first that `predict` returns.
pub fn fit<E>(
    machine: &Machine,
    constants: &[Constant],
    predict: &mut Predict<'_, E>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Calibration, E> {
    let mut here = Point::at(machine.clone(), predict)?;
    let before = Errors::of(&here.rows);
    let mut not_fitted = Vec::new();
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
        let constants: Vec<Constant> = free.iter().map(|(constant, _)| *constant).collect();
        free = constants.iter().copied().zip(slopes_of(&here, &constants, predict)?).collect();
        if gained < 1e-4 * before {
            break;
        }
    }
    let after = Errors::of(&here.rows);
    let fitted = described(&here, machine, &free);
    Ok(Calibration { machine: here.machine, fitted, not_fitted, before, after })
}

/// The constants that some row moves with, and how; why the others are left alone.
fn bearing<E>(
    at: &Point,
    constants: &[Constant],
    predict: &mut Predict<'_, E>,
    not_fitted: &mut Vec<NotFitted>,
) -> Result<Vec<(Constant, Slopes)>, E> {
    let mut there = Vec::new();
    for &constant in constants {
        let why = match constant.of(&at.machine) {
            None => "the machine has none",
            Some(value) if value <= 0.0 => "it is 0: the mechanism is off",
            Some(_) => {
                there.push(constant);
                continue;
            }
        };
        not_fitted.push(NotFitted { constant, why });
    }
    let slopes = slopes_of(at, &there, predict)?;
    let bears = |(_, slopes): &(Constant, Slopes)| slopes.iter().any(|slope| slope.abs() > BEARS);
    let (free, idle): (Vec<_>, Vec<_>) = there.into_iter().zip(slopes).partition(bears);
    let why = "nothing that was measured depends on it";
    not_fitted.extend(idle.into_iter().map(|(constant, _)| NotFitted { constant, why }));
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
    predict: &mut Predict<'_, E>,
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
        let there = Point::at(machine, predict)?;
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
        let rows = |machine: &Machine| {
            let row = |x| Row {
                what: String::new(),
                measured: time(&truth, x),
                predicted: time(machine, x),
                is_layers: true,
            };
            [0.1, 1.0, 3.0, 10.0].map(row).to_vec()
        };
        let mut predict = |machines: &[Machine]| -> Result<_, Infallible> {
            Ok(machines.iter().map(rows).collect())
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
