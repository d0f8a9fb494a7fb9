//! Clock fits against clocks whose truth is known.

use proptest::prelude::*;
use weftscope_engine::clock::{ClockCurve, ClockFit, ClockPair, FitError};

/// Readings of a device clock that is `offset_ns` behind and drifts, each with an error inside its bracket.
fn readings(offset_ns: i64, drift: f64, errors: &[i64], step_ns: i64) -> Vec<ClockPair> {
    errors
        .iter()
        .enumerate()
        .map(|(i, &error)| {
            let device_ns = 1_000_000_000 + i as i64 * step_ns;
            let since = (i as i64 * step_ns) as f64;
            let truth = device_ns + offset_ns + (since * drift).round() as i64;
            ClockPair { device_ns, host_ns: truth + error, half_width_ns: 100 }
        })
        .collect()
}

proptest! {
    /// A minute of readings each 10 ms with ±100 ns of error finds offset and drift: within 60 ns everywhere.
    #[test]
    fn finds_offset_and_drift(
        offset_ns in -2_000_000_000_000i64..2_000_000_000_000,
        drift in -100e-6f64..100e-6,
        errors in proptest::collection::vec(-100i64..=100, 200..600),
    ) {
        let pairs = readings(offset_ns, drift, &errors, 10_000_000);
        let fit = ClockFit::fit(&pairs).unwrap();
        prop_assert!((fit.drift() - drift).abs() < 1e-6, "{} for {drift}", fit.drift());
        prop_assert!(fit.residual_p99_ns() <= 160);
        for pair in readings(offset_ns, drift, &vec![0; errors.len()], 10_000_000) {
            prop_assert!((fit.host_from_device(pair.device_ns) - pair.host_ns).abs() <= 60);
        }
    }
}

#[test]
fn one_pair_is_an_offset() {
    let fit = ClockFit::fit(&readings(5_000, 0.0, &[0], 1)).unwrap();
    assert_eq!(fit.host_from_device(2_000_000_000), 2_000_005_000);
    assert_eq!((fit.drift(), fit.residual_p99_ns(), fit.num_pairs()), (0.0, 0, 1));
}

#[test]
fn a_wide_bracket_is_left_out() {
    let mut pairs = readings(5_000, 0.0, &[0; 20], 1_000_000);
    pairs[7].host_ns += 80_000;
    pairs[7].half_width_ns = 100_000;
    let fit = ClockFit::fit(&pairs).unwrap();
    assert_eq!((fit.residual_p99_ns(), fit.num_pairs()), (0, 19));
}

#[test]
fn says_what_is_wrong() {
    assert_eq!(ClockFit::fit(&[]), Err(FitError::NoPairs));
    let mut pairs = readings(0, 0.0, &[0; 3], 1_000);
    pairs[2].device_ns -= 5_000;
    assert_eq!(ClockFit::fit(&pairs), Err(FitError::NotMonotonic(4_000)));
}

/// Host time of a device whose oscillator swings by half a part per million within a minute, as one that warms and cools.
fn swinging(device_ns: i64) -> i64 {
    let s = device_ns as f64 / 1e9;
    let turn = std::f64::consts::TAU / 60.0;
    let gain_s = 20e-6 * s + 0.5e-6 / turn * (1.0 - (turn * s).cos());
    device_ns + 7_000_000_000 + (gain_s * 1e9).round() as i64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Five minutes of readings each half second, with ±100 ns of error: where a line is wrong by microseconds, the curve is
    /// right to what the readings are.
    #[test]
    fn a_curve_follows_a_clock_whose_drift_changes(
        errors in proptest::collection::vec(-100i64..=100, 4800),
    ) {
        let pairs: Vec<ClockPair> = (0..)
            .zip(&errors)
            .map(|(at, error): (i64, _)| {
                // Eight readings each time, as the library takes them.
                let device_ns = at / 8 * 500_000_000 + at % 8 * 20_000;
                ClockPair { device_ns, host_ns: swinging(device_ns) + error, half_width_ns: 100 }
            })
            .collect();
        let (line, curve) = (ClockFit::fit(&pairs).unwrap(), ClockCurve::fit(&pairs).unwrap());
        let times = || (0..300_000).map(|ms| ms * 1_000_000);
        let wrong = |map: &dyn Fn(i64) -> i64| {
            times().map(|at_ns| (map(at_ns) - swinging(at_ns)).abs()).max().unwrap_or(0)
        };
        prop_assert!(wrong(&|at_ns| line.host_from_device(at_ns)) > 2_000);
        let most_ns = wrong(&|at_ns| curve.host_from_device(at_ns));
        prop_assert!(most_ns < 200, "{most_ns}");
        prop_assert!(curve.residual_p99_ns() < 200 && line.residual_p99_ns() > 2_000);
        prop_assert_eq!(curve.num_pairs(), 4800);
        // A clock never goes back.
        let mapped: Vec<i64> = times().map(|at_ns| curve.host_from_device(at_ns)).collect();
        prop_assert!(mapped.is_sorted());
    }
}

#[test]
fn a_short_curve_is_a_line_and_one_with_a_hole_bridges_it() {
    let short = readings(5_000, 30e-6, &[0; 70], 100_000_000);
    let (line, curve) = (ClockFit::fit(&short).unwrap(), ClockCurve::fit(&short).unwrap());
    for at_ns in (0..20).map(|s| s * 1_000_000_000) {
        assert_eq!(curve.host_from_device(at_ns), line.host_from_device(at_ns));
    }
    assert_eq!(ClockCurve::fit(&[]), Err(FitError::NoPairs));
    // Nothing is read for a minute.
    let mut holed = readings(5_000, 30e-6, &[0; 1000], 100_000_000);
    holed.retain(|pair| !(20_000_000_000..80_000_000_000).contains(&pair.device_ns));
    let curve = ClockCurve::fit(&holed).unwrap();
    for pair in readings(5_000, 30e-6, &[0; 1000], 100_000_000) {
        assert!((curve.host_from_device(pair.device_ns) - pair.host_ns).abs() <= 2);
    }
}
