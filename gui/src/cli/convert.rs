use std::{ops::ControlFlow, path::Path};

use weftscope_traces::{Classifier, Trace};

use super::{Failure, Outcome, progress::ProgressLine};
use crate::files::{self, SaveOptions, TraceFormat};

/// Reads one format, writes another.
pub(super) fn run(input: &Path, output: &Path, own_names: bool) -> Outcome {
    let format = TraceFormat::of_path(output).map_err(|e| Failure::Misuse(e.to_string()))?;
    let trace = open(input, &Classifier::default())?;
    let options = SaveOptions { own_names, rank: None };
    save(&trace, output, (format, options))
}

/// Opens a recording with a progress line.
pub(super) fn open(path: &Path, classifier: &Classifier) -> Result<Trace, Failure> {
    let mut line = ProgressLine::new(format!("reading {}", path.display()));
    let trace = files::open_trace(path, classifier, &mut |done, total| {
        line.step(done, Some(total));
        ControlFlow::Continue(())
    })?;
    Ok(trace)
}

/// Writes a recording with a progress line.
pub(super) fn save(trace: &Trace, path: &Path, how: (TraceFormat, SaveOptions)) -> Outcome {
    let mut line = ProgressLine::new(format!("writing {}", path.display()));
    files::save_trace(trace, path, how, &mut |done, total| {
        line.step(done, Some(total));
        ControlFlow::Continue(())
    })?;
    Ok(())
}
