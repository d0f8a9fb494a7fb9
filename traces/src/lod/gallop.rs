/// Number of leading values that `is_before` accepts, of values that it accepts only in front; costs the logarithm of
/// that number, so that walking forward in small steps is cheap.
pub(super) fn gallop(values: &[i64], is_before: impl Fn(i64) -> bool) -> usize {
    let (mut low, mut step) = (0, 1);
    while low + step <= values.len() && is_before(values[low + step - 1]) {
        low += step;
        step *= 2;
    }
    let high = (low + step).min(values.len());
    low + values[low..high].partition_point(|&value| is_before(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_the_partition_point(
            mut values in proptest::collection::vec(0..50_i64, 0..60),
            bound in -1..52_i64,
        ) {
            values.sort_unstable();
            prop_assert_eq!(
                gallop(&values, |value| value < bound),
                values.partition_point(|&value| value < bound)
            );
        }
    }
}
