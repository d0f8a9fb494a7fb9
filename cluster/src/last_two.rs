//! `last_two(time, rank)`: the largest time and the rank that it is of, and the largest time but one: what a collective would
//! gain if its last rank came with the one before it. Of two alike the lower rank is the last. A structure of `last`, `rank`
//! and `second`, each null where there are not so many times.
//!
//! One pass over millions of collectives of a few members each: so values of all groups stand in one vector.

use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::ScalarValue;
use datafusion::common::cast::as_int64_array;
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

/// The function.
pub(crate) fn last_two() -> AggregateUDF {
    let signature = Signature::exact(vec![DataType::Int64, DataType::Int64], Volatility::Immutable);
    AggregateUDF::from(LastTwo { signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct LastTwo {
    signature: Signature,
}

fn fields() -> Fields {
    let field = |name: &str| Field::new(name, DataType::Int64, true);
    ["last", "rank", "second"].map(field).into_iter().collect()
}

impl AggregateUDFImpl for LastTwo {
    fn name(&self) -> &'static str {
        "last_two"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(fields()))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let state = |field: &FieldRef| {
            Arc::new(field.as_ref().clone().with_name(format!("{}_{}", args.name, field.name())))
        };
        Ok(fields().iter().map(state).collect())
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(OneGroup::default()))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        _: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::default()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Late {
    time: i64,
    rank: i64,
}

/// What is known of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Two {
    last: Option<Late>,
    second: Option<i64>,
}

impl Two {
    fn take(&mut self, late: Late) {
        let is_later = |last: Late| (late.time, -late.rank) > (last.time, -last.rank);
        match self.last {
            Some(last) if !is_later(last) => self.take_second(late.time),
            before => {
                self.last = Some(late);
                before.into_iter().for_each(|before| self.take_second(before.time));
            }
        }
    }

    fn take_second(&mut self, time: i64) {
        self.second = self.second.max(Some(time));
    }
}

/// All groups, by their numbers.
#[derive(Debug, Default)]
struct Groups(Vec<Two>);

impl Groups {
    fn take(&mut self, values: &[ArrayRef], of: impl Iterator<Item = Option<usize>>) -> Result<()> {
        let (times, ranks) = (as_int64_array(&values[0])?, as_int64_array(&values[1])?);
        for ((time, rank), group) in times.iter().zip(ranks).zip(of) {
            if let (Some(time), Some(rank), Some(group)) = (time, rank, group) {
                self.0[group].take(Late { time, rank });
            }
        }
        Ok(())
    }

    fn take_seconds(&mut self, seconds: &ArrayRef, groups: &[usize]) -> Result<()> {
        for (second, &group) in as_int64_array(seconds)?.iter().zip(groups) {
            second.into_iter().for_each(|second| self.0[group].take_second(second));
        }
        Ok(())
    }

    fn make_room(&mut self, groups: usize) {
        self.0.resize(groups, Two::default());
    }
}

fn columns(of: &[Two]) -> Vec<ArrayRef> {
    let column = |get: fn(&Two) -> Option<i64>| -> ArrayRef {
        Arc::new(of.iter().map(get).collect::<Int64Array>())
    };
    vec![
        column(|two| Some(two.last?.time)),
        column(|two| Some(two.last?.rank)),
        column(|two| two.second),
    ]
}

/// Rows that a filter keeps.
fn is_kept(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.make_room(total);
        let kept = |(row, &group)| is_kept(filter, row).then_some(group);
        self.take(values, groups.iter().enumerate().map(kept))
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.make_room(total);
        self.take(values, groups.iter().copied().map(Some))?;
        self.take_seconds(&values[2], groups)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let columns = columns(&emit.take_needed(&mut self.0));
        Ok(Arc::new(StructArray::try_new(fields(), columns, None)?))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(columns(&emit.take_needed(&mut self.0)))
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let mut each = Self(vec![Two::default(); values[0].len()]);
        let kept = |row| is_kept(filter, row).then_some(row);
        each.take(values, (0..values[0].len()).map(kept))?;
        Ok(columns(&each.0))
    }

    fn size(&self) -> usize {
        self.0.capacity() * size_of::<Two>()
    }
}

/// The same without groups.
#[derive(Debug)]
struct OneGroup(Groups);

impl Default for OneGroup {
    fn default() -> Self {
        Self(Groups(vec![Two::default()]))
    }
}

impl Accumulator for OneGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.take(values, std::iter::repeat(Some(0)))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(states, &vec![0; states[0].len()], 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let columns = columns(&self.0.0);
        let one = StructArray::try_new(fields(), columns, None)?;
        Ok(ScalarValue::Struct(Arc::new(one)))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        columns(&self.0.0).iter().map(|column| ScalarValue::try_from_array(column, 0)).collect()
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.0.size()
    }
}

#[cfg(test)]
mod tests;
