//! Experts get as many rows as tokens choose them: what that makes of tiles.

/// Means from which the distribution is taken for a normal one.
const NORMAL_FROM: f64 = 400.0;
/// Steps of a standard deviation in which a normal one is gone through.
const STEPS: f64 = 64.0;

/// Rows of each of `matrices`, `mean` on average, where rows fall to them one by one at random (Poisson's distribution; the routers of
/// trained models are less even): one matrix for each of as many equally likely parts of the distribution, the middle of it. Large and
/// small ones follow one another as they would at random, always alike. At least one row each.
pub(super) fn heights(mean: u32, matrices: u32) -> Vec<u32> {
    let ascending = quantiles(f64::from(mean), matrices);
    let stride = coprime_stride(matrices);
    let at = |i: u32| (u64::from(i) * stride % u64::from(matrices)) as usize;
    (0..matrices).map(|i| ascending[at(i)].max(1)).collect()
}

/// Of so many equally likely parts of the distribution the middles, ascending.
fn quantiles(mean: f64, parts: u32) -> Vec<u32> {
    let spread = mean.sqrt();
    let is_normal = mean >= NORMAL_FROM;
    let step = if is_normal { spread / STEPS } else { 1.0 };
    let mut rows = if is_normal { (mean - 8.0 * spread).max(0.0) } else { 0.0 };
    // P(rows ≤ at), and Poisson's probability of exactly so many.
    let mut term = (-mean).exp();
    let mut below = if is_normal { 1.0 - normal_tail((rows - mean) / spread) } else { term };
    let end = mean + 8.0 * spread + 8.0;
    let mut middles = Vec::with_capacity(parts as usize);
    for part in 0..parts {
        let wanted = (f64::from(part) + 0.5) / f64::from(parts);
        while below < wanted && rows < end {
            rows += step;
            if is_normal {
                below = 1.0 - normal_tail((rows - mean) / spread);
            } else {
                term *= mean / rows;
                below += term;
            }
        }
        middles.push(rows.round() as u32);
    }
    middles
}

/// A step that visits every one of `count` places, near the golden section, so that neighbours are far from one another in size.
fn coprime_stride(count: u32) -> u64 {
    let count = u64::from(count.max(1));
    let near = (count as f64 * 0.618_033_988_7).round().max(1.0) as u64;
    let is_coprime = |stride: &u64| gcd(*stride, count) == 1;
    (near..near + count).find(is_coprime).unwrap_or(1)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
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

    /// Against Poisson's probabilities themselves, summed one by one: the rows and the parts of rows of many matrices.
    #[test]
    fn heights_have_the_rows_and_the_parts_that_are_to_be_expected() {
        for mean in [4u32, 39, 130, 256, 399, 401, 1000, 2048] {
            let values = |rows: u32| {
                // A matrix without rows is none of these.
                let rows = rows.max(1);
                [rows, rows.div_ceil(64), rows.div_ceil(256)].map(f64::from)
            };
            let mut exact = [0.0; 3];
            let mut log = -f64::from(mean);
            for rows in 0..6000u32 {
                for (sum, value) in exact.iter_mut().zip(values(rows)) {
                    *sum += log.exp() * value;
                }
                log += f64::ln(f64::from(mean)) - f64::ln(f64::from(rows + 1));
            }
            let many = 4096;
            let mut given = [0.0; 3];
            for rows in heights(mean, many) {
                for (sum, value) in given.iter_mut().zip(values(rows)) {
                    *sum += value / f64::from(many);
                }
            }
            for (given, exact) in given.into_iter().zip(exact) {
                assert!((given / exact - 1.0).abs() < 5e-3, "{mean}: {given}, {exact}");
            }
        }
    }

    #[test]
    fn large_and_small_ones_take_turns_and_none_is_empty() {
        for matrices in [1, 2, 3, 8, 60, 64, 127, 128, 512] {
            let all = heights(256, matrices);
            assert_eq!(all.len(), matrices as usize);
            let mut sorted = all.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, quantiles(256.0, matrices), "each once");
            let halves: Vec<u32> =
                all.chunks(all.len().div_ceil(2)).map(|half| half.iter().sum()).collect();
            if matrices >= 60 {
                let [a, b] = halves[..] else { panic!("two halves") };
                let shares = f64::from(a) / all.len().div_ceil(2) as f64 * (all.len() / 2) as f64;
                assert!((shares / f64::from(b) - 1.0).abs() < 0.03, "{matrices}: {a}, {b}");
            }
        }
        assert!(heights(1, 8).iter().all(|&rows| rows >= 1));
    }
}
