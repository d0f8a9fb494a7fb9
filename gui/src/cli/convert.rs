use std::{
    io::{self, Write},
    ops::ControlFlow,
    path::Path,
};

use weftscope_traces::{
    Classifier, Diagnostics, Trace, edit,
    tables::{Table, TableFormat, TableSource},
    words::{self, counted, duration},
};

use super::{
    Failure, Outcome, names::NameArgs, plain, progress::ProgressLine, report_text,
    reported::reports, stdout, tables,
};
use crate::files::{self, OutputFormat, SaveOptions, TraceFormat};

/// Reads one format, writes another, or one of the recording's tables; says what of it was written.
pub(super) fn run(
    input: &Path,
    (output, table): (&Path, Option<&str>),
    own_names: bool,
    names: &NameArgs,
) -> Outcome {
    let asked = asked(output, table)?;
    let trace = open(input, &names.classifier()?)?;
    let written = Written::of(&trace, &asked);
    match asked {
        Asked::Trace(format) => {
            let options = SaveOptions { own_names, rank: None };
            save(&trace, output, (format, options))?;
        }
        Asked::Table(table, format) if table.is_of_recordings() => {
            save_table(table, TableSource::Recordings(&[&trace]), output, format)?;
        }
        Asked::Table(table, format) => {
            let reports = reports(vec![(input.to_owned(), trace)]);
            tables::with_answers(&reports, |source| save_table(table, source, output, format))?;
        }
    }
    // It is written, whether anybody is told or not.
    let _told = written.say(output, &mut plain::stderr());
    Ok(())
}

/// What there is to say of what was written.
struct Written {
    what: String,
    /// What was lost or is not known already where it was read from.
    diagnostics: Diagnostics,
}

impl Written {
    fn of(trace: &Trace, asked: &Asked) -> Self {
        let what = match asked {
            Asked::Trace(_) => counted(trace.num_slices() as u64, "slice"),
            Asked::Table(table, _) => format!("table {}", table.name),
        };
        let ranks = words::ranks(&edit::ranks(trace));
        let span = duration(trace.span().len_ns());
        let origin = trace.meta.provenance.sentence();
        let lost = if trace.diagnostics.is_clean() { ", nothing lost" } else { "" };
        Self {
            what: format!("{what} of {ranks}, {span}, times are {origin}{lost}"),
            diagnostics: trace.diagnostics.clone(),
        }
    }

    fn say(&self, output: &Path, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}: {}", output.display(), self.what)?;
        report_text::losses(&self.diagnostics, out)?;
        out.flush()
    }
}

/// What is to be written.
enum Asked {
    Trace(TraceFormat),
    Table(&'static Table, TableFormat),
}

/// Tables that one ending stands for when none is named.
const SLICES: &str = "slices";

fn asked(output: &Path, table: Option<&str>) -> Result<Asked, Failure> {
    let misuse = |error: files::FileError| Failure::Misuse(error.to_string());
    let Some(name) = table else {
        if files::is_stdio(output) {
            return Ok(Asked::Trace(TraceFormat::Json));
        }
        return Ok(match OutputFormat::of_path(output).map_err(misuse)? {
            OutputFormat::Trace(format) => Asked::Trace(format),
            OutputFormat::Table(format) => Asked::Table(tables::named(SLICES)?, format),
        });
    };
    let table = tables::named(name)?;
    if files::is_stdio(output) {
        return Ok(Asked::Table(table, TableFormat::Csv));
    }
    let format = OutputFormat::table_of_path(output).map_err(misuse)?;
    Ok(Asked::Table(table, format))
}

fn save_table(
    table: &Table,
    source: TableSource<'_>,
    output: &Path,
    format: TableFormat,
) -> Outcome {
    match files::is_stdio(output) {
        true => tables::print(table, source, false),
        false => tables::save(table, source, output, format),
    }
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
                .map_err(stdout::failed)
        });
    }
    let mut line = ProgressLine::new(format!("writing {}", path.display()));
    files::save_trace(trace, path, how, &mut |done, total| {
        line.step(done, Some(total));
        ControlFlow::Continue(())
    })?;
    Ok(())
}
