//! The door through which any file comes in.

use std::io::{self, Read};

use thiserror::Error;

use crate::format::{Format, OpenOptions, ReadError};
use crate::interchange::chrome;
use crate::stream::{BytesRead, Counting, GZIP_MAGIC, Progress, gunzip, read_ahead};
use crate::{Trace, container};

/// Every format that [`open`] reads. The first whose probe accepts a file reads it, so the general stand last.
pub static FORMATS: &[Format] = &[container::FORMAT, chrome::FORMAT];

/// Why a file could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// No bytes at all.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// None of the known formats.
    #[error(
        "unknown format: the file begins with {start}; known are {}, each also in gzip",
        known()
    )]
    UnknownFormat {
        /// The first bytes, as text where they are text.
        start: String,
    },
    /// The first bytes could not be read or decompressed.
    #[error("reading failed after {at_byte} bytes: {source}")]
    Io {
        /// Bytes read before.
        at_byte: u64,
        /// What the reader says.
        #[source]
        source: io::Error,
    },
    /// The gzip stream ends before anything can be told of its content.
    #[error("the file is cut off: its gzip stream ends after {at_byte} bytes")]
    CutOff {
        /// Bytes in the file.
        at_byte: u64,
    },
    /// The format's reader gave no trace.
    #[error("{source}")]
    Read {
        /// [`Format::name`].
        format: &'static str,
        /// The reader's own error, e.g. [`chrome::ImportError`] or [`container::ContainerError`].
        source: ReadError,
    },
    /// The progress callback asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// The format of a file with these first bytes ([`Format::PROBE_BYTES`] are enough), unpacked; `None` for no known one.
pub fn sniff(start: &[u8]) -> Option<&'static Format> {
    FORMATS.iter().find(|format| (format.probe)(start))
}

/// Reads a trace of any known format, plain or in gzip, recognised by its content; the file's name plays no part.
///
/// # Errors
/// [`OpenError`]; every message is one line and says what is wrong and where.
pub fn open(
    input: impl Read,
    options: &OpenOptions,
    progress: Progress<'_>,
) -> Result<Trace, OpenError> {
    let count = BytesRead::default();
    let mut input = Counting::new(input, count.clone());
    let failed = |source| OpenError::Io { at_byte: count.get(), source };
    let head = read_ahead(&mut input, Format::PROBE_BYTES).map_err(failed)?;
    let is_gzip = head.starts_with(&GZIP_MAGIC);
    let mut input = io::Cursor::new(head.clone()).chain(input);
    let mut cancelled = false;
    // Progress counts bytes of the file, whatever the reader inside counts.
    let mut outer = |_: u64| {
        let flow = progress(count.get());
        cancelled |= flow.is_break();
        flow
    };
    let result = if is_gzip {
        let mut input = gunzip(input);
        let head = match read_ahead(&mut input, Format::PROBE_BYTES) {
            Ok(head) => head,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(OpenError::CutOff { at_byte: count.get() });
            }
            Err(source) => return Err(failed(source)),
        };
        let mut input = io::Cursor::new(head.clone()).chain(input);
        plain(&mut input, &head, options, &mut outer)
    } else {
        plain(&mut input, &head, options, &mut outer)
    };
    if cancelled { Err(OpenError::Cancelled) } else { result }
}

fn plain(
    input: &mut dyn Read,
    head: &[u8],
    options: &OpenOptions,
    progress: Progress<'_>,
) -> Result<Trace, OpenError> {
    if head.is_empty() {
        return Err(OpenError::Empty);
    }
    let Some(format) = sniff(head) else {
        return Err(OpenError::UnknownFormat { start: shown(head) });
    };
    (format.read)(input, options, progress)
        .map_err(|source| OpenError::Read { format: format.name, source })
}

fn known() -> String {
    let names: Vec<String> = FORMATS.iter().map(Format::in_words).collect();
    names.join(", ")
}

fn shown(head: &[u8]) -> String {
    let head = &head[..head.len().min(8)];
    if head.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return format!("\"{}\"", String::from_utf8_lossy(head));
    }
    let hex: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.join(" ")
}
