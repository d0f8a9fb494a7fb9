//! Figures in words: three significant digits and a unit. The one place where durations and ratios get their form.

/// A duration in the largest unit that leaves at least 1: `840 ns`, `12.3 µs`, `-3.20 ms`.
pub fn duration(ns: i64) -> String {
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    let size = ns.unsigned_abs() as f64;
    // From half a unit of the third digit below, a value already rounds up into the larger unit.
    match units.into_iter().find(|(unit, _)| size >= unit * 0.9995) {
        Some((unit, name)) => format!("{} {name}", three_digits(ns as f64 / unit)),
        None => format!("{ns} ns"),
    }
}

/// A ratio as a percentage, without decimals from 10 % on.
pub fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    if percent.abs() < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// How many times: `1.24×`.
pub fn times(ratio: f64) -> String {
    format!("{}×", three_digits(ratio))
}

/// A finite `value` with three significant digits and no exponent: `1.23`, `12.3`, `123`, `1230`.
pub fn three_digits(value: f64) -> String {
    let size = value.abs();
    // Limits sit where rounding to the next form would make a fourth digit (9.996 → 10.0).
    if size < 9.995 {
        format!("{value:.2}")
    } else if size < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_significant_digits_and_a_unit() {
        let shown: Vec<String> =
            [0, 840, 999, 1_000, 12_345, 999_499, 999_600, -3_200_000, 1_234_000_000]
                .map(duration)
                .into();
        let expected = [
            "0 ns", "840 ns", "999 ns", "1.00 µs", "12.3 µs", "999 µs", "1.00 ms", "-3.20 ms",
            "1.23 s",
        ];
        assert_eq!(shown, expected);
        assert_eq!([percent(0.643_6), percent(0.0512)], ["64 %", "5.1 %"]);
        assert_eq!(times(1.236), "1.24×");
    }
}
