use std::io::Write;
use std::path::{Path, PathBuf};

use weftscope_traces::{Classifier, Diagnostics, Trace, edit::merge};

use super::{Failure, convert, plain, report_text};
use crate::files::in_folders;

/// Reads recordings as they are named; a folder stands for those that lie in it, as in the window.
pub(super) fn opened(
    paths: &[PathBuf],
    classifier: &Classifier,
) -> Result<Vec<(PathBuf, Trace)>, Failure> {
    let open = |path: PathBuf| {
        let trace = convert::open(&path, classifier)?;
        Ok((path, trace))
    };
    in_folders(paths)?.into_iter().map(open).collect()
}

/// The same of one job, as one recording.
pub(super) fn as_one(paths: &[PathBuf], classifier: &Classifier) -> Result<Trace, Failure> {
    let traces = opened(paths, classifier)?.into_iter().map(|(_, trace)| trace).collect();
    let place = || paths.first().map_or(Path::new(""), PathBuf::as_path).display();
    merge(traces).map_err(|error| Failure::failed(error, place()))
}

/// The same, with what was lost of it told on standard error.
pub(super) fn as_one_told(paths: &[PathBuf], classifier: &Classifier) -> Result<Trace, Failure> {
    let trace = as_one(paths, classifier)?;
    tell_lost(paths, &trace.diagnostics);
    Ok(trace)
}

/// Says on standard error what was lost or is uncertain of recordings: for answers that have no place for it.
pub(super) fn tell_lost(paths: &[PathBuf], diagnostics: &Diagnostics) {
    if diagnostics.is_clean() {
        return;
    }
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let mut err = plain::stderr();
    // With standard error closed nobody can be told.
    let _unheard = writeln!(err, "{}:", paths.join(", "))
        .and_then(|()| report_text::losses(diagnostics, &mut err));
}
