//! Clock fits against clocks whose truth is known.

use proptest::prelude::*;
use weftscope_engine::clock::{ClockFit, ClockPair, FitError};

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
