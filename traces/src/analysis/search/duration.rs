//! Durations as they are typed: `100us`, `1.5ms`, `50µs`.

/// A duration as a fraction of integers, so that a limit is exact: `0.1us` is 100 ns and not a float near it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// Nanoseconds times `den`.
    num: i128,
    den: i128,
}

/// Units, the longer names first: `ms` ends with `s` too.
const UNITS: [(&str, i128); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
];

impl Typed {
    /// Understands a number and its unit; `None` for anything else. Nine digits on each side of the point are enough
    /// for thirty years in nanoseconds.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (number, unit_ns) =
            UNITS.iter().find_map(|(name, ns)| Some((text.strip_suffix(name)?, *ns)))?;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let digits = whole.len() + part.len();
        if digits == 0 || digits > 18 || !is_number(whole) || !is_number(part) {
            return None;
        }
        let num = format!("{whole}{part}").parse::<i128>().ok()? * unit_ns;
        Some(Self { num, den: 10_i128.pow(part.len() as u32) })
    }

    /// The largest whole number of nanoseconds that is not longer.
    pub(super) fn floor_ns(self) -> i64 {
        i64::try_from(self.num.div_euclid(self.den)).unwrap_or(i64::MAX)
    }

    /// The smallest whole number of nanoseconds that is not shorter.
    pub(super) fn ceil_ns(self) -> i64 {
        i64::try_from((self.num + self.den - 1).div_euclid(self.den)).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_exact_and_anything_else_is_refused() {
        let ns = |text: &str| Typed::parse(text).map(|typed| (typed.floor_ns(), typed.ceil_ns()));
        for (text, expected) in [
            ("7ns", (7, 7)),
            ("100us", (100_000, 100_000)),
            ("0.1µs", (100, 100)),
            (".5μs", (500, 500)),
            ("1.5ms", (1_500_000, 1_500_000)),
            ("2s", (2_000_000_000, 2_000_000_000)),
            ("1.5ns", (1, 2)),
            ("1.0005us", (1_000, 1_001)),
        ] {
            assert_eq!(ns(text), Some(expected), "{text}");
        }
        for text in ["", "us", ".us", "100", "1,5ms", "-1ms", "1.2.3s", "1e3ns", "5 ms", "5min"] {
            assert_eq!(ns(text), None, "{text}");
        }
        assert_eq!(ns("999999999999999999s"), Some((i64::MAX, i64::MAX)), "no overflow");
    }
}
