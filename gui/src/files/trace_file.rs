//! Recordings in files: opened by content, and written in the format that is asked for.

#[cfg(not(target_arch = "wasm32"))]
use std::ffi::OsStr;
use std::{
    fs::File,
    io::{self, Read, Write},
    num::NonZero,
    path::Path,
};

use weftscope_traces::{
    Classifier, OpenOptions, Preview, Trace, container,
    edit::only_rank,
    interchange::{chrome, perfetto},
    open,
    stream::Progress,
};

#[cfg(not(target_arch = "wasm32"))]
use super::nsys;
use super::{
    Entry, FileError, Hook, Sample, TraceFormat, held::held, hook::told, write_atomically,
};

/// How a trace is written; only JSON knows options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaveOptions {
    /// Collectives keep their own names; else they get names that Holistic Trace Analysis takes for communication
    /// (ours are restored when such a file is read again).
    pub own_names: bool,
    /// Only this rank.
    pub rank: Option<u32>,
}

/// The path that stands for standard input or output.
pub const STDIO: &str = "-";

/// True for [`STDIO`].
pub fn is_stdio(path: &Path) -> bool {
    path.as_os_str() == STDIO
}

/// Reads a recording of any known format, told by its content, or a [`Sample`]; [`STDIO`] is standard input. Reports of
/// Nsight Systems are exported first, where `nsys` is installed.
///
/// # Errors
/// [`FileError`]: cause with the place inside the file, and the path.
pub fn open_trace(
    path: &Path,
    classifier: &Classifier,
    hook: Hook<'_>,
) -> Result<Trace, FileError> {
    let (trace, place) = open_trace_watched(path, classifier, None, hook)?;
    if let Some(place) = place {
        place.keep(&trace);
    }
    Ok(trace)
}

/// The same; large files are shown to `preview` while they are read. Gives with the trace the [`Entry`] in which it is
/// worth keeping, where there is none yet.
///
/// # Errors
/// As [`open_trace`].
pub fn open_trace_watched(
    path: &Path,
    classifier: &Classifier,
    preview: Option<Preview>,
    hook: Hook<'_>,
) -> Result<(Trace, Option<Entry>), FileError> {
    let only = |trace| (trace, None);
    let options = OpenOptions {
        title: String::new(),
        classifier: classifier.clone(),
        threads: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        preview,
    };
    if let Some(bytes) = held(path) {
        return read(&bytes[..], bytes.len() as u64, (path, options), hook).map(only);
    }
    if let Some(sample) = Sample::of_path(path)? {
        let bytes = sample.bytes.len() as u64;
        return read(sample.bytes, bytes, (path, options), hook).map(only);
    }
    if is_stdio(path) {
        return read(io::stdin().lock(), 0, (path, options), hook).map(only);
    }
    let file = File::open(path).map_err(|error| FileError::io("cannot open", &error, path))?;
    let meta = file.metadata().map_err(|error| FileError::io("cannot open", &error, path))?;
    if meta.is_dir() {
        return Err(FileError::new("cannot open: it is a folder", path));
    }
    #[cfg(not(target_arch = "wasm32"))]
    let nsys = OsStr::new(nsys::NSYS);
    #[cfg(not(target_arch = "wasm32"))]
    if meta.is_file()
        && nsys::is_report(path).unwrap_or(false)
        && let Some(export) = nsys::export(nsys, path, nsys::LIMIT, &mut || hook(0, 1).is_break())?
    {
        let io = |error: io::Error| FileError::io("cannot open its export", &error, path);
        let database = File::open(export.path()).map_err(io)?;
        let bytes = database.metadata().map_err(io)?.len();
        return read(database, bytes, (path, options), hook).map(only);
    }
    let place = Entry::of(path, &file, &meta, classifier);
    if let Some(trace) = place.as_ref().map_or(Ok(None), |place| place.open(hook))? {
        return Ok((trace, None));
    }
    Ok((read(file, meta.len(), (path, options), hook)?, place))
}

fn read(
    input: impl Read,
    total: u64,
    (path, options): (&Path, OpenOptions),
    hook: Hook<'_>,
) -> Result<Trace, FileError> {
    let title = match path.file_name() {
        _ if is_stdio(path) => "standard input".to_owned(),
        Some(name) => name.to_string_lossy().into_owned(),
        None => String::new(),
    };
    let options = OpenOptions { title, ..options };
    let (opened, cancelled) = told(hook, total, |progress| open(input, &options, progress));
    opened.map_err(|error| {
        if cancelled { FileError::cancelled(path) } else { FileError::new(error.to_string(), path) }
    })
}

/// Writes a recording: beside, then renamed; see [`write_atomically`].
///
/// # Errors
/// [`FileError`]; the file is then as it was.
pub fn save_trace(
    trace: &Trace,
    path: &Path,
    (format, options): (TraceFormat, SaveOptions),
    hook: Hook<'_>,
) -> Result<(), FileError> {
    let total = trace.num_slices() as u64;
    let (result, cancelled) = told(hook, total, |progress| {
        write_atomically(path, |out| {
            write_trace(trace, out, (format, options), progress)
                .map_err(|cause| FileError::new(cause, path))
        })
    });
    result.map_err(|error| if cancelled { FileError::cancelled(path) } else { error })
}

/// Writes a recording to an open output.
///
/// # Errors
/// In words.
pub fn write_trace(
    trace: &Trace,
    out: &mut dyn Write,
    (format, options): (TraceFormat, SaveOptions),
    progress: Progress<'_>,
) -> Result<(), String> {
    let one;
    let trace = match options.rank {
        Some(rank) => {
            one = only_rank(trace, rank).map_err(|error| error.to_string())?;
            &one
        }
        None => trace,
    };
    let json = |out: &mut dyn Write, gzip: bool, progress: Progress<'_>| {
        let how = chrome::ExportOptions { gzip, hta_names: !options.own_names };
        chrome::write(trace, out, &how, progress).map_err(|error| error.to_string())
    };
    match format {
        TraceFormat::Weft => {
            container::write(trace, out, progress).map_err(|error| error.to_string())
        }
        TraceFormat::Json => json(out, false, progress),
        TraceFormat::JsonGz => json(out, true, progress),
        TraceFormat::Perfetto => {
            perfetto::write(trace, out, progress).map_err(|error| error.to_string())
        }
    }
}
