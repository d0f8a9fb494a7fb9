use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;
use thiserror::Error;

use super::Progress;
use super::chrome::{self, BytesRead, Counting, ImportError, ImportOptions};
use crate::Trace;
use crate::container::{self, ContainerError};

/// First bytes of a gzip member.
pub(super) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A format that [`open`] can tell and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our own container.
    Weft,
    /// Chrome/Kineto JSON.
    ChromeJson,
    /// Something compressed by gzip; what, only decompression tells.
    Gzip,
}

/// Why a file could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// No bytes at all.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// None of the known formats.
    #[error(
        "unknown format: the file begins with {start}; known are .weft, Chrome/PyTorch JSON and the same in gzip"
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
    /// Chrome/Kineto JSON that gave no trace.
    #[error(transparent)]
    Chrome(#[from] ImportError),
    /// A `.weft` file that gave no trace.
    #[error(transparent)]
    Container(#[from] ContainerError),
}

/// Tells the format by the first bytes (16 are enough unless the text begins with blanks); `None` for no known one.
pub fn sniff(start: &[u8]) -> Option<Format> {
    if start.starts_with(&container::MAGIC) {
        return Some(Format::Weft);
    }
    if start.starts_with(&GZIP_MAGIC) {
        return Some(Format::Gzip);
    }
    let text = start.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(start);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{' | b'[') => Some(Format::ChromeJson),
        _ => None,
    }
}

/// Reads a trace of any known format, told by its first bytes; the file's name plays no part.
///
/// # Errors
/// [`OpenError`]; every message is one line and says what is wrong and where.
pub fn open(
    input: impl Read,
    options: &ImportOptions,
    progress: Progress<'_>,
) -> Result<Trace, OpenError> {
    let count = BytesRead::default();
    let mut input = Counting::new(input, count.clone());
    let failed = |source| OpenError::Io { at_byte: count.get(), source };
    let head = read_ahead(&mut input, SNIFF_BYTES).map_err(failed)?;
    if head.is_empty() {
        return Err(OpenError::Empty);
    }
    let format = sniff(&head);
    let input = io::Cursor::new(head.clone()).chain(input);
    if format != Some(Format::Gzip) {
        return plain(format, input, &head, options, progress);
    }
    // Progress counts compressed bytes, whatever the reader inside counts.
    let mut outer = |_: u64| progress(count.get());
    let mut input = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, input));
    let head = match read_ahead(&mut input, SNIFF_BYTES) {
        Ok(head) => head,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(ImportError::Truncated { line: 1, column: 1 }.into());
        }
        Err(source) => return Err(failed(source)),
    };
    if head.is_empty() {
        return Err(OpenError::Empty);
    }
    let format = sniff(&head).filter(|&format| format != Format::Gzip);
    let input = io::Cursor::new(head.clone()).chain(input);
    plain(format, input, &head, options, &mut outer)
}

const SNIFF_BYTES: usize = 256;

fn plain(
    format: Option<Format>,
    input: impl Read,
    head: &[u8],
    options: &ImportOptions,
    progress: Progress<'_>,
) -> Result<Trace, OpenError> {
    match format {
        Some(Format::Weft) => Ok(container::read(input, progress)?),
        Some(Format::ChromeJson) => Ok(chrome::read(input, options, progress)?),
        Some(Format::Gzip) | None => Err(OpenError::UnknownFormat { start: shown(head) }),
    }
}

/// Up to `len` bytes; fewer only at the end of the input.
pub(super) fn read_ahead(input: &mut impl Read, len: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(len);
    input.take(len as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn shown(head: &[u8]) -> String {
    let head = &head[..head.len().min(8)];
    if head.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return format!("\"{}\"", String::from_utf8_lossy(head));
    }
    let hex: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.join(" ")
}
