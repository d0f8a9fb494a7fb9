use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

/// How the frequencies of a rotary embedding are stretched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RopeScaling {
    /// Every frequency divided by the factor.
    Linear {
        /// Divisor.
        factor: f64,
    },
    /// Llama 3.1: only waves longer than the original context are divided, with a smooth passage.
    Llama3 {
        /// Divisor of the long waves.
        factor: f64,
        /// Original context ÷ this is the shortest wave that is divided by the whole factor.
        low_freq_factor: f64,
        /// Original context ÷ this is the longest wave that stays as it is.
        high_freq_factor: f64,
        /// Original context, tokens.
        original_positions: u32,
    },
    /// Of a sort that decides no shape and that no program here computes.
    Other {
        /// Its name in the config.
        name: String,
    },
}

impl RopeScaling {
    /// A frequency (radians a token) after stretching; `Other` leaves it as it is.
    ///
    /// Llama 3: `_compute_llama3_parameters` of transformers; waves of length `w` between `context / high` and
    /// `context / low` take `(1 − s)·f/factor + s·f`, `s = (context / w − low) / (high − low)`.
    pub fn stretch(&self, frequency: f64) -> f64 {
        match *self {
            Self::Linear { factor } => frequency / factor,
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, original_positions } => {
                let waves_in_context = f64::from(original_positions) * frequency / TAU;
                if waves_in_context > high_freq_factor {
                    frequency
                } else if waves_in_context < low_freq_factor {
                    frequency / factor
                } else {
                    let smooth =
                        (waves_in_context - low_freq_factor) / (high_freq_factor - low_freq_factor);
                    (1.0 - smooth) * frequency / factor + smooth * frequency
                }
            }
            Self::Other { .. } => frequency,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Llama 3.1 (base 500000, 128 wide): waves up to 2048 tokens stay, those from 8192 on are divided.
    #[test]
    fn llama3_keeps_short_waves_and_divides_long_ones() {
        let scaling = RopeScaling::Llama3 {
            factor: 8.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_positions: 8192,
        };
        let base = |i: u32| 500_000f64.powf(-f64::from(i) / 64.0);
        for i in 0..64 {
            let (plain, stretched) = (base(i), scaling.stretch(base(i)));
            let wave = TAU / plain;
            if wave < 8192.0 / 4.0 {
                assert_eq!(plain, stretched);
            } else if wave > 8192.0 {
                assert_eq!(plain / 8.0, stretched);
            } else {
                assert!(stretched < plain && stretched > plain / 8.0);
            }
        }
        assert!((0..=28).all(|i| scaling.stretch(base(i)) == base(i)));
        assert!((35..64).all(|i| scaling.stretch(base(i)) == base(i) / 8.0));
        // The two ends of the passage are met without a jump.
        let (low, high) = (TAU / 8192.0, 4.0 * TAU / 8192.0);
        assert!((scaling.stretch(low) - low / 8.0).abs() < 1e-15);
        assert!((scaling.stretch(high) - high).abs() < 1e-15);
    }
}
