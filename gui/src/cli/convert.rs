use std::{ops::ControlFlow, path::Path};

use weftscope_traces::{Classifier, Trace};

use super::{Failure, Outcome, names::NameArgs, progress::ProgressLine, stdout};
use crate::files::{self, SaveOptions, TraceFormat};

/// Reads one format, writes another.
pub(super) fn run(input: &Path, output: &Path, own_names: bool, names: &NameArgs) -> Outcome {
    let format = format_of(output)?;
    let trace = open(input, &names.classifier()?)?;
    let options = SaveOptions { own_names, rank: None };
    save(&trace, output, (format, options))
}

/// Help of an argument that names the file to write.
pub(super) fn output_help() -> String {
    let endings = TraceFormat::ALL.iter().flat_map(|format| format.endings());
    let endings: Vec<String> = endings.map(|ending| format!(".{ending}")).collect();
    let endings = endings.join(", ");
    format!("File to write; its name says the format: {endings}. - is standard output, as JSON")
}

/// The format that an output asks for by its name; standard output gets JSON.
pub(super) fn format_of(output: &Path) -> Result<TraceFormat, Failure> {
    if files::is_stdio(output) {
        return Ok(TraceFormat::Json);
    }
    TraceFormat::of_path(output).map_err(|e| Failure::Misuse(e.to_string()))
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
    if files::is_stdio(path) {
        return stdout::bytes(|out| {
            files::write_trace(trace, out, how, &mut |_| ControlFlow::Continue(()))
        });
    }
    let mut line = ProgressLine::new(format!("writing {}", path.display()));
    files::save_trace(trace, path, how, &mut |done, total| {
        line.step(done, Some(total));
        ControlFlow::Continue(())
    })?;
    Ok(())
}
