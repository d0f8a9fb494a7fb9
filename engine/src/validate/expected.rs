//! What a machine file is worth: the error of the layers and iterations that it was held against.

use super::{DataSet, Errors, Part, Row, ValidateError, predicted_by, sets};
use crate::machine::{ExpectedError, Machine};

/// The rows that an expected error is of.
pub struct Judged<'a> {
    /// Whether constants were fitted to them.
    pub part: Part,
    /// Data sets that they are from.
    pub sets: Vec<&'static str>,
    /// Layers and iterations.
    pub rows: Vec<&'a Row>,
}

/// Layers and iterations that were measured on the machine of this name: those that no constant was fitted to, and where
/// there are none the others. `None`: none were.
pub fn judged<'a>(machine: &str, sets: &'a [DataSet]) -> Option<Judged<'a>> {
    let of_part = |part| {
        let mine = |set: &&DataSet| set.machine == machine && set.part == part;
        judged_by(part, sets.iter().filter(mine))
    };
    of_part(Part::Unseen).or_else(|| of_part(Part::Fitted))
}

fn judged_by<'a>(part: Part, sets: impl Iterator<Item = &'a DataSet>) -> Option<Judged<'a>> {
    let mut judged = Judged { part, sets: Vec::new(), rows: Vec::new() };
    for set in sets {
        let before = judged.rows.len();
        judged.rows.extend(set.times_us.iter().filter(|row| row.is_layers));
        if judged.rows.len() > before {
            judged.sets.push(set.name);
        }
    }
    (!judged.rows.is_empty()).then_some(judged)
}

impl Judged<'_> {
    /// As a machine file has it.
    pub fn expected_error(&self) -> Option<ExpectedError> {
        let Errors { count, mean, worst, .. } = Errors::of(self.rows.iter().copied())?;
        let source = format!("engine/data: {}", self.sets.join(", "));
        Some(ExpectedError::new(mean, worst, count, self.part == Part::Fitted, source))
    }
}

/// The error that is to be expected of `machine` after its constants were fitted to the sets of these names: of all that was
/// measured where those were.
///
/// # Errors
/// [`ValidateError`].
pub fn expected_error(
    machine: &Machine,
    fitted_to: &[String],
) -> Result<Option<ExpectedError>, ValidateError> {
    let is_fitted = |name: &str| fitted_to.iter().any(|fitted| fitted == name);
    let measured_on = |set: &&sets::Set| is_fitted(set.name);
    let machines: Vec<&str> = sets::ALL.iter().filter(measured_on).map(|set| set.machine).collect();
    let there = sets::ALL.iter().filter(|set| machines.contains(&set.machine));
    let names: Vec<String> = there.map(|set| set.name.to_owned()).collect();
    let mut sets = predicted_by(machine, &names)?;
    for set in sets.iter_mut().filter(|set| is_fitted(set.name)) {
        set.part = Part::Fitted;
    }
    let unseen = judged_by(Part::Unseen, sets.iter().filter(|set| set.part == Part::Unseen));
    let judged = unseen.or_else(|| judged_by(Part::Fitted, sets.iter()));
    Ok(judged.and_then(|judged| judged.expected_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &'static str, part: Part, rows: &[(f64, bool)]) -> DataSet {
        let row = |&(predicted, is_layers): &(f64, bool)| Row {
            what: String::new(),
            measured: 100.0,
            predicted,
            is_layers,
        };
        DataSet {
            name,
            machine: "m",
            source: "made up",
            part,
            times_us: rows.iter().map(row).collect(),
            speed_ups: vec![],
            rank_correlation: None,
            chosen_cuts_cost: vec![],
        }
    }

    /// By hand: kernels do not count, rows that were fitted to only where there are no others.
    #[test]
    fn layers_that_were_not_fitted_to_count_first() {
        let fitted = set("a", Part::Fitted, &[(101.0, true), (150.0, false)]);
        let unseen = set("b", Part::Unseen, &[(104.0, true), (98.0, true), (10.0, false)]);
        let kernels = set("c", Part::Unseen, &[(10.0, false)]);
        let of = |sets: &[&DataSet]| {
            let sets: Vec<DataSet> = sets.iter().map(|&set| set.clone()).collect();
            judged("m", &sets)?.expected_error()
        };
        let known = of(&[&fitted, &unseen, &kernels]).unwrap();
        assert_eq!((known.layer_pct, known.worst_pct, known.rows), (3.0, 4.0, 2));
        assert_eq!((known.fitted, known.source.as_str()), (false, "engine/data: b"));
        let known = of(&[&fitted, &kernels]).unwrap();
        assert_eq!((known.layer_pct, known.rows, known.fitted), (1.0, 1, true));
        assert_eq!(of(&[&kernels]), None);
        assert!(judged("other", &[fitted]).is_none());
    }
}
