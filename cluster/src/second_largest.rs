//! `second_largest(x)`: the largest value but one, of two alike the same once more; null of fewer than two. The last rank's
//! lead over the one before it is what a collective would gain if that rank came with the others.

use std::mem::size_of_val;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::as_int64_array;
use datafusion::error::Result;
use datafusion::logical_expr::{Accumulator, AggregateUDF, Volatility, create_udaf};
use datafusion::scalar::ScalarValue;

/// The function.
pub(crate) fn second_largest() -> AggregateUDF {
    create_udaf(
        "second_largest",
        vec![DataType::Int64],
        Arc::new(DataType::Int64),
        Volatility::Immutable,
        Arc::new(|_| Ok(Box::new(TopTwo::default()))),
        Arc::new(vec![DataType::Int64, DataType::Int64]),
    )
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct TopTwo {
    first: Option<i64>,
    second: Option<i64>,
}

impl TopTwo {
    fn take(&mut self, value: i64) {
        if self.first.is_none_or(|first| value > first) {
            self.second = self.first;
            self.first = Some(value);
        } else if self.second.is_none_or(|second| value > second) {
            self.second = Some(value);
        }
    }

    fn take_all(&mut self, values: &Int64Array) {
        values.iter().flatten().for_each(|value| self.take(value));
    }
}

impl Accumulator for TopTwo {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.take_all(as_int64_array(&values[0])?);
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(self.second))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Int64(self.first), ScalarValue::Int64(self.second)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in states {
            self.take_all(as_int64_array(state)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_halves_make_the_whole() {
        let values = [3, 9, 9, -4, 7];
        let of = |values: &[i64]| {
            let mut two = TopTwo::default();
            values.iter().for_each(|&value| two.take(value));
            two
        };
        for cut in 0..=values.len() {
            let mut sorted = values;
            sorted.sort_unstable();
            let mut whole = of(&values[..cut]);
            let other = of(&values[cut..]);
            [other.first, other.second].into_iter().flatten().for_each(|value| whole.take(value));
            assert_eq!(whole, TopTwo { first: Some(sorted[4]), second: Some(sorted[3]) }, "{cut}");
        }
        assert_eq!(of(&[5]).second, None);
    }
}
