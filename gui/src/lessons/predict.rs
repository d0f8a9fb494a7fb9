use super::{
    expression::Expression,
    place::PlaceRule,
    value::{Asked, Unit},
};

/// What a student predicts.
#[derive(Clone, Debug)]
pub enum Predict {
    /// A number.
    Number {
        /// Which.
        of: Expression,
        /// What it is typed in.
        asked: Asked,
        /// What it is: known from the expression and from what it is typed in.
        unit: Unit,
        /// How far off it may be.
        within: Within,
    },
    /// One of several sentences.
    Choice(Vec<Choice>),
    /// Runs in order, least first.
    Order {
        /// Names of the runs, as they are first shown.
        runs: Vec<String>,
        /// What they are ordered by.
        by: Expression,
    },
    /// A point on the timeline.
    Place(&'static PlaceRule),
    /// Knobs with which something holds: the student turns them, and the run is called `yours`.
    Setting(Expression),
}

/// How far off a number may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Within {
    /// So much, in what it is typed in.
    Absolute(f64),
    /// Such a part of the truth, 0…1.
    Part(f64),
}

/// A sentence to be chosen, and when it is true.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The sentence.
    pub words: String,
    /// When it is true.
    pub when: Expression,
}
