//! How the next token is picked by its logits.

use thiserror::Error;

use crate::random::mix;

/// How the next token is picked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Logits are divided by it; 0: always the likeliest token.
    pub temperature: f64,
    /// Only the fewest likeliest tokens that have this much of the probability together; 1: all (nucleus sampling,
    /// Holtzman et al. 2020).
    pub top_p: f64,
    /// The same seed gives the same tokens for the same logits.
    pub seed: u64,
}

impl Default for Sampling {
    /// The likeliest token.
    fn default() -> Self {
        Self { temperature: 0.0, top_p: 1.0, seed: 0 }
    }
}

/// A way of picking that makes no sense.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
pub enum SamplingError {
    /// The temperature is negative or no number.
    #[error("a temperature is 0 or more, not {0}")]
    Temperature(f64),
    /// The share of the probability is none.
    #[error("a share of the probability is more than 0 and at most 1, not {0}")]
    TopP(f64),
}

/// Picks tokens, one after another.
#[derive(Clone, Debug)]
pub struct Sampler {
    sampling: Sampling,
    drawn: u64,
}

impl Sampler {
    /// # Errors
    /// [`SamplingError`].
    pub fn new(sampling: Sampling) -> Result<Self, SamplingError> {
        let Sampling { temperature, top_p, .. } = sampling;
        if !(temperature >= 0.0 && temperature.is_finite()) {
            return Err(SamplingError::Temperature(temperature));
        }
        if !(top_p > 0.0 && top_p <= 1.0) {
            return Err(SamplingError::TopP(top_p));
        }
        Ok(Self { sampling, drawn: 0 })
    }

    /// The next token by its logits, of which there is one a token; of equals the first. `None`: none of them is a number.
    pub fn pick(&mut self, logits: &[f32]) -> Option<u32> {
        let numbers = || (0..).zip(logits.iter().copied()).filter(|(_, logit)| !logit.is_nan());
        let better =
            |best: (u32, f32), other: (u32, f32)| if other.1 > best.1 { other } else { best };
        let (token, likeliest) = numbers().reduce(better)?;
        if self.sampling.temperature == 0.0 || likeliest.is_infinite() {
            return Some(token);
        }
        let below = |logit: f32| f64::from(logit) - f64::from(likeliest);
        let weight = |logit: f32| (below(logit) / self.sampling.temperature).exp();
        let weights: Vec<(u32, f64)> =
            numbers().map(|(token, logit)| (token, weight(logit))).collect();
        let kept = nucleus(weights, self.sampling.top_p);
        let mut left = self.draw() * kept.iter().map(|(_, weight)| weight).sum::<f64>();
        let hit = kept.iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        // Rounding may leave a crumb behind the last.
        hit.or(kept.last()).map(|(token, _)| *token)
    }

    /// The next number in 0…1, 1 not among them.
    fn draw(&mut self) -> f64 {
        self.drawn += 1;
        let bits = mix(mix(self.sampling.seed) ^ self.drawn) >> 11;
        bits as f64 / (1u64 << 53) as f64
    }
}

/// The fewest tokens, likeliest first, that have the share `top_p` of all weight together; all of them where that is 1.
///
/// Of `n` tokens those with less than the n-th part of the rest, 1 − `top_p` of the weight, have less than the rest together:
/// so those that stay are among the others, which are few where a model knows what it says. Only they are put in order.
fn nucleus(mut weights: Vec<(u32, f64)>, top_p: f64) -> Vec<(u32, f64)> {
    if top_p >= 1.0 {
        return weights;
    }
    let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
    let least = (1.0 - top_p) * total / weights.len() as f64;
    weights.retain(|(_, weight)| *weight >= least);
    weights.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let mut left = top_p * total;
    let last = weights.iter().position(|(_, weight)| {
        left -= weight;
        left <= 0.0
    });
    weights.truncate(last.map_or(weights.len(), |last| last + 1));
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(temperature: f64, top_p: f64, seed: u64) -> Sampler {
        Sampler::new(Sampling { temperature, top_p, seed }).unwrap()
    }

    #[test]
    fn the_likeliest_wins_at_temperature_0_and_the_first_of_equals() {
        let mut greedy = Sampler::new(Sampling::default()).unwrap();
        assert_eq!(greedy.pick(&[1.0, 3.0, 3.0, f32::NAN, -1.0]), Some(1));
        assert_eq!(greedy.pick(&[f32::NEG_INFINITY, f32::NEG_INFINITY]), Some(0));
        assert_eq!(greedy.pick(&[f32::NAN]), None);
        assert_eq!(sampler(1.0, 1.0, 0).pick(&[]), None);
        assert_eq!(sampler(1.0, 0.5, 0).pick(&[1.0, f32::INFINITY, 2.0]), Some(1));
    }

    /// 60 000 draws against the softmax itself: within five standard deviations of each share.
    #[test]
    fn tokens_come_as_often_as_softmax_says() {
        const DRAWS: u32 = 60_000;
        let logits = [0.5f32, 2.0, -1.0, 1.25, 0.5];
        for (temperature, top_p) in [(1.0, 1.0), (0.7, 1.0), (1.0, 0.75), (2.0, 0.3)] {
            let weights = logits.map(|logit| (f64::from(logit) / temperature).exp());
            let all: f64 = weights.iter().sum();
            // By hand: descending 1, 3, then 0 and 4 alike, then 2; as many as reach the share.
            let mut kept = Vec::new();
            for token in [1, 3, 0, 4, 2] {
                let so_far: f64 = kept.iter().map(|&token: &usize| weights[token]).sum();
                if so_far < top_p * all {
                    kept.push(token);
                }
            }
            let kept_all: f64 = kept.iter().map(|&token| weights[token]).sum();
            let mut sampler = sampler(temperature, top_p, 7);
            let mut counts = [0u32; 5];
            for _ in 0..DRAWS {
                counts[sampler.pick(&logits).unwrap() as usize] += 1;
            }
            for (token, &count) in counts.iter().enumerate() {
                let share = if kept.contains(&token) { weights[token] / kept_all } else { 0.0 };
                let spread = (share * (1.0 - share) * f64::from(DRAWS)).sqrt();
                let off = (f64::from(count) - share * f64::from(DRAWS)).abs();
                assert!(
                    off <= 5.0 * spread,
                    "{temperature}, {top_p}: token {token} came {count} times"
                );
            }
        }
    }

    #[test]
    fn a_seed_repeats_itself_and_another_does_not() {
        let logits: Vec<f32> = (0..100).map(|token| (token % 7) as f32 / 3.0).collect();
        let draw = |seed| {
            let mut sampler = sampler(1.0, 0.9, seed);
            (0..40).filter_map(|_| sampler.pick(&logits)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    proptest::proptest! {
        /// Against putting all in order and counting up.
        #[test]
        fn the_nucleus_is_the_fewest_that_have_the_share(
            weights in proptest::collection::vec(0.0f64..1.0, 1..60),
            top_p in 0.01f64..0.999,
        ) {
            let weights: Vec<(u32, f64)> = (0..).zip(weights.iter().map(|w| w.powi(6))).collect();
            let total: f64 = weights.iter().map(|w| w.1).sum();
            proptest::prop_assume!(total > 0.0);
            let mut sorted = weights.clone();
            sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
            let found = nucleus(weights, top_p);
            let has = |count: usize| sorted[..count].iter().map(|w| w.1).sum::<f64>() / total;
            proptest::prop_assert_eq!(&found[..], &sorted[..found.len()]);
            proptest::prop_assert!(has(found.len()) >= top_p - 1e-12);
            proptest::prop_assert!(has(found.len() - 1) < top_p + 1e-12);
        }
    }

    #[test]
    fn senseless_sampling_is_refused() {
        let refused = |temperature, top_p| {
            Sampler::new(Sampling { temperature, top_p, seed: 0 }).unwrap_err().to_string()
        };
        assert_eq!(refused(-1.0, 1.0), "a temperature is 0 or more, not -1");
        assert_eq!(refused(f64::NAN, 1.0), "a temperature is 0 or more, not NaN");
        assert!(refused(1.0, 0.0).contains("more than 0 and at most 1, not 0"));
    }
}
