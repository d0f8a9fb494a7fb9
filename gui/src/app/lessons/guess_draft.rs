use weftscope_engine::spec::RunSpec;

use crate::lessons::{Guess, Point, Predict};

/// A prediction while it is made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GuessDraft {
    /// A number as typed.
    pub typed: String,
    /// The sentence chosen.
    pub choice: Option<usize>,
    /// Runs in the order they stand in.
    pub order: Vec<usize>,
    /// The point clicked on, and what lies there.
    pub point: Option<(Point, String)>,
    /// The knobs, once they are turned.
    pub setting: Option<Box<RunSpec>>,
}

impl GuessDraft {
    /// A draft for a question.
    pub fn of(predict: &Predict) -> Self {
        let order = match predict {
            Predict::Order { runs, .. } => (0..runs.len()).collect(),
            _ => Vec::new(),
        };
        Self { order, ..Self::default() }
    }

    /// The prediction.
    ///
    /// # Errors
    /// What is missing.
    pub fn guess(&self, predict: &Predict) -> Result<Guess, String> {
        match predict {
            Predict::Number { asked, unit, .. } => {
                // Some write a comma, some the unit too.
                let typed = self.typed.trim().trim_end_matches(asked.word.as_str()).trim();
                if typed.is_empty() {
                    return Err("Type a number".to_owned());
                }
                let number: Option<f64> = typed.replace(',', ".").parse().ok();
                let number = number.filter(|number| number.is_finite());
                let value = number.and_then(|number| asked.value(number, *unit));
                value.map(Guess::Number).ok_or_else(|| format!("{typed:?} is not a number"))
            }
            Predict::Choice(_) => {
                self.choice.map(Guess::Choice).ok_or_else(|| "Choose one".to_owned())
            }
            Predict::Order { .. } => Ok(Guess::Order(self.order.clone())),
            Predict::Setting(_) => {
                let setting = self.setting.clone().map(Guess::Setting);
                setting.ok_or_else(|| "Turn the knobs".to_owned())
            }
            Predict::Place(_) => {
                let point = self.point.as_ref().map(|(point, _)| Guess::Place(*point));
                point.ok_or_else(|| "Point at something in the timeline".to_owned())
            }
        }
    }

    /// Moves a run by one place.
    pub(super) fn move_run(&mut self, at: usize, by: i32) {
        let to = at.saturating_add_signed(by.signum() as isize);
        if at < self.order.len() && to < self.order.len() {
            self.order.swap(at, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lessons::{Asked, Expression, Unit, Value, Within};

    #[test]
    fn numbers_are_typed_as_people_type_them() {
        let of = Expression::parse("iteration(after)").expect("an expression");
        let asked = Asked { word: "ms".to_owned() };
        let predict = Predict::Number { of, asked, unit: Unit::Time, within: Within::Part(0.1) };
        let guess = |typed: &str| {
            GuessDraft { typed: typed.to_owned(), ..GuessDraft::default() }.guess(&predict)
        };
        for typed in ["2.5", " 2,5 ", "2.5 ms", "2.5ms"] {
            assert_eq!(guess(typed), Ok(Guess::Number(Value::time_ns(2_500_000))), "{typed}");
        }
        assert_eq!(guess("  "), Err("Type a number".to_owned()));
        assert!(guess("two").is_err_and(|error| error.contains("not a number")));
        assert!(guess("inf").is_err());
    }
}
