//! Numbers as the window writes them: three significant digits and a unit, in a width that does not change.
//!
//! `*_fixed` pads on the left to the widest form, so that in the monospace face digits stay where they are
//! while a run is live.

use weftscope_traces::words::{self, three_digits};

/// `value` with three significant digits and no exponent: `1.23`, `12.3`, `123`, `1230`; `–` when not finite.
pub fn three(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    three_digits(value)
}

/// A scaled number and its unit.
fn scaled(value: f64, steps: &[(f64, &'static str)]) -> (String, &'static str) {
    let size = value.abs();
    let mut chosen = steps[0];
    for &step in steps {
        // 0.9995 of a unit already rounds to 1.00 of it.
        if size >= 0.9995 * step.0 {
            chosen = step;
        }
    }
    (or_zero(value / chosen.0), chosen.1)
}

/// [`three`], but nothing is `0`.
fn or_zero(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { three(value) }
}

/// A duration: `812 ns`, `1.23 µs`, `45.6 ms`, `7.89 s`. Whole nanoseconds stay whole.
pub fn duration_ns(ns: i64) -> String {
    words::duration(ns)
}

/// [`duration_ns`] padded to eight characters.
pub fn duration_fixed(ns: i64) -> String {
    let (number, unit) = match duration_ns(ns).split_once(' ') {
        Some((number, unit)) => (number.to_owned(), unit.to_owned()),
        None => (String::new(), String::new()),
    };
    format!("{number:>5} {unit:<2}")
}

/// A share 0…1 as percent: `64.4 %`; `–` when not finite.
pub fn percent(share: f64) -> String {
    if share.is_finite() { words::percent(share) } else { "–".to_owned() }
}

/// [`percent`] padded to seven characters.
pub fn percent_fixed(share: f64) -> String {
    format!("{:>7}", percent(share))
}

/// A rate of bytes: `3.35 TB/s`, `412 GB/s` (decimal units, as data sheets use).
pub fn bandwidth(bytes_per_s: f64) -> String {
    let (number, unit) = scaled(
        bytes_per_s,
        &[(1.0, "B/s"), (1e3, "kB/s"), (1e6, "MB/s"), (1e9, "GB/s"), (1e12, "TB/s")],
    );
    format!("{number} {unit}")
}

/// A counter's value in the unit it was recorded in, rescaled where that keeps three digits.
pub fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "GB/s" => bandwidth(value * 1e9),
        "B/s" => bandwidth(value),
        "B" => bytes(value),
        "ns" => duration_ns(value as i64),
        _ => format!("{} {unit}", or_zero(value)),
    }
}

/// A rate of floating-point operations: `812 TFLOP/s`.
pub fn flop_rate(flop_per_s: f64) -> String {
    let (number, unit) = scaled(
        flop_per_s,
        &[(1.0, "FLOP/s"), (1e9, "GFLOP/s"), (1e12, "TFLOP/s"), (1e15, "PFLOP/s")],
    );
    format!("{number} {unit}")
}

/// An amount of bytes: `134 MB`.
pub fn bytes(bytes: f64) -> String {
    let (number, unit) =
        scaled(bytes, &[(1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB"), (1e12, "TB")]);
    format!("{number} {unit}")
}

/// A ratio: `1.26×`; `–` when not finite.
pub fn ratio(value: f64) -> String {
    if value.is_finite() { words::times(value) } else { "–".to_owned() }
}

/// A count and its noun: `1 token`, `8 192 tokens`.
pub fn counted(value: u64, noun: &str) -> String {
    format!("{} {}", count(value), words::plural(value, noun))
}

/// A count with its thousands set apart by a thin space: `8 192`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(digit);
    }
    out
}

/// Durations on an axis, `step_ns` apart: three digits each where those tell them apart, else as many as do.
pub fn duration_on_axis(ns: i64, step_ns: i64) -> String {
    let digit_ns = match ns.unsigned_abs() {
        0 => 1,
        size => 10_i64.pow(size.ilog10().saturating_sub(2)),
    };
    if step_ns >= digit_ns { duration_ns(ns) } else { time_at(ns, step_ns) }
}

/// A point in time as the ruler and the cursor write it, with digits enough to tell `step_ns` apart:
/// `1.2345 ms` at a step of 100 ns.
pub fn time_at(ns: i64, step_ns: i64) -> String {
    let size = ns.unsigned_abs().max(step_ns.unsigned_abs());
    let (unit_ns, unit) = match size {
        0..1_000 => (1_i64, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let mut decimals = 0;
    let mut step = unit_ns;
    while step > step_ns.max(1) && decimals < 9 {
        step /= 10;
        decimals += 1;
    }
    // Integer arithmetic: an f64 would print 0.30000000000000004 ms sooner or later.
    let whole = ns.abs() / unit_ns;
    let fraction = ns.abs() % unit_ns;
    let sign = if ns < 0 { "-" } else { "" };
    if decimals == 0 {
        return format!("{sign}{whole} {unit}");
    }
    let fraction = fraction / (unit_ns / 10_i64.pow(decimals as u32)).max(1);
    format!("{sign}{whole}.{fraction:0decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_never_four() {
        let cases = [
            (0, "0 ns"),
            (812, "812 ns"),
            (-812, "-812 ns"),
            (1_000, "1.00 µs"),
            (9_996, "10.0 µs"),
            (99_960, "100 µs"),
            (999_400, "999 µs"),
            (999_600, "1.00 ms"),
            (45_600_000, "45.6 ms"),
            (7_890_000_000, "7.89 s"),
        ];
        for (ns, want) in cases {
            assert_eq!(duration_ns(ns), want, "{ns}");
        }
    }

    #[test]
    fn fixed_forms_keep_their_width() {
        for ns in [0, 7, 999, 1_000, 12_345, 999_999, 1_234_567, 59_000_000_000] {
            assert_eq!(duration_fixed(ns).chars().count(), 8, "{ns}");
        }
        for share in [0.0, 0.001, 0.0999, 0.5, 0.99999, 1.0] {
            assert_eq!(percent_fixed(share).chars().count(), 7, "{share}");
        }
    }

    #[test]
    fn durations_on_an_axis_are_told_apart() {
        assert_eq!(duration_on_axis(2_980_000, 200_000), "2.98 ms");
        assert_eq!(duration_on_axis(2_981_500, 500), "2.9815 ms");
        assert_eq!([0, 7, 230].map(|ns| duration_on_axis(ns, 1)), ["0 ns", "7 ns", "230 ns"]);
        assert_eq!(duration_on_axis(88_430, 20), "88.43 µs");
    }

    #[test]
    fn rates_choose_their_unit() {
        assert_eq!(bandwidth(3.35e12), "3.35 TB/s");
        assert_eq!(bandwidth(412e9), "412 GB/s");
        assert_eq!(with_unit(2991.0, "GB/s"), "2.99 TB/s");
        assert_eq!(with_unit(45.31, "%"), "45.3 %");
        assert_eq!(["GB/s", "%", "B"].map(|unit| with_unit(0.0, unit)), ["0 B/s", "0 %", "0 B"]);
        assert_eq!(flop_rate(812e12), "812 TFLOP/s");
        assert_eq!(bytes(134_217_728.0), "134 MB");
        assert_eq!(percent(0.6436), "64.4 %");
        assert_eq!(ratio(1.263), "1.26×");
        assert_eq!(count(8192), "8\u{2009}192");
        assert_eq!(count(12), "12");
        assert_eq!([1, 2000].map(|n| counted(n, "token")), ["1 token", "2\u{2009}000 tokens"]);
        assert_eq!(three(f64::NAN), "–");
    }

    #[test]
    fn points_in_time_show_the_step() {
        assert_eq!(time_at(1_234_500, 100), "1.2345 ms");
        assert_eq!(time_at(1_200_000, 100_000), "1.2 ms");
        assert_eq!(time_at(300, 100), "300 ns");
        assert_eq!(time_at(-2_500, 500), "-2.5 µs");
        assert_eq!(time_at(0, 1_000_000), "0 ms");
    }
}
