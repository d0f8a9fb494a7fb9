//! Numbers of lessons: what is asked, guessed and filled into a text, each with what it counts.

use crate::theme::number;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// A part of a whole, 0…1, shown in percent.
    Share,
    /// How many times as much.
    Times,
    /// Whole things: waves, SMs, ranks.
    Count,
    /// 1 where something holds, 0 where it does not.
    Holds,
}

impl Unit {
    /// As sentences name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "a time",
            Self::Share => "a share",
            Self::Times => "a ratio",
            Self::Count => "a count",
            Self::Holds => "a condition",
        }
    }
}

/// A number of a simulated run, or made of several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    /// In ns, 0…1 or plain, by the unit.
    pub number: f64,
    /// What it counts.
    pub unit: Unit,
}

impl Value {
    /// A time, ns.
    pub fn time_ns(ns: i64) -> Self {
        Self { number: ns as f64, unit: Unit::Time }
    }

    /// A share, 0…1.
    pub fn share(share: f64) -> Self {
        Self { number: share, unit: Unit::Share }
    }

    /// A ratio.
    pub fn times(times: f64) -> Self {
        Self { number: times, unit: Unit::Times }
    }

    /// A count.
    pub fn count(count: impl Into<f64>) -> Self {
        Self { number: count.into(), unit: Unit::Count }
    }

    /// Whether something holds.
    pub fn holds(holds: bool) -> Self {
        Self { number: f64::from(u8::from(holds)), unit: Unit::Holds }
    }

    /// As the window writes numbers: three digits and a unit.
    pub fn words(self) -> String {
        match self.unit {
            Unit::Time => number::duration_ns(self.number.round() as i64),
            Unit::Share => number::percent(self.number),
            Unit::Times => number::ratio(self.number),
            Unit::Count if self.number.fract() == 0.0 && self.number >= 0.0 => {
                number::count(self.number as u64)
            }
            Unit::Count => number::three(self.number),
            Unit::Holds => if self.number > 0.0 { "yes" } else { "no" }.to_owned(),
        }
    }
}

/// What a student types a number in: `µs`, `%`, `waves`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// As it stands behind the field.
    pub word: String,
}

impl Asked {
    /// A typed number as a value of `unit`; `None` where this cannot be one.
    pub fn value(&self, number: f64, unit: Unit) -> Option<Value> {
        self.scale(unit).map(|scale| Value { number: number * scale, unit })
    }

    /// One of it, in what values of `unit` are kept in; `None` where it cannot be one.
    pub fn scale(&self, unit: Unit) -> Option<f64> {
        match (unit, self.word.as_str()) {
            (Unit::Time, "ns") => Some(1.0),
            (Unit::Time, "µs") => Some(1e3),
            (Unit::Time, "ms") => Some(1e6),
            (Unit::Share, "%") => Some(0.01),
            (Unit::Times, "×") => Some(1.0),
            (Unit::Count, word) => (!["ns", "µs", "ms", "%", "×"].contains(&word)).then_some(1.0),
            _ => None,
        }
    }

    /// A value in it, with its name: `7 waves`, `2.31 ms`.
    pub fn words(&self, value: Value) -> String {
        match value.unit {
            Unit::Count => format!("{} {}", value.words(), self.word),
            _ => value.words(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_of_the_unit_that_is_asked_for() {
        let asked = |word: &str| Asked { word: word.to_owned() };
        assert_eq!(asked("µs").value(2.5, Unit::Time), Some(Value::time_ns(2_500)));
        assert_eq!(asked("%").value(64.0, Unit::Share), Some(Value::share(0.64)));
        assert_eq!(asked("waves").value(7.0, Unit::Count), Some(Value::count(7)));
        assert_eq!(asked("%").value(64.0, Unit::Time), None);
        assert_eq!(asked("µs").value(64.0, Unit::Count), None);
        assert_eq!(asked("waves").words(Value::count(7)), "7 waves");
        assert_eq!(asked("ms").words(Value::time_ns(2_310_000)), "2.31 ms");
    }
}
