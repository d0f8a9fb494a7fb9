//! Experts get as many rows as tokens choose them: what that makes of tiles.

/// Means from which the distribution is taken for a normal one.
const NORMAL_FROM: f64 = 400.0;

/// Whole parts of `part` rows that a matrix takes on average, the last one filled or not, when its rows are `mean` on
/// average and fall to it one by one at random (Poisson's distribution; the routers of trained models are less even).
pub(super) fn expected_parts(mean: f64, part: u32) -> f64 {
    let part = f64::from(part);
    let spread = mean.sqrt();
    // E[parts] is the sum over j of P(rows > j · part).
    let last = ((mean + 8.0 * spread + 8.0) / part) as u32;
    (0..=last).map(|j| beyond(mean, spread, f64::from(j) * part)).sum()
}

/// P(rows > at).
fn beyond(mean: f64, spread: f64, at: f64) -> f64 {
    if mean >= NORMAL_FROM {
        return normal_tail((at + 0.5 - mean) / spread);
    }
    let (mut below, mut term) = (0.0, (-mean).exp());
    for rows in 0..=at as u32 {
        below += term;
        term *= mean / f64::from(rows + 1);
    }
    1.0 - below
}

/// P(x > z) of the standard normal distribution, within 7.5e-8 (Abramowitz and Stegun 1964, 26.2.17).
fn normal_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - normal_tail(-z);
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let polynomial = t
        * (0.319_381_530
            + t * (-0.356_563_782
                + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * polynomial
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against Poisson's probabilities themselves, summed one by one.
    #[test]
    fn parts_are_those_of_every_height_by_itself() {
        for mean in [0.1f64, 1.0, 4.0, 39.0, 130.0, 256.0, 399.0, 401.0, 1000.0, 2048.5] {
            for part in [64, 128] {
                let (mut exact, mut log) = (0.0, -mean);
                for rows in 0..6000u32 {
                    exact += log.exp() * f64::from(rows.div_ceil(part));
                    log += f64::ln(mean) - f64::ln(f64::from(rows + 1));
                }
                let given = expected_parts(mean, part);
                assert!((given / exact - 1.0).abs() < 2e-3, "{mean} in {part}: {given}, {exact}");
            }
        }
    }
}
