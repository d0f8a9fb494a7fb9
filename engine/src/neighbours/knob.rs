//! What may be turned of a neighbour, and what it is set to: numbers, or names of choices, as texts on the command line and in files.

use std::fmt;

use thiserror::Error;

/// What may be turned of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knob {
    /// Name, as in `--set tokens=8192`.
    pub name: &'static str,
    /// Unit of its number, e.g. `tokens`; empty: a pure number or a choice.
    pub unit: &'static str,
    /// What it may be.
    pub range: Range,
    /// What it is at first; of a choice its place.
    pub default: f64,
    /// What it does, in a sentence.
    pub help: &'static str,
}

/// Values of a knob.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Whole numbers.
    Whole {
        /// Least.
        least: u32,
        /// Most.
        most: u32,
    },
    /// Any number between two.
    Real {
        /// Least.
        least: f64,
        /// Most.
        most: f64,
    },
    /// One of these.
    Choice(&'static [&'static str]),
}

/// Knobs of a neighbour, set.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    neighbour: &'static str,
    knobs: &'static [Knob],
    /// By knob.
    values: Vec<f64>,
}

/// Why a knob was not set.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SettingError {
    /// There is no such knob.
    #[error("{neighbour} has no knob {name}; it has {}", known.join(", "))]
    Unknown {
        /// Of whom.
        neighbour: &'static str,
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: Vec<&'static str>,
    },
    /// It cannot be this.
    #[error("{name} is {value}; it must be {range}")]
    Value {
        /// The knob.
        name: &'static str,
        /// What was given.
        value: String,
        /// What it may be, in words.
        range: String,
    },
}

impl Settings {
    /// All knobs of a neighbour as at first.
    pub(super) fn at_first(neighbour: &'static str, knobs: &'static [Knob]) -> Self {
        let values = knobs.iter().map(|knob| knob.default).collect();
        Self { neighbour, knobs, values }
    }

    /// The name of the neighbour whose they are.
    pub fn of(&self) -> &'static str {
        self.neighbour
    }

    /// Every knob with what it is set to.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Knob, f64)> {
        self.knobs.iter().zip(self.values.iter().copied())
    }

    /// Every knob's name with what it is set to, as [`set`](Self::set) takes it.
    pub fn texts(&self) -> Vec<(String, String)> {
        let text = |(knob, value): (&Knob, f64)| (knob.name.to_owned(), knob.range.text(value));
        self.iter().map(text).collect()
    }

    /// Sets a knob to what a text says: a number, or the name of a choice.
    ///
    /// # Errors
    /// [`SettingError`]: no such knob, or a value beyond its range.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), SettingError> {
        let Some(at) = self.knobs.iter().position(|knob| knob.name == name) else {
            let known = self.knobs.iter().map(|knob| knob.name).collect();
            let neighbour = self.neighbour;
            return Err(SettingError::Unknown { neighbour, name: name.to_owned(), known });
        };
        let Knob { name, range, .. } = self.knobs[at];
        let refuse =
            || SettingError::Value { name, value: text.to_owned(), range: range.to_string() };
        self.values[at] = range.parse(text).ok_or_else(refuse)?;
        Ok(())
    }

    /// A number. The knob must be one of the neighbour's, which a test of the table holds.
    pub fn real(&self, name: &str) -> f64 {
        let at = self.knobs.iter().position(|knob| knob.name == name);
        at.map_or(f64::NAN, |at| self.values[at])
    }

    /// A whole number.
    pub fn whole(&self, name: &str) -> u32 {
        self.real(name) as u32
    }

    /// The name of what is chosen.
    pub fn choice(&self, name: &str) -> &'static str {
        let at = self.whole(name) as usize;
        let knob = self.knobs.iter().find(|knob| knob.name == name);
        match knob.map(|knob| knob.range) {
            Some(Range::Choice(choices)) => choices.get(at).copied().unwrap_or_default(),
            _ => "",
        }
    }
}

impl Range {
    /// The value that a text means; `None` of one that is none of them.
    pub fn parse(&self, text: &str) -> Option<f64> {
        match *self {
            Self::Choice(choices) => {
                choices.iter().position(|choice| *choice == text).map(|at| at as f64)
            }
            Self::Whole { least, most } => {
                let value: u32 = text.parse().ok()?;
                (least..=most).contains(&value).then(|| f64::from(value))
            }
            Self::Real { least, most } => {
                let value: f64 = text.parse().ok()?;
                (least..=most).contains(&value).then_some(value)
            }
        }
    }

    /// A value in words, as [`parse`](Self::parse) takes it.
    pub fn text(&self, value: f64) -> String {
        match *self {
            Self::Choice(choices) => {
                choices.get(value as usize).copied().unwrap_or_default().to_owned()
            }
            Self::Whole { .. } | Self::Real { .. } => value.to_string(),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { least, most } => write!(f, "{least} to {most}"),
            Self::Real { least, most } => write!(f, "{least} to {most}"),
            Self::Choice(choices) => f.write_str(&choices.join(", ")),
        }
    }
}
