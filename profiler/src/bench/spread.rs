use serde::Serialize;

/// A figure over several iterations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Tenth percentile.
    pub p10: f64,
    /// Middle.
    pub median: f64,
    /// Ninetieth percentile.
    pub p90: f64,
}

impl Spread {
    /// Of these values, in any order, by linear interpolation between ranks; `None` of none.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.retain(|value| value.is_finite());
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * values.len().checked_sub(1)? as f64;
            let (below, above) = (place.floor() as usize, place.ceil() as usize);
            Some(values[below] + (values[above] - values[below]) * place.fract())
        };
        Some(Self { p10: at(0.1)?, median: at(0.5)?, p90: at(0.9)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_numpy() {
        let spread = Spread::of(vec![4.0, 1.0, 3.0, 2.0, f64::NAN]).unwrap();
        // numpy.percentile([1, 2, 3, 4], [10, 50, 90])
        let wanted = [1.3, 2.5, 3.7];
        for (got, wanted) in [spread.p10, spread.median, spread.p90].into_iter().zip(wanted) {
            assert!((got - wanted).abs() < 1e-12, "{spread:?}");
        }
        assert_eq!(Spread::of(vec![7.0]), Some(Spread { p10: 7.0, median: 7.0, p90: 7.0 }));
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
