//! What really happens: the runs of a step, asked.

use std::sync::Arc;

use weftscope_engine::spec::RunSpec;

use super::{
    expression::{Call, Expression},
    facts::Facts,
    guess::Answer,
    lesson::{BEFORE, IT, RECORDING, Step, YOURS},
    place::{Place, PlaceRule},
    predict::Predict,
    quantity::quantity,
    template::Template,
    value::Value,
};

/// The runs of a step, and what they say to its question.
pub struct Truth {
    runs: Vec<(String, Arc<Facts>)>,
    /// What they say.
    pub answer: Answer,
}

/// Runs that were simulated already: steps of a lesson share some.
#[derive(Default)]
pub struct Simulated {
    known: Vec<(RunSpec, Arc<Facts>)>,
}

impl Simulated {
    /// The facts of a run, simulated unless that was done before.
    ///
    /// # Errors
    /// As [`Facts::simulated`].
    pub fn facts(
        &mut self,
        spec: &RunSpec,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Arc<Facts>, String> {
        if let Some((_, facts)) = self.known.iter().find(|(known, _)| known == spec) {
            return Ok(Arc::clone(facts));
        }
        let facts = Arc::new(Facts::simulated(spec, is_stopped)?);
        self.known.push((spec.clone(), Arc::clone(&facts)));
        Ok(facts)
    }

    /// Takes in a run that was simulated elsewhere.
    pub(crate) fn know(&mut self, spec: &RunSpec, facts: Facts) {
        self.known.push((spec.clone(), Arc::new(facts)));
    }
}

/// Share of a run that a point may lie beside what it should be on: what a pointer hits.
const BESIDE: f64 = 0.004;

impl Truth {
    /// Simulates the runs of a step, or takes the recording, and asks them; `yours` are the knobs as a student turned them.
    ///
    /// # Errors
    /// What cannot be run, what is not known, or choices of which not exactly one holds.
    pub fn of(
        step: &Step,
        recording: Option<Arc<Facts>>,
        yours: Option<&RunSpec>,
        simulated: &mut Simulated,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Self, String> {
        let mut runs: Vec<(String, Arc<Facts>)> = Vec::new();
        runs.extend(recording.map(|facts| (RECORDING.to_owned(), facts)));
        for run in &step.runs {
            let facts = simulated.facts(&run.spec, is_stopped);
            runs.push((run.name.clone(), facts.map_err(|cause| format!("{}: {cause}", run.name))?));
        }
        if let Some(spec) = yours {
            runs.push((YOURS.to_owned(), simulated.facts(spec, is_stopped)?));
        }
        let mut truth = Self { runs, answer: Answer::Choice(usize::MAX) };
        truth.answer = truth.asked(&step.predict)?;
        Ok(truth)
    }

    /// The facts of a run by its name.
    pub fn facts(&self, name: &str) -> Option<&Arc<Facts>> {
        self.runs.iter().find(|(run, _)| run == name).map(|(_, facts)| facts)
    }

    /// A text with its quantities filled in.
    ///
    /// # Errors
    /// A quantity that is not known.
    pub fn filled(&self, template: &Template) -> Result<String, String> {
        template.filled(&|call| self.quantity(call, None))
    }

    fn value(&self, expression: &Expression, it: Option<&str>) -> Result<Value, String> {
        expression.value(&|call| self.quantity(call, it))
    }

    fn quantity(&self, call: &Call, it: Option<&str>) -> Result<Value, String> {
        let Call { name, arguments } = call;
        let (run, arguments) = arguments.split_last().ok_or("no run is named")?;
        let run = it.filter(|_| run == IT).unwrap_or(run);
        let facts = self.facts(run).ok_or_else(|| format!("there is no run {run:?}"))?;
        let quantity = quantity(name).ok_or_else(|| format!("there is no quantity {name:?}"))?;
        (quantity.of)(facts, arguments).map_err(|cause| format!("of the run {run:?}: {cause}"))
    }

    fn asked(&self, predict: &Predict) -> Result<Answer, String> {
        match predict {
            Predict::Number { of, unit, .. } => {
                let value = self.value(of, None)?;
                if value.unit != *unit {
                    let [found, asked] = [value.unit, *unit].map(super::value::Unit::name);
                    return Err(format!("predict.in: it is {found}, typed as {asked}"));
                }
                Ok(Answer::Number(value))
            }
            Predict::Choice(choices) => {
                let mut hold = Vec::new();
                for (at, choice) in choices.iter().enumerate() {
                    if self.value(&choice.when, None)? == Value::holds(true) {
                        hold.push(at);
                    }
                }
                match hold[..] {
                    [one] => Ok(Answer::Choice(one)),
                    _ => Err(format!(
                        "{} of {} choices hold, and exactly one must",
                        hold.len(),
                        choices.len()
                    )),
                }
            }
            Predict::Order { runs, by } => {
                let value = |(at, run): (usize, &String)| Ok((at, self.value(by, Some(run))?));
                let mut order: Vec<(usize, Value)> =
                    runs.iter().enumerate().map(value).collect::<Result<_, String>>()?;
                order.sort_by(|(_, one), (_, other)| one.number.total_cmp(&other.number));
                Ok(Answer::Order(order))
            }
            Predict::Place(rule) => self.places(rule),
            Predict::Setting(_) if self.facts(YOURS).is_none() => Ok(Answer::Setting(None)),
            Predict::Setting(goal) => {
                let holds = self.value(goal, None)? == Value::holds(true);
                Ok(Answer::Setting(Some(holds)))
            }
        }
    }

    fn places(&self, rule: &PlaceRule) -> Result<Answer, String> {
        let shown =
            self.facts(RECORDING).or_else(|| self.facts(BEFORE)).ok_or("nothing is shown")?;
        let whole = shown.trace.span();
        let places = rule.find(shown)?.into_iter();
        let from_start = |place: Place| {
            let span = place.span.shifted(-whole.start_ns);
            Place { span, ..place }
        };
        let margin_ns = (BESIDE * whole.len_ns() as f64) as i64;
        Ok(Answer::Places { places: places.map(from_start).collect(), margin_ns })
    }
}
