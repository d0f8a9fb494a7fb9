//! Asking the engine, and what it answers as cells.

use datafusion::arrow::array::{
    Array, AsArray, Float64Array, Int32Array, Int64Array, StringArray, StringViewArray, UInt64Array,
};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::prelude::SessionContext;

use crate::answer::{Answer, Cell};
use crate::error::ClusterError;

/// The rows that a query answers, as a nameless answer.
pub(crate) async fn ask(context: &SessionContext, query: &str) -> Result<Answer, ClusterError> {
    let frame = context.sql(query).await?;
    let columns = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut answer = Answer { columns, ..Answer::default() };
    for batch in frame.collect().await? {
        append(&batch, &mut answer)?;
    }
    Ok(answer)
}

/// The one number that a query answers.
pub(crate) async fn number(
    context: &SessionContext,
    query: &str,
) -> Result<Option<i64>, ClusterError> {
    let answer = ask(context, query).await?;
    Ok(answer.rows.first().and_then(|row| row.first()).and_then(Cell::int))
}

fn append(batch: &RecordBatch, answer: &mut Answer) -> Result<(), ClusterError> {
    let first = answer.rows.len();
    let empty = || Vec::with_capacity(batch.num_columns());
    answer.rows.resize_with(first + batch.num_rows(), empty);
    for (column, name) in batch.columns().iter().zip(&answer.columns) {
        let cells = cells(column.as_ref()).ok_or_else(|| ClusterError::Column(name.clone()))?;
        for (row, cell) in answer.rows[first..].iter_mut().zip(cells) {
            row.push(cell);
        }
    }
    Ok(())
}

fn cells(column: &dyn Array) -> Option<Vec<Cell>> {
    fn all<T>(values: impl Iterator<Item = Option<T>>, cell: impl Fn(T) -> Cell) -> Vec<Cell> {
        values.map(|value| value.map_or(Cell::Null, &cell)).collect()
    }
    let any = column.as_any();
    if let Some(values) = any.downcast_ref::<Int64Array>() {
        return Some(all(values.iter(), Cell::Int));
    }
    if let Some(values) = any.downcast_ref::<Int32Array>() {
        return Some(all(values.iter(), |value| Cell::Int(value.into())));
    }
    if let Some(values) = any.downcast_ref::<UInt64Array>() {
        return Some(all(values.iter(), |value| Cell::Int(value as i64)));
    }
    if let Some(values) = any.downcast_ref::<Float64Array>() {
        return Some(all(values.iter(), Cell::Float));
    }
    if let Some(values) = any.downcast_ref::<StringArray>() {
        return Some(all(values.iter(), |value: &str| Cell::Text(value.to_owned())));
    }
    if let Some(values) = any.downcast_ref::<StringViewArray>() {
        return Some(all(values.iter(), |value: &str| Cell::Text(value.to_owned())));
    }
    let values = column.as_boolean_opt()?;
    Some(all(values.iter(), |value| Cell::Int(value.into())))
}
