//! Parquet: columns of a row group are gathered, then written and handed on; memory is one row group.

use std::collections::HashMap;
use std::io::{self, Write};
use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::{Compression, Encoding, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type};

use super::TableFormat;
use crate::Meta;
use crate::tables::column::{Cell, CellType, Named, Sink};
use crate::tables::error::TableError;

/// A Parquet file while it is written.
pub(super) struct Parquet<'a> {
    out: &'a mut dyn Write,
    /// What the file tells of the recording.
    told: Vec<KeyValue>,
    pieces: Pieces,
    writer: Option<SerializedFileWriter<Pieces>>,
    columns: Vec<Gathered>,
    at: usize,
    rows: usize,
}

/// The cells of one column in the row group that is gathered.
struct Gathered {
    /// Of each row: 1 for a value, 0 for none.
    levels: Vec<i16>,
    values: Values,
}

enum Values {
    Int(Vec<i64>),
    Float(Vec<f64>),
    /// Equal texts share their bytes.
    Text {
        values: Vec<ByteArray>,
        known: HashMap<String, ByteArray>,
    },
}

/// Bytes on their way from the library, which wants to own its output, to ours, which is lent.
#[derive(Clone, Default)]
struct Pieces(Arc<Mutex<Vec<u8>>>);

impl Pieces {
    fn take(&self) -> Vec<u8> {
        take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> Parquet<'a> {
    /// `told` is what the file says of itself, by key.
    pub(super) fn new(out: &'a mut dyn Write, told: Vec<(String, String)>) -> Self {
        let pair =
            |(key, value): (String, String)| KeyValue::new(format!("weftscope.{key}"), value);
        Self {
            out,
            told: told.into_iter().map(pair).collect(),
            pieces: Pieces::default(),
            writer: None,
            columns: Vec::new(),
            at: 0,
            rows: 0,
        }
    }

    /// Writes the rows that were gathered.
    fn row_group(&mut self) -> Result<(), TableError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let mut group = writer.next_row_group().map_err(refused)?;
        for column in &mut self.columns {
            let Some(mut out) = group.next_column().map_err(refused)? else { break };
            let levels = Some(&column.levels[..]);
            let written = match &mut column.values {
                Values::Int(values) => out.typed::<Int64Type>().write_batch(values, levels, None),
                Values::Float(values) => {
                    out.typed::<DoubleType>().write_batch(values, levels, None)
                }
                Values::Text { values, .. } => {
                    out.typed::<ByteArrayType>().write_batch(values, levels, None)
                }
            };
            written.map_err(refused)?;
            out.close().map_err(refused)?;
            column.clear();
        }
        group.close().map_err(refused)?;
        self.rows = 0;
        Ok(self.out.write_all(&self.pieces.take())?)
    }
}

impl Gathered {
    fn new(cell: CellType) -> Self {
        let values = match cell {
            CellType::Int => Values::Int(Vec::new()),
            CellType::Float => Values::Float(Vec::new()),
            CellType::Text => Values::Text { values: Vec::new(), known: HashMap::new() },
        };
        Self { levels: Vec::new(), values }
    }

    fn clear(&mut self) {
        self.levels.clear();
        match &mut self.values {
            Values::Int(values) => values.clear(),
            Values::Float(values) => values.clear(),
            Values::Text { values, known } => {
                values.clear();
                known.clear();
            }
        }
    }

    fn push(&mut self, cell: Cell<'_>) {
        let is_told = match (&mut self.values, cell) {
            (Values::Int(values), Cell::Int(int)) => {
                values.push(int);
                true
            }
            (Values::Float(values), Cell::Float(float)) => {
                values.push(float);
                true
            }
            (Values::Text { values, known }, Cell::Text(text)) => {
                let shared = match known.get(text.as_ref()) {
                    Some(shared) => shared.clone(),
                    None => {
                        let shared = ByteArray::from(text.as_ref());
                        known.insert(text.into_owned(), shared.clone());
                        shared
                    }
                };
                values.push(shared);
                true
            }
            _ => false,
        };
        self.levels.push(i16::from(is_told));
    }
}

impl Sink for Parquet<'_> {
    fn head(&mut self, columns: &[Named<'_>]) -> Result<(), TableError> {
        let mut properties = WriterProperties::builder()
            .set_created_by(concat!("weftscope ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(take(&mut self.told)));
        for column in columns.iter().filter(|column| column.cell == CellType::Int) {
            // Times ascend, numbers repeat: steps are smaller than both.
            let path = ColumnPath::from(column.name);
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
        let fields: Result<Vec<_>, ParquetError> = columns.iter().map(field).collect();
        let schema = Type::group_type_builder("table").with_fields(fields.map_err(refused)?);
        let schema = Arc::new(schema.build().map_err(refused)?);
        let pieces = self.pieces.clone();
        let writer = SerializedFileWriter::new(pieces, schema, Arc::new(properties.build()));
        self.writer = Some(writer.map_err(refused)?);
        self.columns = columns.iter().map(|column| Gathered::new(column.cell)).collect();
        Ok(())
    }

    fn cell(&mut self, cell: Cell<'_>) -> Result<(), TableError> {
        self.columns[self.at].push(cell);
        self.at += 1;
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), TableError> {
        self.at = 0;
        self.rows += 1;
        if self.rows == TableFormat::ROW_GROUP { self.row_group() } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<(), TableError> {
        if self.rows > 0 {
            self.row_group()?;
        }
        if let Some(writer) = self.writer.take() {
            writer.close().map_err(refused)?;
        }
        self.out.write_all(&self.pieces.take())?;
        Ok(self.out.flush()?)
    }
}

fn field(column: &Named<'_>) -> Result<Arc<Type>, ParquetError> {
    let physical = match column.cell {
        CellType::Int => Physical::INT64,
        CellType::Float => Physical::DOUBLE,
        CellType::Text => Physical::BYTE_ARRAY,
    };
    let logical = (column.cell == CellType::Text).then_some(LogicalType::String);
    let builder = Type::primitive_type_builder(column.name, physical);
    let builder = builder.with_repetition(Repetition::OPTIONAL).with_logical_type(logical);
    builder.build().map(Arc::new)
}

/// What is told of the recording, by key.
pub(super) fn told(meta: &Meta) -> Vec<(String, String)> {
    let pair = |key: &str, value: String| (key.to_owned(), value);
    let mut told = vec![
        pair("title", meta.title.clone()),
        pair("provenance", meta.provenance.name().to_owned()),
        pair("source", meta.provenance.source().into_owned()),
    ];
    if meta.base_time_unix_ns != 0 {
        told.push(pair("base_time_unix_ns", meta.base_time_unix_ns.to_string()));
    }
    told
}

#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
fn refused(error: ParquetError) -> TableError {
    TableError::Parquet(error.to_string())
}
