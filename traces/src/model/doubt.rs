//! How far predicted times are off, as far as that is known.

use serde::{Deserialize, Serialize};

/// The error that is to be expected of predicted layers and iterations: what predictions by the same machine file were off
/// where there were measurements.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExpectedError {
    /// Mean of the errors without their signs, % of what was measured.
    pub percent: f64,
    /// The largest without its sign.
    pub worst_percent: f64,
    /// How many measured layers and iterations it is over.
    pub rows: u32,
    /// The machine file was fitted to these very rows: others may be further off.
    pub is_fitted: bool,
    /// What the rows are of.
    pub source: String,
}

/// What stands beside a predicted time: its expected error, or that nobody knows it. Measured times have none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Doubt<'a>(pub Option<&'a ExpectedError>);

impl<'a> Doubt<'a> {
    /// `± 2.6 %`; `± ?` where it is not known.
    pub fn sign(self) -> String {
        self.0.map_or_else(|| "± ?".to_owned(), |error| format!("± {:.1} %", error.percent))
    }

    /// Where the figure comes from.
    pub fn sentence(self) -> String {
        let Some(ExpectedError { percent, worst_percent, rows, is_fitted, source }) = self.0 else {
            return "Predicted times have an unknown error: nothing that was measured on this machine has been held against \
                    them."
                .to_owned();
        };
        let rows = match rows {
            1 => "one measured layer or iteration".to_owned(),
            rows => format!("{rows} measured layers and iterations"),
        };
        let whose = if *is_fitted {
            "that the machine file was fitted to, so others may be further off"
        } else {
            "that no constant was fitted to"
        };
        format!(
            "Predicted times are off by {percent:.1} % on average and {worst_percent:.1} % at worst: over {rows} {whose} \
             ({source})."
        )
    }

    /// The expected error as a share.
    pub fn share(self) -> Option<f64> {
        self.0.map(|error| error.percent / 100.0)
    }

    /// Whether two predicted times differ by less than the error that is to be expected of either; false where none is known.
    pub fn covers(self, one_ns: i64, other_ns: i64) -> bool {
        let larger = one_ns.max(other_ns) as f64;
        self.share().is_some_and(|share| (one_ns.abs_diff(other_ns) as f64) < share * larger)
    }

    /// What to make of such a difference.
    pub fn covered(self) -> String {
        format!(
            "The difference is smaller than the error to be expected of predicted times ({}).",
            self.sign()
        )
    }

    /// Of the two the larger, not known where one is not.
    pub fn or_larger(self, other: Self) -> Self {
        let larger = |one: &'a ExpectedError, other: &'a ExpectedError| {
            if other.percent > one.percent { other } else { one }
        };
        Self(self.0.zip(other.0).map(|(one, other)| larger(one, other)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(percent: f64, is_fitted: bool) -> ExpectedError {
        ExpectedError {
            percent,
            worst_percent: 2.0 * percent,
            rows: 21,
            is_fitted,
            source: "table".to_owned(),
        }
    }

    #[test]
    fn what_is_not_known_is_not_nothing() {
        let unknown = Doubt(None);
        assert_eq!((unknown.sign().as_str(), unknown.share()), ("± ?", None));
        assert!(unknown.sentence().contains("unknown error"), "{}", unknown.sentence());
        assert!(!unknown.covers(100, 100));
        let (small, large) = (error(1.0, false), error(3.0, true));
        let (small, large) = (Doubt(Some(&small)), Doubt(Some(&large)));
        assert_eq!((small.or_larger(large), large.or_larger(small)), (large, large));
        assert_eq!((small.or_larger(unknown), unknown.or_larger(small)), (unknown, unknown));
    }

    #[test]
    fn differences_within_the_error_are_covered() {
        let error = error(2.5, false);
        let doubt = Doubt(Some(&error));
        assert!(doubt.covers(976, 1000) && doubt.covers(1000, 976) && doubt.covers(5, 5));
        assert!(!doubt.covers(974, 1000));
    }

    #[test]
    fn the_sentence_says_what_was_fitted() {
        let (fitted, unseen) = (error(1.2, true), error(2.6, false));
        assert_eq!(
            Doubt(Some(&fitted)).sentence(),
            "Predicted times are off by 1.2 % on average and 2.4 % at worst: over 21 measured layers and iterations that the \
             machine file was fitted to, so others may be further off (table)."
        );
        assert_eq!(
            Doubt(Some(&unseen)).sentence(),
            "Predicted times are off by 2.6 % on average and 5.2 % at worst: over 21 measured layers and iterations that no \
             constant was fitted to (table)."
        );
    }
}
