//! How a number of the panel is computed: a formula, and its inputs in this recording.
//!
//! The answer is worked out from the inputs that are shown, by the formula that is shown; the tests hold that it is the number
//! in the row.

mod formula;
mod popup;
mod rank;
mod rows;

use crate::theme::number;

pub(super) use popup::{HINT, popup_ui};
pub(super) use rank::*;
pub(super) use rows::*;

/// How an amount is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Nanoseconds.
    Ns,
    /// A share 0…1, as percent.
    Percent,
    /// How many times.
    Ratio,
    /// So many.
    Count,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    Bandwidth,
    /// TFLOP/s.
    Tflops,
    /// Floating-point operations.
    Flop,
}

impl Form {
    /// As the panel writes it.
    pub(super) fn short(self, value: f64) -> String {
        match self {
            Self::Ns => number::duration_ns(value.round() as i64),
            Self::Percent => number::percent(value),
            Self::Ratio => number::ratio(value),
            Self::Count => number::count(value.round().max(0.0) as u64),
            Self::Bytes => number::bytes(value),
            Self::Bandwidth => number::bandwidth(value),
            Self::Tflops => number::three(value),
            Self::Flop => format!("{} FLOP", number::three(value)),
        }
    }

    /// To the last digit, so that who computes it again gets the same.
    pub(super) fn exact(self, value: f64) -> String {
        let whole = |value: f64| {
            let digits = number::count(value.abs().round() as u64);
            if value < 0.0 { format!("-{digits}") } else { digits }
        };
        match self {
            Self::Ns if value.fract() == 0.0 => format!("{} ns", whole(value)),
            Self::Ns => format!("{value:.1} ns"),
            Self::Percent => format!("{value:.6}"),
            Self::Ratio => format!("{value:.6}"),
            Self::Count => whole(value),
            Self::Bytes => format!("{} B", whole(value)),
            Self::Bandwidth => format!("{} B/s", whole(value)),
            Self::Tflops => format!("{value:.6} TFLOP/s"),
            Self::Flop => format!("{} FLOP", whole(value)),
        }
    }
}

/// One number's formula with its inputs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct How {
    /// The number's name.
    pub(super) what: String,
    /// Names of inputs, numbers and `+ − × ÷ ( )`, also `ceil( )`, and `whole( )`, which leaves off what is behind the point.
    pub(super) formula: String,
    /// Names, and how much of it is in this recording.
    pub(super) inputs: Vec<Input>,
    form: Form,
}

/// One input.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) value: f64,
    form: Form,
}

impl Input {
    /// To the last digit.
    pub(super) fn exact(&self) -> String {
        self.form.exact(self.value)
    }
}

impl How {
    pub(super) fn new(what: impl Into<String>, form: Form, formula: impl Into<String>) -> Self {
        Self { what: what.into(), formula: formula.into(), inputs: Vec::new(), form }
    }

    /// With an input.
    pub(super) fn with(mut self, name: impl Into<String>, form: Form, value: f64) -> Self {
        self.inputs.push(Input { name: name.into(), value, form });
        self
    }

    /// With a time.
    pub(super) fn ns(self, name: impl Into<String>, ns: i64) -> Self {
        self.with(name, Form::Ns, ns as f64)
    }

    /// With a number of things.
    pub(super) fn count(self, name: impl Into<String>, count: usize) -> Self {
        self.with(name, Form::Count, count as f64)
    }

    /// What comes out; `None` where the formula does not fit its inputs, or nothing finite does.
    pub(super) fn result(&self) -> Option<f64> {
        let value = formula::evaluate(&self.formula, &|name| {
            self.inputs.iter().find(|input| input.name == name).map(|input| input.value)
        });
        value.filter(|value| value.is_finite())
    }

    /// The same as the row writes it; `–` where there is nothing.
    pub(super) fn answer(&self) -> String {
        self.result().map_or_else(|| "–".to_owned(), |value| self.form.short(value))
    }

    /// A part over a whole.
    pub(super) fn share(what: &str, part: (&str, i64), whole: (&str, i64)) -> Self {
        let formula = format!("{} ÷ {}", part.0, whole.0);
        Self::new(what, Form::Percent, formula).ns(part.0, part.1).ns(whole.0, whole.1)
    }

    /// From a start to an end, counted from some zero.
    pub(super) fn span(what: &str, span: weftscope_traces::Span, zero_ns: i64) -> Self {
        Self::new(what, Form::Ns, "end − start")
            .ns("end", span.end_ns - zero_ns)
            .ns("start", span.start_ns - zero_ns)
    }

    /// The middle of some times; of an even number the mean of the two in the middle, rounded towards the lower.
    pub(super) fn median(what: &str, mut values: Vec<i64>) -> Option<Self> {
        values.sort_unstable();
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        let how = |formula: &str| Self::new(what, Form::Ns, formula);
        let of = format!(
            "the middle of {} values, least {} and most {}",
            values.len(),
            number::duration_ns(values[0]),
            number::duration_ns(values[values.len() - 1])
        );
        Some(if values.len() % 2 == 1 {
            how(&of).ns(of.clone(), upper)
        } else {
            let (low, high) = (format!("lower of {of}"), "upper".to_owned());
            how(&format!("whole(({low} + {high}) ÷ 2)")).ns(low, values[middle - 1]).ns(high, upper)
        })
    }
}

/// What comes out of each.
#[cfg(test)]
pub(super) fn answers(hows: &[How]) -> Vec<String> {
    hows.iter().map(How::answer).collect()
}
