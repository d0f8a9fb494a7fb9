use std::fmt;

/// A number that a run shows, beside what was published of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What it is, e.g. `communication hidden`.
    pub name: &'static str,
    /// In what.
    pub unit: Unit,
    /// What the simulated runs show; `None`: not to be had from them.
    pub ours: Option<f64>,
    /// What was published for these very knobs, or of the best case, in words; `None`: nothing.
    pub published: Option<&'static str>,
}

/// Unit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share of 1, shown as %.
    Share,
    /// How many times as fast, or as many.
    Times,
    /// Nanoseconds, shown as ms.
    Ns,
    /// Tokens a second.
    TokensPerS,
    /// A plain number.
    Number,
}

impl Figure {
    /// Without anything published.
    pub fn new(name: &'static str, unit: Unit, ours: f64) -> Self {
        Self { name, unit, ours: ours.is_finite().then_some(ours), published: None }
    }

    /// The same beside what was published.
    #[must_use]
    pub fn beside(self, published: impl Into<Option<&'static str>>) -> Self {
        Self { published: published.into(), ..self }
    }

    /// What the runs show, in words.
    pub fn text(&self) -> String {
        self.ours.map_or_else(|| "unknown".to_owned(), |value| Words(value, self.unit).to_string())
    }
}

struct Words(f64, Unit);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, unit) = *self;
        match unit {
            Unit::Share => write!(f, "{:.1} %", 100.0 * value),
            Unit::Times => write!(f, "{value:.2}×"),
            Unit::Ns => write!(f, "{:.3} ms", value * 1e-6),
            Unit::TokensPerS => write!(f, "{value:.0} tokens/s"),
            Unit::Number if value.abs() < 1.0 => write!(f, "{value:.3}"),
            Unit::Number => write!(f, "{value:.2}"),
        }
    }
}
