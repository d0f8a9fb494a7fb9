//! Searches that begin where the answer is likely to be near.

/// Number of leading positions below `len` that `is_before` accepts, which it accepts only in front; costs the logarithm
/// of that number, so that walking on in small steps is cheap.
pub(crate) fn gallop(len: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut step) = (0, 1);
    while low + step <= len && is_before(low + step - 1) {
        low += step;
        step *= 2;
    }
    let mut high = (low + step).min(len);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
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
                gallop(values.len(), |at| values[at] < bound),
                values.partition_point(|&value| value < bound)
            );
        }
    }
}
