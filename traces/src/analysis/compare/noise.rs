//! How much two medians may differ by chance, told by the iterations themselves.

use serde::{Deserialize, Serialize};

/// What the iterations' own spread says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Iterations of each.
    pub iterations: [usize; 2],
    /// A change of the median iteration up to this is chance, ns; `None` where one has a single measured iteration.
    pub gate_ns: Option<f64>,
}

/// Standard deviation of a normal distribution by its median absolute deviation.
const SIGMA_BY_MAD: f64 = 1.4826;
/// Standard error of a median by that of a mean, of a normal distribution: √(π/2).
const MEDIAN_BY_MEAN: f64 = 1.2533;
/// Standard errors that chance reaches once in 370 times.
const REACH: f64 = 3.0;
/// Of so few iterations their whole range stands for the deviation.
const FEW: usize = 5;

impl Noise {
    /// Of the lengths of both; `exact` where no clock made them, and one iteration is like any other.
    pub(super) fn of(lengths_ns: [&[f64]; 2], exact: bool) -> Self {
        let iterations = lengths_ns.map(<[f64]>::len);
        let errors = lengths_ns.map(error_ns);
        let gate_ns = match errors {
            [Some(a), Some(b)] => Some(REACH * a.hypot(b)),
            _ if exact => Some(0.0),
            _ => None,
        };
        Self { iterations, gate_ns }
    }
}

/// Standard error of the median; `None` of fewer than two.
fn error_ns(lengths_ns: &[f64]) -> Option<f64> {
    let count = lengths_ns.len();
    if count < 2 {
        return None;
    }
    let mut sorted = lengths_ns.to_vec();
    sorted.sort_by(f64::total_cmp);
    let sigma_ns = if count < FEW {
        sorted[count - 1] - sorted[0]
    } else {
        let middle = middle(&sorted);
        let mut far: Vec<f64> = sorted.iter().map(|length| (length - middle).abs()).collect();
        far.sort_by(f64::total_cmp);
        SIGMA_BY_MAD * self::middle(&far)
    };
    Some(MEDIAN_BY_MEAN * sigma_ns / (count as f64).sqrt())
}

fn middle(sorted: &[f64]) -> f64 {
    let at = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[at] } else { f64::midpoint(sorted[at - 1], sorted[at]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_is_that_of_a_normal_distribution_and_knows_what_it_does_not_know() {
        let gate = |a: &[f64], b: &[f64]| Noise::of([a, b], false).gate_ns;
        // Median 5, deviations 4, 3, 2, 1, 0, 1, 2, 3, 4: MAD 2, σ 2.9652, of 9: error 1.2388; both: 1.7519; three of it.
        let nine: Vec<f64> = (1..10).map(f64::from).collect();
        let got = gate(&nine, &nine).expect("known");
        assert!((got - 5.2557).abs() < 1e-3, "{got}");
        // One wild iteration of nine moves it little.
        let mut wild = nine.clone();
        wild[8] = 1e9;
        assert!(gate(&wild, &nine).expect("known") < 7.0);
        assert_eq!(gate(&[4.0, 4.0, 4.0], &[4.0, 4.0]), Some(0.0));
        assert_eq!(gate(&[4.0], &nine), None);
        assert_eq!(Noise::of([&[4.0], &[5.0]], true).gate_ns, Some(0.0));
    }
}
