//! What is asked of a serving engine, and when.

use serde::{Deserialize, Serialize};

use crate::random::mix;

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServingRequest {
    /// When it comes, ns from the first.
    pub arrival_ns: i64,
    /// Tokens of its prompt, at least one.
    pub prompt_tokens: u32,
    /// Tokens of its answer, at least one.
    pub output_tokens: u32,
}

impl ServingRequest {
    /// Tokens whose keys and values are kept when its last token comes: nobody attends to that one.
    pub fn context_tokens(&self) -> u32 {
        self.prompt_tokens.saturating_add(self.output_tokens - 1)
    }
}

/// When requests come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arrivals {
    /// All at once.
    AtOnce,
    /// Independently of one another.
    Poisson {
        /// Requests a second on average.
        per_s: f64,
        /// The same seed has the same times.
        seed: u64,
    },
}

/// `count` requests of the same lengths.
pub fn fixed(
    count: u32,
    prompt_tokens: u32,
    output_tokens: u32,
    arrivals: Arrivals,
) -> Vec<ServingRequest> {
    let request = ServingRequest { arrival_ns: 0, prompt_tokens, output_tokens };
    let mut requests = vec![request; count as usize];
    arrive(&mut requests, arrivals);
    requests
}

/// Gives requests, in their order, times of arrival; the first comes at 0.
pub fn arrive(requests: &mut [ServingRequest], arrivals: Arrivals) {
    let mut at_s = 0.0;
    for (index, request) in (0..).zip(requests) {
        request.arrival_ns = (at_s * 1e9_f64).round() as i64;
        if let Arrivals::Poisson { per_s, seed } = arrivals {
            at_s -= uniform(mix(seed) ^ index).ln() / per_s;
        }
    }
}

/// In (0, 1], by a hash of 53 bits.
fn uniform(value: u64) -> f64 {
    ((mix(value) >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_at_once_is_at_zero() {
        let requests = fixed(3, 10, 2, Arrivals::AtOnce);
        let one = ServingRequest { arrival_ns: 0, prompt_tokens: 10, output_tokens: 2 };
        assert_eq!(requests, [one; 3]);
        assert_eq!(one.context_tokens(), 11);
    }

    /// Gaps of a Poisson process of rate r have mean 1/r and standard deviation 1/r, and a share of 1 − 1/e is below 1/r.
    #[test]
    fn a_rate_has_exponential_gaps() {
        let requests = fixed(20_001, 1, 1, Arrivals::Poisson { per_s: 4.0, seed: 7 });
        let gaps: Vec<f64> = requests
            .windows(2)
            .map(|pair| (pair[1].arrival_ns - pair[0].arrival_ns) as f64 / 1e9)
            .collect();
        let count = gaps.len() as f64;
        let mean = gaps.iter().sum::<f64>() / count;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / count;
        let below = gaps.iter().filter(|&&gap| gap < 0.25).count() as f64 / count;
        // Four standard errors of 20 000 draws.
        assert!((mean - 0.25).abs() < 0.25 * 0.03, "{mean}");
        assert!((variance.sqrt() - 0.25).abs() < 0.25 * 0.04, "{variance}");
        assert!((below - (1.0 - (-1.0_f64).exp())).abs() < 0.014, "{below}");
        let of_seed = |seed| fixed(50, 1, 1, Arrivals::Poisson { per_s: 4.0, seed });
        assert_eq!(of_seed(7), of_seed(7));
        assert_ne!(of_seed(7), of_seed(8));
    }
}
