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
            Unit::Times => write!(f, "{}×", three_digits(value)),
            Unit::Ns if value >= 1e9 => write!(f, "{} s", three_digits(value * 1e-9)),
            Unit::Ns if value >= 1e6 => write!(f, "{} ms", three_digits(value * 1e-6)),
            Unit::Ns => write!(f, "{} µs", three_digits(value * 1e-3)),
            Unit::TokensPerS => write!(f, "{value:.0} tokens/s"),
            Unit::Number => f.write_str(&three_digits(value)),
        }
    }
}

/// A number with three digits that count, or all before the point.
fn three_digits(value: f64) -> String {
    let before = value.abs().log10().floor().max(-1.0) as i32;
    let behind = usize::try_from(2 - before).unwrap_or(0);
    format!("{value:.behind$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        let text = |value, unit| Figure::new("it", unit, value).text();
        assert_eq!(text(252.29, Unit::Times), "252×");
        assert_eq!(text(1.5, Unit::Times), "1.50×");
        assert_eq!(text(0.125, Unit::Number), "0.125");
        assert_eq!(text(12_748.2e6, Unit::Ns), "12.7 s");
        assert_eq!(text(4.515e6, Unit::Ns), "4.51 ms");
        assert_eq!(text(876_400.0, Unit::Ns), "876 µs");
        assert_eq!(text(0.8784, Unit::Share), "87.8 %");
        assert_eq!(text(0.0, Unit::Number), "0.000");
        assert_eq!(text(f64::NAN, Unit::Number), "unknown");
    }
}
