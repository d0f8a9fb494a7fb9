//! Reading and writing documents.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use weftscope_traces::{Classifier, Preview, Trace, edit::merge, tables::TableFormat};

use super::{Export, ExportFormat, JobControl, PictureLook};
#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
use crate::app::part::Question;
use crate::{
    app::{Document, JobResult, Unanswered, short_name},
    files::{
        Entry, FileError, SaveOptions, expand, open_trace_watched, paths_of_text, save_trace,
        write_atomically,
    },
    picture::{Figure, FigureOptions, PictureFormat, ShotOptions, figure, timeline_picture},
};

/// What is to be opened as one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Files, and folders for what lies in them.
    Paths(Vec<PathBuf>),
    /// The same as a line of text.
    Typed(String),
}

/// Reads files into one document; several are ranks of one job. Of a single large file `show` gets what was read so far
/// as it grows.
pub fn open(
    asked: &Asked,
    classifier: &Classifier,
    show: impl Fn(Vec<PathBuf>, Arc<Document>) + Send + Sync + 'static,
    control: &JobControl,
) -> JobResult {
    let read = || {
        let paths = match asked {
            Asked::Paths(paths) => expand(paths)?,
            Asked::Typed(text) => expand(&paths_of_text(text))?,
        };
        let show = Arc::new(show);
        let preview = (paths.len() == 1).then(|| {
            let (paths, show) = (paths.clone(), Arc::clone(&show));
            Preview::new(move |trace| {
                show(paths.clone(), Arc::new(document(trace, &paths, Document::drawn)));
            })
        });
        let (trace, place) = read(&paths, classifier, preview.as_ref(), control)?;
        let document = if trace.num_slices() < MANY_SLICES {
            document(trace, &paths, Document::prepare)
        } else {
            let drawn = Arc::new(document(trace, &paths, Document::drawn));
            show(paths.clone(), Arc::clone(&drawn));
            drawn.explained()
        };
        let document = Arc::new(document);
        if let Some(place) = place {
            keep(&document, place);
        }
        Ok(JobResult::Opened { paths, document })
    };
    read().unwrap_or_else(|error: FileError| ended(&error))
}

/// From so many slices on a document is shown before it is explained, which takes a second for a million.
const MANY_SLICES: usize = 1_000_000;

/// Gives the trace, and where the one file that it came from is to be kept.
fn read(
    paths: &[PathBuf],
    classifier: &Classifier,
    preview: Option<&Preview>,
    control: &JobControl,
) -> Result<(Trace, Option<Entry>), FileError> {
    let (mut traces, mut kept_later) = (Vec::with_capacity(paths.len()), None);
    // Each file gets an equal part of the bar: their sizes say little about each other once they are packed.
    let files = paths.len().max(1) as u64;
    for (index, path) in paths.iter().enumerate() {
        let mut hook = |done: u64, total: u64| {
            let part = done.min(total) * 1000 / total.max(1);
            match control.step(index as u64 * 1000 + part, files * 1000) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        };
        let (trace, place) = open_trace_watched(path, classifier, preview.cloned(), &mut hook)?;
        if paths.len() == 1 {
            kept_later = place;
        } else if let Some(place) = place {
            // One document is made of all: what this file gave is gone then.
            place.keep(&trace);
        }
        traces.push(trace);
    }
    let first = paths.first().map_or(Path::new(""), PathBuf::as_path);
    let trace = merge(traces).map_err(|error| FileError::new(error.to_string(), first))?;
    Ok((trace, kept_later))
}

/// Keeps what a large file gave, on a thread of its own: the window need not wait for it.
fn keep(document: &Document, place: Entry) {
    let trace = Arc::clone(&document.trace);
    // Without a thread it is read again next time.
    let _kept =
        thread::Builder::new().name("weftscope-keep".to_owned()).spawn(move || place.keep(&trace));
}

/// A trace that came from these files, as a document made of it.
fn document(
    trace: Trace,
    paths: &[PathBuf],
    make: impl FnOnce(Arc<Trace>, String) -> Document,
) -> Document {
    let first = paths.first().map_or(Path::new(""), PathBuf::as_path);
    let stem = short_name(first);
    let stem = stem.split('.').next().unwrap_or("trace").to_owned();
    #[cfg_attr(not(feature = "live"), expect(unused_mut, reason = "only the engine knows batches"))]
    let mut document = make(Arc::new(trace), stem);
    #[cfg(feature = "live")]
    {
        document.batch = crate::app::live::batch_of(&document.trace.meta);
    }
    document
}

/// Writes a document. Whatever lay at the path stays until the new file is whole.
pub fn export(document: &Document, export: &Export, control: &JobControl) -> JobResult {
    let Export { format, path, replace, .. } = export;
    if !replace && path.is_file() {
        return JobResult::Exists { format: *format, path: path.clone() };
    }
    match write(document, export, control) {
        Ok(()) => {
            let bytes = std::fs::metadata(path).map_or(0, |meta| meta.len());
            JobResult::Written { path: path.to_owned(), bytes }
        }
        Err(error) => ended(&error),
    }
}

fn write(document: &Document, export: &Export, control: &JobControl) -> Result<(), FileError> {
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    if let Some(written) = written_there(document, export, control) {
        return written;
    }
    let Export { look, query, figure, path, .. } = export;
    match export.format {
        ExportFormat::Trace(format) | ExportFormat::Predicted(format) => {
            let mut hook = |done, total| match control.step(done, total) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            };
            save_trace(&document.trace, path, (format, SaveOptions::default()), &mut hook)
        }
        ExportFormat::Png | ExportFormat::Svg | ExportFormat::Pdf | ExportFormat::Figure(_) => {
            write_picture(document, (*look, figure.as_ref()), path)
        }
        ExportFormat::Rows(format) => write_rows(document, (query, format), path, control),
    }
}

/// The stretch of time in view, or a figure, drawn without display or GPU; the format is what the name asks for.
fn write_picture(
    document: &Document,
    (look, of): (PictureLook, Option<&Figure>),
    path: &Path,
) -> Result<(), FileError> {
    let failed = |cause: String| FileError::new(cause, path);
    let format = PictureFormat::of_path(path).ok_or_else(|| {
        let names: Vec<_> = PictureFormat::ALL.iter().map(|one| one.extension()).collect();
        failed(format!("a picture's name must end in .{}", names.join(" or .")))
    })?;
    let PictureLook { mode, window } = look;
    let mut picture = match of {
        None => {
            let options = ShotOptions { mode, window, ..ShotOptions::default() };
            timeline_picture(&document.trace, &options)
        }
        Some(of) => {
            let options = FigureOptions { mode, window, ..FigureOptions::default() };
            figure(&document.trace, of.clone(), &options)
                .map_err(|error| failed(error.to_string()))?
        }
    };
    write_atomically(path, |out| {
        picture.write(format, out).map_err(|error| failed(error.to_string()))
    })
}

/// All rows of a query.
fn write_rows(
    document: &Document,
    (query, format): (&str, TableFormat),
    path: &Path,
    control: &JobControl,
) -> Result<(), FileError> {
    write_atomically(path, |out| {
        let written = document.queries().write_rows((query, format), out, control);
        written.map_err(|error| unwritten(error, path))
    })
}

fn unwritten(error: Unanswered, path: &Path) -> FileError {
    match error {
        Unanswered::Stopped => FileError::cancelled(path),
        #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
        Unanswered::Gone => {
            FileError::new("the run has gone on: pause it, and export it then", path)
        }
        Unanswered::Failed(why) => FileError::new(why, path),
    }
}

/// What is written where all of the document lies, and comes from there; `None`: what is here suffices, or must.
#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
fn written_there(
    document: &Document,
    export: &Export,
    control: &JobControl,
) -> Option<Result<(), FileError>> {
    let asker = document.asker()?;
    let question = match export.format {
        ExportFormat::Trace(format) => Question::File(format),
        ExportFormat::Rows(format) => Question::RowsFile(export.query.clone(), format),
        _ => return None,
    };
    let path = &export.path;
    Some(write_atomically(path, |out| {
        asker.ask(question, control, out).map_err(|error| unwritten(error, path))
    }))
}

fn ended(error: &FileError) -> JobResult {
    if error.cancelled { JobResult::Cancelled } else { JobResult::Failed(error.to_string()) }
}
