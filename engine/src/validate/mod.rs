//! Predicted against measured: every data set of the repository (`engine/data`), row by row, those that constants were
//! fitted to apart from those that they were not.

mod data;
mod expected;
mod predicting;
mod runs;
mod sets;

use serde::Serialize;

pub use expected::{Judged, expected_error, judged};
pub use runs::{LAYER, Turn, prefill_us};

use crate::{executor::ExecError, machine::Machine, plan::PlanError};

/// What rows were to the constants of their machine file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Constants were fitted to them.
    Fitted,
    /// No constant was.
    Unseen,
}

/// One figure, both ways.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What it is of, e.g. `8192 tokens, tokenweave`.
    pub what: String,
    /// As measured: µs, or a ratio.
    pub measured: f64,
    /// As the simulator has it, in the same unit.
    pub predicted: f64,
    /// It is the time of whole layers or of an iteration, not of a kernel and no ratio.
    pub is_layers: bool,
}

impl Row {
    /// Predicted over measured, less one.
    pub fn error(&self) -> f64 {
        self.predicted / self.measured - 1.0
    }
}

/// Rows of one source on one machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DataSet {
    /// Name on the command line, that of its file.
    pub name: &'static str,
    /// Machine file that predicts.
    pub machine: &'static str,
    /// What the rows are and where they come from: the file's own first line.
    pub source: &'static str,
    /// Whether constants were fitted to them.
    pub part: Part,
    /// Times, µs.
    pub times_us: Vec<Row>,
    /// How many times as fast a strategy is as `multimem`, where the set has both.
    pub speed_ups: Vec<Row>,
    /// Spearman's rank correlation of predicted and measured, of sets that vary the cut alone.
    pub rank_correlation: Option<f64>,
    /// How much longer what simulation chooses takes than the best that was measured, as a share: a figure a batch, of sets of cuts,
    /// where it is one of theirs.
    pub chosen_cuts_cost: Vec<f64>,
}

/// Errors of rows, as shares of what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Errors {
    /// How many rows.
    pub count: usize,
    /// Mean of the errors without their signs.
    pub mean: f64,
    /// The largest without its sign.
    pub worst: f64,
    /// Mean with signs: positive where predictions are too slow.
    pub bias: f64,
}

impl Errors {
    /// Of these rows; `None` of none.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Option<Self> {
        let errors: Vec<f64> = rows.into_iter().map(Row::error).collect();
        let count = errors.len();
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / count as f64;
        (count > 0).then(|| Self {
            count,
            mean: mean(&mut errors.iter().map(|error| error.abs())),
            worst: errors.iter().map(|error| error.abs()).fold(0.0, f64::max),
            bias: mean(&mut errors.iter().copied()),
        })
    }
}

/// Why a set could not be predicted.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// No such set.
    #[error("no data set is called so, there are {known}: {name}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A row's run has no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A row's run failed.
    #[error(transparent)]
    Run(#[from] ExecError),
}

/// Names of the data sets, in the order of [`validate`].
pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
    sets::ALL.iter().map(|set| set.name)
}

/// Predicts all data sets, or those of these names. Some seconds.
///
/// # Errors
/// [`ValidateError`]: a name that is not known, a run that cannot be planned or fails.
pub fn validate(only: &[String]) -> Result<Vec<DataSet>, ValidateError> {
    wanted(only)?.map(predicting::predicted).collect()
}

/// The same, all predicted by one machine, whichever it is that they were measured on.
///
/// # Errors
/// As [`validate`].
fn predicted_by(machine: &Machine, only: &[String]) -> Result<Vec<DataSet>, ValidateError> {
    wanted(only)?.map(|set| predicting::predicted_by(set, machine)).collect()
}

/// The times alone, of the set of this name: what constants are fitted to.
///
/// # Errors
/// As [`validate`].
pub fn times_by(machine: &Machine, set: &str) -> Result<Vec<Row>, ValidateError> {
    let only = [set.to_owned()];
    let rows: Result<Vec<_>, _> =
        wanted(&only)?.map(|set| predicting::times_by(set, machine)).collect();
    Ok(rows?.concat())
}

/// The sets of these names (none: all), each with the machine that it was measured on.
///
/// # Errors
/// [`ValidateError::Unknown`].
pub fn sets_of(only: &[String]) -> Result<Vec<(&'static str, &'static str)>, ValidateError> {
    Ok(wanted(only)?.map(|set| (set.name, set.machine)).collect())
}

fn wanted(only: &[String]) -> Result<impl Iterator<Item = &'static sets::Set>, ValidateError> {
    if let Some(name) = only.iter().find(|name| !names().any(|known| known == *name)) {
        let known = names().collect::<Vec<_>>().join(", ");
        return Err(ValidateError::Unknown { name: name.clone(), known });
    }
    let is_wanted = |set: &&sets::Set| only.is_empty() || only.iter().any(|name| name == set.name);
    Ok(sets::ALL.iter().filter(is_wanted))
}

/// Spearman's: the correlation of the ranks, ties sharing the mean of theirs. `None` where either side is all the same.
fn rank_correlation(rows: &[Row]) -> Option<f64> {
    let ranks = |of: fn(&Row) -> f64| -> Vec<f64> {
        let below = |value: f64| rows.iter().filter(|row| of(row) < value).count();
        let same = |value: f64| rows.iter().filter(|row| of(row) == value).count();
        let rank = |value| below(value) as f64 + (same(value) as f64 - 1.0) / 2.0;
        rows.iter().map(|row| rank(of(row))).collect()
    };
    let (x, y) = (ranks(|row| row.measured), ranks(|row| row.predicted));
    let middle = (rows.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle)).sum()
    };
    let spread = (product(&x, &x) * product(&y, &y)).sqrt();
    (spread > 0.0).then(|| product(&x, &y) / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(pairs: &[(f64, f64)]) -> Vec<Row> {
        let row = |&(measured, predicted)| Row {
            what: String::new(),
            measured,
            predicted,
            is_layers: false,
        };
        pairs.iter().map(row).collect()
    }

    #[test]
    fn errors_are_shares_of_what_was_measured() {
        let errors = Errors::of(&rows(&[(100.0, 110.0), (200.0, 180.0), (50.0, 50.0)])).unwrap();
        assert_eq!(errors.count, 3);
        assert!((errors.mean - 0.2 / 3.0).abs() < 1e-12 && (errors.worst - 0.1).abs() < 1e-12);
        assert!(errors.bias.abs() < 1e-12);
        assert_eq!(Errors::of(&[]), None);
    }

    /// Figures by hand: ranks 0 1 2 3 against 0 1 3 2, and with a tie 0.5 0.5 2 against 0 1 2.
    #[test]
    fn ranks_correlate_as_spearmans_do() {
        let of = |pairs: &[(f64, f64)]| rank_correlation(&rows(pairs));
        let swapped = of(&[(1.0, 10.0), (2.0, 20.0), (3.0, 40.0), (4.0, 30.0)]).unwrap();
        assert!((swapped - 0.8).abs() < 1e-12, "{swapped}");
        let tied = of(&[(1.0, 1.0), (1.0, 2.0), (2.0, 3.0)]).unwrap();
        assert!((tied - 1.5 / 3.0_f64.sqrt()).abs() < 1e-12, "{tied}");
        assert_eq!(of(&[(1.0, 1.0), (2.0, 1.0)]), None);
        assert_eq!(of(&[(1.0, 2.0), (2.0, 1.0)]), Some(-1.0));
    }

    #[test]
    fn a_name_that_is_not_known_is_answered_with_those_that_are() {
        let error = validate(&["kernels".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("layers_h100x4_shard8") && error.ends_with(": kernels"), "{error}");
    }
}
