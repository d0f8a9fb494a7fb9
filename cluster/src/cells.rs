//! What the engine answers, as cells.

use datafusion::arrow::array::{Array, ArrayRef, Float64Array, Int64Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;

use crate::answer::{Answer, Cell};
use crate::error::ClusterError;

/// Adds rows to an answer of as many columns.
pub(crate) fn append(batch: &RecordBatch, answer: &mut Answer) -> Result<(), ClusterError> {
    let first = answer.rows.len();
    let empty = || Vec::with_capacity(batch.num_columns());
    answer.rows.resize_with(first + batch.num_rows(), empty);
    for (column, name) in batch.columns().iter().zip(&answer.columns) {
        let cells = cells(column).ok_or_else(|| ClusterError::Column(name.clone()))?;
        for (row, cell) in answer.rows[first..].iter_mut().zip(cells) {
            row.push(cell);
        }
    }
    Ok(())
}

/// Values of any type as cells; `None` where they are neither numbers nor to be written as text. Unsigned numbers beyond
/// what fits are not known.
fn cells(column: &ArrayRef) -> Option<Vec<Cell>> {
    let data = column.data_type();
    let of = match data {
        _ if data.is_integer() || *data == DataType::Boolean => DataType::Int64,
        _ if data.is_numeric() => DataType::Float64,
        _ => DataType::Utf8,
    };
    let column = cast(column, &of).ok()?;
    let rows = 0..column.len();
    let any = column.as_any();
    let cell = |row: usize| {
        if column.is_null(row) {
            return Some(Cell::Null);
        }
        let int = any.downcast_ref::<Int64Array>().map(|it| Cell::Int(it.value(row)));
        let float = || any.downcast_ref::<Float64Array>().map(|it| Cell::Float(it.value(row)));
        let text = || any.downcast_ref::<StringArray>().map(|it| Cell::Text(it.value(row).into()));
        int.or_else(float).or_else(text)
    };
    rows.map(cell).collect()
}
