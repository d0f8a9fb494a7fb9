//! Figures in words, in the form that every view has: three significant digits and a unit. This crate knows nothing of traces,
//! whose `words` the views use; a test of the profiler, which knows both, holds the two together.

/// A duration in the largest unit that leaves at least 1: `840 ns`, `12.3 µs`, `276 ms`.
pub fn duration(ns: f64) -> String {
    let ns = ns.round();
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    // From half a unit of the third digit below, a value already rounds up into the larger unit.
    match units.into_iter().find(|(unit, _)| ns.abs() >= unit * 0.9995) {
        Some((unit, name)) => format!("{} {name}", three_digits(ns / unit)),
        None => format!("{ns} ns"),
    }
}

/// A share 0…1 as a percentage: `0 %`, `5.12 %`, `64.4 %`.
pub fn percent(share: f64) -> String {
    if share == 0.0 { "0 %".to_owned() } else { format!("{} %", three_digits(share * 100.0)) }
}

fn three_digits(value: f64) -> String {
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
