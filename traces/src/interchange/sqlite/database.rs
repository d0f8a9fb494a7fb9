//! A database in memory, and its tables read by the columns that they happen to have.
//!
//! Exporters add, rename and drop columns from version to version. A column that is not there reads as null, so that a
//! reader asks for all that it knows of and takes what comes.

use std::collections::BTreeMap;
use std::io::{self, Read};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, MAIN_DB, Row};

use super::SqliteError;
use crate::stream::{Progress, read_ahead};

/// Bytes of the head that are looked at: SQLite's file header.
const HEAD_BYTES: usize = 100;
/// What SQLite's allocator gives at once.
const MAX_BYTES: u64 = 2_147_483_391;
/// Rows between two looks at whether to go on.
const ROWS_A_LOOK: u64 = 1 << 16;

pub(super) struct Database {
    connection: Connection,
    /// Columns of each table, in lower case.
    tables: BTreeMap<String, Vec<String>>,
    cut: Option<(u64, u64)>,
}

impl Database {
    /// Takes the whole input for a database. Of one that is cut off, the pages that are there.
    pub(super) fn read(input: &mut dyn Read, progress: Progress<'_>) -> Result<Self, SqliteError> {
        let mut head = read_ahead(&mut &mut *input, HEAD_BYTES)?;
        let announced = announced_bytes(&head);
        // A journal beside the file is not at hand: what the file itself holds is read.
        if let Some(versions) = head.get_mut(18..20) {
            versions.fill(1);
        }
        let all = io::Cursor::new(head).chain(input);
        let mut pages = Pages { input: all, progress, got: 0, padded: 0 };
        let mut connection = Connection::open_in_memory()?;
        let (bytes, read) = match announced {
            Some(bytes) if bytes > MAX_BYTES => return Err(SqliteError::TooLarge { bytes }),
            Some(bytes) => (
                bytes,
                connection.deserialize_read_exact(MAIN_DB, &mut pages, bytes as usize, true),
            ),
            None => {
                let mut buffer = Vec::new();
                (&mut pages.input).take(MAX_BYTES + 1).read_to_end(&mut buffer)?;
                pages.got = buffer.len() as u64;
                let bytes = buffer.len() as u64;
                if bytes > MAX_BYTES {
                    return Err(SqliteError::TooLarge { bytes });
                }
                (bytes, connection.deserialize_read_exact(MAIN_DB, &buffer[..], buffer.len(), true))
            }
        };
        match read {
            Err(_) if pages.got < bytes => {
                return Err(SqliteError::CutOff { bytes: pages.got, announced: bytes });
            }
            read => read?,
        }
        let cut = (pages.padded > 0).then_some((pages.got, bytes));
        let tables = tables(&connection)?;
        Ok(Self { connection, tables, cut })
    }

    /// Bytes that are there and bytes announced, of a database that is cut off.
    pub(super) fn cut(&self) -> Option<(u64, u64)> {
        self.cut
    }

    pub(super) fn table_names(&self) -> Vec<&str> {
        self.tables.keys().map(String::as_str).collect()
    }

    /// A table, when it is there.
    pub(super) fn table<'a>(&'a self, name: &'a str) -> Option<Table<'a>> {
        let columns = self.tables.get(name)?;
        Some(Table { connection: &self.connection, name, columns })
    }
}

/// Size by the head; `None` where the head does not say.
fn announced_bytes(head: &[u8]) -> Option<u64> {
    let number = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let page = match u16::from_be_bytes(head.get(16..18)?.try_into().ok()?) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    let pages = u64::from(number(28)?);
    // The count of pages holds only where the last writer has kept it up.
    let is_kept = number(24)? == number(92)?;
    (is_kept && pages > 0 && page > 0).then_some(page * pages)
}

fn tables(connection: &Connection) -> Result<BTreeMap<String, Vec<String>>, SqliteError> {
    let mut list =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")?;
    let names = list.query_map([], |row| row.get::<_, String>(0))?;
    let mut tables = BTreeMap::new();
    for name in names {
        let name = name?;
        let mut list = connection.prepare("SELECT lower(name) FROM pragma_table_info(?1)")?;
        let columns = list.query_map([&name], |row| row.get(0))?;
        let columns = columns.collect::<Result<Vec<String>, _>>()?;
        tables.insert(name, columns);
    }
    Ok(tables)
}

/// The bytes of the file, and after them zeros, as many at most as there were bytes: SQLite wants all pages that the
/// head announces, and finds those at the end damaged.
struct Pages<'p, R> {
    input: R,
    progress: Progress<'p>,
    got: u64,
    padded: u64,
}

impl<R: Read> Read for Pages<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.progress)(self.got).is_break() {
            return Err(io::Error::other("cancelled"));
        }
        let len = buffer.len().min(1 << 20);
        let got = self.input.read(&mut buffer[..len])?;
        self.got += got as u64;
        if got > 0 {
            return Ok(got);
        }
        let zeros = (self.got - self.padded).min(len as u64);
        buffer[..zeros as usize].fill(0);
        self.padded += zeros;
        Ok(zeros as usize)
    }
}

/// One table.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    connection: &'a Connection,
    pub(super) name: &'a str,
    columns: &'a [String],
}

impl Table<'_> {
    /// Whether it has this column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.contains(&column.to_ascii_lowercase())
    }

    /// Hands every row's values of `columns` to `each`, in the order in which they are stored; gives their number.
    /// A column that the table lacks reads as null.
    ///
    /// # Errors
    /// When the table is damaged; the rows before have been handed over.
    pub(super) fn each(
        &self,
        columns: &[&str],
        progress: Progress<'_>,
        mut each: impl FnMut(&Cells<'_>),
    ) -> Result<u64, SqliteError> {
        let chosen: Vec<String> = columns
            .iter()
            .map(|name| if self.has(name) { quoted(name) } else { "NULL".to_owned() })
            .collect();
        let question = format!("SELECT {} FROM {}", chosen.join(", "), quoted(self.name));
        let mut statement = self.connection.prepare(&question)?;
        let mut rows = statement.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            each(&Cells(row));
            count += 1;
            if count % ROWS_A_LOOK == 0 && progress(0).is_break() {
                break;
            }
        }
        Ok(count)
    }

    /// Number of rows.
    pub(super) fn len(&self) -> Result<u64, SqliteError> {
        let question = format!("SELECT count(*) FROM {}", quoted(self.name));
        let count: i64 = self.connection.query_row(&question, [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The values of a row, by position among the columns asked for.
pub(super) struct Cells<'a>(&'a Row<'a>);

impl Cells<'_> {
    fn value(&self, at: usize) -> ValueRef<'_> {
        self.0.get_ref(at).unwrap_or(ValueRef::Null)
    }

    /// A whole number; texts of digits count.
    pub(super) fn int(&self, at: usize) -> Option<i64> {
        match self.value(at) {
            ValueRef::Integer(number) => Some(number),
            ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                Some(number as i64)
            }
            ValueRef::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
        }
    }

    /// Bytes as they are stored.
    pub(super) fn bytes(&self, at: usize) -> Option<&[u8]> {
        match self.value(at) {
            ValueRef::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn real(&self, at: usize) -> Option<f64> {
        match self.value(at) {
            ValueRef::Real(number) => Some(number),
            ValueRef::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
            _ => self.int(at).map(|number| number as f64),
        }
    }

    pub(super) fn text(&self, at: usize) -> Option<String> {
        match self.value(at) {
            ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Null | ValueRef::Blob(_) => None,
        }
    }
}
