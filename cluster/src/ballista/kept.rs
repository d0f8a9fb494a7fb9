//! Tables that are kept between questions: one Parquet file each, which has its name when it is whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::ArrowWriter;
use futures::StreamExt;

use crate::error::ClusterError;

/// A kept table.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// Its folder, in which nothing else is.
    pub(crate) folder: PathBuf,
    /// Its columns, which may all be null.
    pub(crate) schema: SchemaRef,
}

impl Kept {
    /// A folder of its own for a table, and the file that is to be.
    pub(crate) fn new(
        shared: &Path,
        name: &str,
        schema: &Schema,
    ) -> Result<(Self, PathBuf), ClusterError> {
        let folder = shared.join(name);
        fs::create_dir_all(&folder)
            .map_err(|cause| ClusterError::Io { cause, path: folder.clone() })?;
        let fields = schema.fields().iter();
        let fields: Vec<_> =
            fields.map(|field| field.as_ref().clone().with_nullable(true)).collect();
        let file = folder.join("part-0.parquet");
        Ok((Self { folder, schema: Arc::new(Schema::new(fields)) }, file))
    }
}

/// Writes rows as they come; those of an attempt before are overwritten.
pub(crate) async fn write(
    mut rows: SendableRecordBatchStream,
    kept: &Kept,
    file: &Path,
) -> Result<(), DataFusionError> {
    let beside = file.with_extension("unfinished");
    let mut writer = ArrowWriter::try_new(File::create(&beside)?, kept.schema.clone(), None)?;
    while let Some(batch) = rows.next().await {
        writer.write(&fitting(&batch?, &kept.schema)?)?;
    }
    writer.close()?;
    Ok(fs::rename(&beside, file)?)
}

/// Writes rows that are all there.
pub(crate) fn write_batch(
    batch: &RecordBatch,
    kept: &Kept,
    file: &Path,
) -> Result<(), DataFusionError> {
    let mut writer = ArrowWriter::try_new(File::create(file)?, kept.schema.clone(), None)?;
    writer.write(&fitting(batch, &kept.schema)?)?;
    writer.close()?;
    Ok(())
}

/// The same rows under the names and types of the schema, which executors may have told otherwise.
fn fitting(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()));
    Ok(RecordBatch::try_new(schema.clone(), columns.collect::<Result<_, _>>()?)?)
}
