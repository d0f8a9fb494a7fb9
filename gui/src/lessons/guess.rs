//! What a student says, and whether it is right.

use weftscope_engine::spec::{Cutting, RunSpec, SplitChoice};

use super::{
    place::Place,
    predict::{Choice, Predict, Within},
    value::{Asked, Unit, Value},
};
use crate::theme::number;

/// A prediction.
#[derive(Clone, Debug, PartialEq)]
pub enum Guess {
    /// A number.
    Number(Value),
    /// The choice at this place of the list.
    Choice(usize),
    /// Places in the list of runs, least first.
    Order(Vec<usize>),
    /// A point on the timeline.
    Place(Point),
    /// Knobs as they were turned.
    Setting(Box<RunSpec>),
}

/// A point on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Whose row it is on; `None`: on none of a rank.
    pub rank: Option<u32>,
    /// Time since the start of the run, ns.
    pub time_ns: i64,
}

/// What the simulator says to what was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A number.
    Number(Value),
    /// The one choice that holds.
    Choice(usize),
    /// Places in the list of runs with what they are ordered by, least first.
    Order(Vec<(usize, Value)>),
    /// Where it is, from the start of the run.
    Places {
        /// The stretches.
        places: Vec<Place>,
        /// How far beside them still counts, ns.
        margin_ns: i64,
    },
    /// Whether what is to hold does so with the knobs as they were turned; `None` before they are.
    Setting(Option<bool>),
}

/// Runs this close to each other may stand either way.
const ALIKE: f64 = 0.005;

impl Answer {
    /// Whether a guess is right.
    pub fn accepts(&self, guess: &Guess, predict: &Predict) -> bool {
        match (self, guess) {
            (Self::Number(truth), Guess::Number(guess)) => {
                let Predict::Number { within, asked, .. } = predict else { return false };
                let margin = margin(*truth, *within, asked);
                // A hair more for what typing rounds.
                (guess.number - truth.number).abs() <= margin * (1.0 + 1e-9) + 1e-12
            }
            (Self::Choice(truth), Guess::Choice(guess)) => truth == guess,
            (Self::Order(truth), Guess::Order(guess)) => is_ordered(truth, guess),
            (Self::Places { places, margin_ns }, Guess::Place(point)) => {
                places.iter().any(|place| {
                    let reach = place.span.start_ns - margin_ns..=place.span.end_ns + margin_ns;
                    point.rank == Some(place.rank) && reach.contains(&point.time_ns)
                })
            }
            // It is the truth of these very knobs.
            (Self::Setting(holds), Guess::Setting(_)) => *holds == Some(true),
            _ => false,
        }
    }
}

/// How far a guess may be from the truth, in what values are kept in.
pub fn margin(truth: Value, within: Within, asked: &Asked) -> f64 {
    match within {
        Within::Part(part) => part * truth.number.abs(),
        Within::Absolute(amount) => amount * asked.scale(truth.unit).unwrap_or(0.0),
    }
}

fn is_ordered(truth: &[(usize, Value)], guess: &[usize]) -> bool {
    let value = |at: usize| truth.iter().find(|(run, _)| *run == at).map(|(_, value)| value.number);
    let is_right = |pair: &[usize]| match (value(pair[0]), value(pair[1])) {
        (Some(first), Some(second)) => first <= second + ALIKE * second.abs(),
        _ => false,
    };
    guess.len() == truth.len() && guess.windows(2).all(is_right)
}

impl Guess {
    /// In words.
    pub fn words(&self, predict: &Predict) -> String {
        match (self, predict) {
            (Self::Number(value), Predict::Number { asked, .. }) => asked.words(*value),
            (Self::Choice(at), Predict::Choice(choices)) => choice(*at, choices),
            (Self::Order(order), Predict::Order { runs, .. }) => {
                let names: Vec<&str> = order.iter().map(|&at| runs[at].as_str()).collect();
                names.join(" < ")
            }
            (Self::Place(point), _) => {
                let time = Value { number: point.time_ns as f64, unit: Unit::Time }.words();
                let rank = point.rank.map_or_else(String::new, |rank| format!("rank {rank} "));
                format!("{rank}at {time}")
            }
            (Self::Setting(spec), _) => knobs(spec),
            _ => String::new(),
        }
    }
}

impl Answer {
    /// In words.
    pub fn words(&self, predict: &Predict) -> String {
        match (self, predict) {
            (Self::Number(value), Predict::Number { asked, .. }) => asked.words(*value),
            (Self::Choice(at), Predict::Choice(choices)) => choice(*at, choices),
            (Self::Order(order), Predict::Order { runs, .. }) => {
                let one = |(at, value): &(usize, Value)| format!("{} {}", runs[*at], value.words());
                order.iter().map(one).collect::<Vec<_>>().join(" < ")
            }
            (Self::Places { places, .. }, _) => match places.first() {
                Some(first) => {
                    let [from, to] = [first.span.start_ns, first.span.end_ns]
                        .map(|ns| Value { number: ns as f64, unit: Unit::Time }.words());
                    let more = match places.len() {
                        1 => String::new(),
                        more => format!(", and {} more", more - 1),
                    };
                    format!("rank {} from {from} to {to}{more}", first.rank)
                }
                None => "nowhere".to_owned(),
            },
            (Self::Setting(holds), Predict::Setting(goal)) => match holds {
                Some(true) => format!("reached: {}", goal.text),
                Some(false) => format!("not reached: {}", goal.text),
                None => goal.text.clone(),
            },
            _ => String::new(),
        }
    }
}

/// The knobs that lessons leave to students: `tokenweave cut after 512 of 1 536 tokens, 8 and 4 CTAs`.
pub fn knobs(spec: &RunSpec) -> String {
    let knobs = &spec.knobs;
    let cut = match (knobs.strategy.cutting(), knobs.split) {
        (Cutting::Never, _) => "uncut".to_owned(),
        (Cutting::AtHalf, _) => "cut at half".to_owned(),
        (_, SplitChoice::Fixed(first)) => format!("cut after {}", number::count(first.into())),
        (_, SplitChoice::Auto(chooser)) => format!("cut by {}", chooser.name()),
    };
    let tokens = number::counted(spec.batch.tokens().into(), "token");
    let ctas = [knobs.attn_ctas, knobs.mlp_ctas]
        .map(|ctas| ctas.map_or_else(|| "auto".to_owned(), |ctas| ctas.to_string()));
    format!("{}, {cut}, of {tokens}; CTAs {} and {}", knobs.strategy.name(), ctas[0], ctas[1])
}

fn choice(at: usize, choices: &[Choice]) -> String {
    choices.get(at).map_or_else(String::new, |choice| format!("{}. {}", at + 1, choice.words))
}

#[cfg(test)]
mod tests {
    use weftscope_traces::Span;

    use super::*;
    use crate::lessons::expression::Expression;

    fn asked_for(within: Within) -> Predict {
        let of = Expression::parse("iteration(after)").expect("an expression");
        Predict::Number { of, asked: Asked { word: "µs".to_owned() }, unit: Unit::Time, within }
    }

    #[test]
    fn a_number_may_be_off_by_so_much_and_no_more() {
        let truth = Answer::Number(Value::time_ns(100_000));
        let accepts = |us: f64, within| {
            truth.accepts(
                &Guess::Number(Value { number: us * 1e3, unit: Unit::Time }),
                &asked_for(within),
            )
        };
        assert!(accepts(110.0, Within::Part(0.1)) && accepts(90.0, Within::Part(0.1)));
        assert!(!accepts(110.1, Within::Part(0.1)) && !accepts(89.9, Within::Part(0.1)));
        assert!(accepts(105.0, Within::Absolute(5.0)) && !accepts(105.1, Within::Absolute(5.0)));
    }

    #[test]
    fn orders_are_right_either_way_only_where_runs_are_alike() {
        let value = |ns| Value::time_ns(ns);
        let truth = Answer::Order(vec![(2, value(1_000)), (0, value(2_000)), (1, value(2_004))]);
        let predict = asked_for(Within::Part(0.0));
        let accepts = |order: [usize; 3]| truth.accepts(&Guess::Order(order.into()), &predict);
        assert!(accepts([2, 0, 1]) && accepts([2, 1, 0]));
        assert!(!accepts([0, 2, 1]) && !accepts([0, 1, 2]));
        assert!(!truth.accepts(&Guess::Order(vec![2, 0]), &predict));
    }

    #[test]
    fn a_point_counts_on_its_rank_and_in_its_stretch() {
        let places = vec![Place { rank: 1, span: Span::new(100, 200) }];
        let truth = Answer::Places { places, margin_ns: 10 };
        let predict = asked_for(Within::Part(0.0));
        let accepts = |rank, time_ns| {
            truth.accepts(&Guess::Place(Point { rank: Some(rank), time_ns }), &predict)
        };
        assert!(accepts(1, 90) && accepts(1, 210));
        assert!(!accepts(1, 89) && !accepts(1, 211) && !accepts(0, 150));
    }
}
