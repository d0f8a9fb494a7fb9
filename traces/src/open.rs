//! The door through which any file comes in.

use std::io::{self, Read};

use thiserror::Error;

use crate::edit::{MergeError, merge};
use crate::format::{Format, OpenOptions, ReadError};
#[cfg(feature = "sqlite")]
use crate::interchange::sqlite;
use crate::interchange::{chrome, perfetto, rocprof, xplane};
use crate::stream::{BytesRead, Counting, Progress, read_ahead};
use crate::unpack::{Archive, Gunzip, Packing, Said, Tar, Unzstd, Zip};
use crate::{Trace, container, known};

/// Every format that [`open`] reads. The first whose probe accepts a file reads it, so the general stand last.
pub static FORMATS: &[Format] = &[
    container::FORMAT,
    #[cfg(feature = "sqlite")]
    sqlite::FORMAT,
    xplane::FORMAT,
    perfetto::FORMAT,
    rocprof::FORMAT,
    chrome::FORMAT,
];

/// Most layers of packing around a file.
const MAX_LAYERS: u32 = 5;
/// Most names of an archive that an error lists.
const MAX_NAMES: usize = 8;

/// Why a file could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// No bytes at all.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// None of the known formats.
    #[error("unknown format: {}", in_words(start, *is))]
    UnknownFormat {
        /// The first bytes, as text where they are text.
        start: String,
        /// What the file is and what helps, where that is known.
        is: Option<&'static str>,
    },
    /// The first bytes could not be read.
    #[error("reading failed after {at_byte} bytes: {source}")]
    Io {
        /// Bytes read before.
        at_byte: u64,
        /// What the reader says.
        #[source]
        source: io::Error,
    },
    /// The file is packed, and damaged before anything can be told of its content.
    #[error("{why}")]
    DamagedPacking {
        /// What is wrong with the packing, and where.
        why: String,
    },
    /// The file is packed and gave no trace; its packing is damaged too.
    #[error("{source}; {why}")]
    InDamagedPacking {
        /// What is wrong with the content.
        source: Box<Self>,
        /// What is wrong with the packing, and where.
        why: String,
    },
    /// Packed more often than anybody packs.
    #[error("the file is packed more than {MAX_LAYERS} times over")]
    TooDeep,
    /// An archive without a trace in it.
    #[error("the archive holds no trace: {inside}")]
    NothingInside {
        /// What it holds instead.
        inside: String,
    },
    /// The traces of an archive do not make one.
    #[error("the traces of the archive cannot be shown as one: {0}")]
    Merge(#[from] MergeError),
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

/// Reads a trace of any known format, plain or packed by gzip, zstd, tar or zip, recognised by its content; the file's
/// name plays no part.
///
/// Every trace of an archive is read; several are merged, as several files are. Packing that is damaged gives what
/// stands before the damage, with a note.
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
    let mut cancelled = false;
    // Progress counts bytes of the file, whatever the reader inside counts.
    let mut outer = |_: u64| {
        let flow = progress(count.get());
        cancelled |= flow.is_break();
        flow
    };
    let mut opening = Opening {
        options,
        said: Said::default(),
        count: &count,
        progress: &mut outer,
        traces: Vec::new(),
        others: Others::default(),
    };
    let result = opening.layer(&mut input, &options.title, 0);
    let Opening { said, traces, others, .. } = opening;
    if cancelled {
        return Err(OpenError::Cancelled);
    }
    match result {
        Ok(()) => together(traces, options, &said, &others),
        Err(error) => Err(match (said.first(), error) {
            (Some(why), OpenError::Empty | OpenError::UnknownFormat { .. }) => {
                OpenError::DamagedPacking { why }
            }
            (Some(why), source) => OpenError::InDamagedPacking { source: Box::new(source), why },
            (None, error) => error,
        }),
    }
}

/// One trace out of all that were found.
fn together(
    traces: Vec<Trace>,
    options: &OpenOptions,
    said: &Said,
    others: &Others,
) -> Result<Trace, OpenError> {
    if traces.is_empty() {
        let inside = others.in_words();
        return Err(match said.first() {
            Some(why) => OpenError::InDamagedPacking {
                source: Box::new(OpenError::NothingInside { inside }),
                why,
            },
            None => OpenError::NothingInside { inside },
        });
    }
    let is_one = traces.len() == 1;
    let mut trace = merge(traces)?;
    if !is_one && !options.title.is_empty() {
        trace = trace.with_meta(|meta| meta.title.clone_from(&options.title));
    }
    let said = said.take();
    Ok(trace.with_diagnostics(|diagnostics| {
        diagnostics.merge(said);
        diagnostics.remark("files in the archive that are no trace", others.num);
    }))
}

/// Files of an archive that are no traces.
#[derive(Default)]
struct Others {
    num: u64,
    /// The first few names.
    names: Vec<String>,
}

impl Others {
    fn add(&mut self, name: &str) {
        self.num += 1;
        if self.names.len() < MAX_NAMES {
            self.names.push(name.to_owned());
        }
    }

    fn in_words(&self) -> String {
        let more = self.num - self.names.len() as u64;
        match (self.names.is_empty(), more) {
            (true, _) => "it holds no file".to_owned(),
            (false, 0) => self.names.join(", "),
            (false, more) => format!("{} and {more} more", self.names.join(", ")),
        }
    }
}

/// A file while it is opened, layer by layer.
struct Opening<'a> {
    options: &'a OpenOptions,
    said: Said,
    /// Bytes read of the file itself.
    count: &'a BytesRead,
    progress: Progress<'a>,
    traces: Vec<Trace>,
    others: Others,
}

impl Opening<'_> {
    /// Reads what is packed `depth` times, called `name`.
    fn layer(&mut self, input: &mut dyn Read, name: &str, depth: u32) -> Result<(), OpenError> {
        let mut input = input;
        let at_byte = self.count.get();
        let head = read_ahead(&mut input, Format::PROBE_BYTES)
            .map_err(|source| OpenError::Io { at_byte, source })?;
        let packing = Packing::of(&head);
        let mut input = io::Cursor::new(head.clone()).chain(input);
        if packing.is_some() && depth == MAX_LAYERS {
            return Err(OpenError::TooDeep);
        }
        let said = self.said.clone();
        match packing {
            None => self.plain(&mut input, &head, name),
            Some(Packing::Gzip) => self.layer(&mut Gunzip::new(input, said), name, depth + 1),
            Some(Packing::Zstd) => self.layer(&mut Unzstd::new(input, said), name, depth + 1),
            Some(Packing::Tar) => self.archive(&mut Tar::new(input, said), depth + 1),
            Some(Packing::Zip) => self.archive(&mut Zip::new(input, said), depth + 1),
        }
    }

    fn archive(&mut self, archive: &mut dyn Archive, depth: u32) -> Result<(), OpenError> {
        loop {
            let at_byte = self.count.get();
            let next = archive.next().map_err(|source| OpenError::Io { at_byte, source })?;
            let Some(name) = next else { return Ok(()) };
            match self.layer(&mut *archive, &name, depth) {
                Ok(()) => {}
                Err(stop @ (OpenError::Io { .. } | OpenError::Cancelled)) => return Err(stop),
                Err(error) if is_no_trace(&error) => self.others.add(&name),
                Err(error) => {
                    self.others.add(&name);
                    self.said.note(format!("{name} in the archive was not read: {error}"));
                }
            }
        }
    }

    fn plain(&mut self, input: &mut dyn Read, head: &[u8], name: &str) -> Result<(), OpenError> {
        if head.is_empty() {
            return Err(OpenError::Empty);
        }
        let format = sniff(head).filter(|_| !known::is_utf16(head));
        let Some(format) = format else {
            let (start, is) = (shown(head), known::what_it_is(head));
            return Err(OpenError::UnknownFormat { start, is });
        };
        let options = OpenOptions { title: name.to_owned(), ..self.options.clone() };
        let trace = (format.read)(input, &options, self.progress)
            .map_err(|source| OpenError::Read { format: format.name, source })?;
        self.traces.push(trace);
        Ok(())
    }
}

/// True of a file that is something else, as opposed to a trace that is damaged.
fn is_no_trace(error: &OpenError) -> bool {
    match error {
        OpenError::Empty | OpenError::UnknownFormat { .. } => true,
        OpenError::Read { source, .. } => {
            matches!(source.downcast_ref(), Some(chrome::ImportError::NotATrace))
        }
        _ => false,
    }
}

fn in_words(start: &str, is: Option<&str>) -> String {
    if let Some(is) = is {
        return is.to_owned();
    }
    let names: Vec<String> = FORMATS.iter().map(Format::in_words).collect();
    let names = names.join(", ");
    format!("the file begins with {start}; known are {names}, each also in gzip, zstd, tar and zip")
}

fn shown(head: &[u8]) -> String {
    let head = &head[..head.len().min(8)];
    if head.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return format!("\"{}\"", String::from_utf8_lossy(head));
    }
    let hex: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.join(" ")
}
