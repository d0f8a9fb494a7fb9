//! Digests read back, from open files or bytes: columns by their names, rows as they come.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, RowGroupReader, SerializedFileReader};
use thiserror::Error;

use super::groups::RankGroups;
use super::row::{DigestOf, IterationRow};

/// Why a file is no digest, or not one of this program's.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The library cannot read it.
    #[error("it is no Parquet that can be read: {0}")]
    Parquet(#[from] ParquetError),
    /// It says nothing of a digest.
    #[error("it is no digest: its key weftscope.digest is missing")]
    NoDigest,
    /// A later version whose columns mean something else.
    #[error("it is a digest of version {0}, and this program reads version 1")]
    Version(String),
    /// A column is missing, or of another type.
    #[error("its column {0} is missing, or of another type")]
    Column(&'static str),
}

/// The iterations of a rank.
#[derive(Clone, Debug, PartialEq)]
pub struct RankIterations {
    /// Whose they are.
    pub of: DigestOf,
    /// In order of start.
    pub rows: Vec<IterationRow>,
}

/// When an op ran, and what of it was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpTimes {
    /// As in [`OpRow`](super::OpRow).
    pub iteration: Option<i64>,
    /// Its layer.
    pub layer: Option<i64>,
    /// First start, ns.
    pub start_ns: i64,
    /// Last end, ns.
    pub end_ns: i64,
    /// Of communication: without computation beside it, ns.
    pub exposed_ns: Option<i64>,
    /// Of communication: waiting for a late rank, ns.
    pub wait_ns: Option<i64>,
}

/// Reads rows of iterations.
///
/// # Errors
/// [`ReadError`]
pub fn read_iterations(file: impl ChunkReader + 'static) -> Result<RankIterations, ReadError> {
    let reader = SerializedFileReader::new(file)?;
    let of = of(&reader)?;
    let mut rows = Vec::new();
    for group in 0..reader.num_row_groups() {
        let columns = Columns::of(&reader, group)?;
        let int = |name| columns.ints(name);
        let (iteration, names, start, end) =
            (int("iteration")?, columns.texts("name")?, int("start_ns")?, int("end_ns")?);
        let (compute, comm, hidden) = (int("compute_ns")?, int("comm_ns")?, int("hidden_ns")?);
        let (exposed, memcpy) = (int("exposed_ns")?, int("exposed_memcpy_ns")?);
        let (idle, wait, sm) = (int("idle_ns")?, int("wait_ns")?, int("sm_ns")?);
        let weighted = columns.floats("sm_weighted_pct")?;
        let (ops, comm_ops) = (int("ops")?, int("comm_ops")?);
        for row in 0..columns.num_rows {
            // What is never unknown is 0 in a file that has it so.
            let known = |column: &[Option<i64>]| column[row].unwrap_or_default();
            rows.push(IterationRow {
                iteration: iteration[row],
                name: names[row].clone().unwrap_or_default(),
                start_ns: known(&start),
                end_ns: known(&end),
                compute_ns: known(&compute),
                comm_ns: known(&comm),
                hidden_ns: known(&hidden),
                exposed_ns: known(&exposed),
                exposed_memcpy_ns: known(&memcpy),
                idle_ns: known(&idle),
                wait_ns: wait[row],
                sm_weighted_pct: weighted[row],
                sm_ns: sm[row],
                ops: known(&ops),
                comm_ops: known(&comm_ops),
            });
        }
    }
    Ok(RankIterations { of, rows })
}

/// Reads when ops ran, in order of start; `take` may stop it.
///
/// # Errors
/// [`ReadError`]
pub fn read_op_times(
    file: impl ChunkReader + 'static,
    take: &mut dyn FnMut(OpTimes) -> ControlFlow<()>,
) -> Result<(), ReadError> {
    let reader = SerializedFileReader::new(file)?;
    of(&reader)?;
    for group in 0..reader.num_row_groups() {
        let columns = Columns::of(&reader, group)?;
        let int = |name| columns.ints(name);
        let (iteration, layer) = (int("iteration")?, int("layer")?);
        let (start, end) = (int("start_ns")?, int("end_ns")?);
        let (exposed, wait) = (int("exposed_ns")?, int("wait_ns")?);
        for row in 0..columns.num_rows {
            let told = take(OpTimes {
                iteration: iteration[row],
                layer: layer[row],
                start_ns: start[row].unwrap_or_default(),
                end_ns: end[row].unwrap_or_default(),
                exposed_ns: exposed[row],
                wait_ns: wait[row],
            });
            if told.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The groups that a rank's collectives are of, and what runs in them.
///
/// # Errors
/// [`ReadError`]
pub fn read_groups(file: impl ChunkReader + 'static) -> Result<RankGroups, ReadError> {
    let reader = SerializedFileReader::new(file)?;
    let mut all = RankGroups { rank: of(&reader)?.rank, ..RankGroups::default() };
    // Layers with an op, by group and operation.
    let mut layers: BTreeSet<(usize, usize, Option<i64>, i64)> = BTreeSet::new();
    for group in 0..reader.num_row_groups() {
        let columns = Columns::of(&reader, group)?;
        let (ranks, names) = (columns.texts("comm_group")?, columns.texts("group_name")?);
        let operations = columns.texts("operation")?;
        let (iteration, layer) = (columns.ints("iteration")?, columns.ints("layer")?);
        let bytes = columns.ints("bytes")?;
        for row in 0..columns.num_rows {
            all.has_layers |= layer[row].is_some();
            let (Some(ranks), Some(operation)) = (&ranks[row], &operations[row]) else { continue };
            let name = names[row].as_deref().unwrap_or_default();
            let (at, which, count) = all.count_of((ranks, name), operation);
            count.ops += 1;
            count.most_bytes = count.most_bytes.max(bytes[row]);
            if let Some(layer) = layer[row] {
                count.in_layers += 1;
                count.layers += u64::from(layers.insert((at, which, iteration[row], layer)));
            }
        }
    }
    Ok(all)
}

/// What a file says of itself.
fn of(reader: &impl FileReader) -> Result<DigestOf, ReadError> {
    let told = reader.metadata().file_metadata().key_value_metadata();
    let value = |key: &str| -> Option<String> {
        let name = format!("weftscope.{key}");
        told?.iter().find(|pair| pair.key == name)?.value.clone()
    };
    let version = value("digest").ok_or(ReadError::NoDigest)?;
    if version.split('.').next() != Some("1") {
        return Err(ReadError::Version(version));
    }
    Ok(DigestOf {
        job: value("job").unwrap_or_default(),
        server: value("server"),
        rank: value("rank").and_then(|rank| rank.parse().ok()).unwrap_or_default(),
        is_unix_time: value("clock").as_deref() == Some("unix"),
        provenance: value("provenance").unwrap_or_default(),
        recording: value("recording"),
    })
}

/// The columns of a row group.
struct Columns<'a> {
    group: Box<dyn RowGroupReader + 'a>,
    num_rows: usize,
}

impl<'a> Columns<'a> {
    fn of(reader: &'a impl FileReader, at: usize) -> Result<Self, ReadError> {
        let group = reader.get_row_group(at)?;
        let num_rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        Ok(Self { group, num_rows })
    }

    fn column(&self, name: &'static str) -> Result<ColumnReader, ReadError> {
        let columns = self.group.metadata().columns();
        let at = columns.iter().position(|column| column.column_path().string() == name);
        let at = at.ok_or(ReadError::Column(name))?;
        Ok(self.group.get_column_reader(at)?)
    }

    fn ints(&self, name: &'static str) -> Result<Vec<Option<i64>>, ReadError> {
        let ColumnReader::Int64ColumnReader(mut reader) = self.column(name)? else {
            return Err(ReadError::Column(name));
        };
        self.cells(name, |levels, values: &mut Vec<i64>| {
            reader.read_records(self.num_rows, Some(levels), None, values)
        })
    }

    fn floats(&self, name: &'static str) -> Result<Vec<Option<f64>>, ReadError> {
        let ColumnReader::DoubleColumnReader(mut reader) = self.column(name)? else {
            return Err(ReadError::Column(name));
        };
        self.cells(name, |levels, values: &mut Vec<f64>| {
            reader.read_records(self.num_rows, Some(levels), None, values)
        })
    }

    fn texts(&self, name: &'static str) -> Result<Vec<Option<String>>, ReadError> {
        let ColumnReader::ByteArrayColumnReader(mut reader) = self.column(name)? else {
            return Err(ReadError::Column(name));
        };
        let cells = self.cells(name, |levels, values: &mut Vec<ByteArray>| {
            reader.read_records(self.num_rows, Some(levels), None, values)
        })?;
        let text = |bytes: ByteArray| String::from_utf8_lossy(bytes.data()).into_owned();
        Ok(cells.into_iter().map(|cell| cell.map(text)).collect())
    }

    /// One cell a row, out of the values that are there and the level of each row.
    fn cells<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&mut Vec<i16>, &mut Vec<T>) -> Result<(usize, usize, usize), ParquetError>,
    ) -> Result<Vec<Option<T>>, ReadError> {
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let (rows, _, _) = read(&mut levels, &mut values)?;
        if rows != self.num_rows || levels.len() != rows {
            return Err(ReadError::Column(name));
        }
        let mut values = values.into_iter();
        Ok(levels.iter().map(|&level| if level > 0 { values.next() } else { None }).collect())
    }
}
