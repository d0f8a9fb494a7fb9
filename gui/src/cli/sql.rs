//! `sql`: a query over recordings, answered on standard output, in a file, or as a track of the recording.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::builder::{PossibleValue, PossibleValuesParser};
use weftscope_query::{
    Cell, Database, QUESTIONS, QueryError, Question, StretchTaker, Taker, WritingTaker,
};
use weftscope_traces::tables::{RowWriter, TableFormat};
use weftscope_traces::words::counted;
use weftscope_traces::{Trace, edit::with_answer};

use super::{
    Failure, Outcome, args::SqlArgs, convert, progress::ProgressLine, recordings,
    sql_text::Columns, stdout,
};
use crate::files::{
    self, FileError, SaveOptions, TraceFormat, check_target, did_you_mean, is_stdio,
};

/// Longest query read from standard input, in bytes; more than SQLite takes.
const LONGEST: u64 = 2 << 20;

/// Takes names of questions.
pub(super) fn questions() -> PossibleValuesParser {
    let names = QUESTIONS.iter().map(|it| PossibleValue::new(it.name).help(it.about));
    names.collect::<Vec<_>>().into()
}

/// Reads the files as one, asks, hands the answer on.
pub(super) fn run(args: &SqlArgs) -> Outcome {
    let asked = args.question.as_deref().and_then(Question::of_name);
    let (query, files) = match asked {
        Some(question) => (question.sql.to_owned(), &args.files_and_query[..]),
        None => query_and_files(&args.files_and_query)?,
    };
    let target = target(args)?;
    let trace = Arc::new(trace(files, args)?);
    let database = Database::new(&trace);
    let database = database.map_err(|error| failure(&error, ("", args)))?;
    let mut asking = Asking { database, query: &query, args };
    match target {
        Target::People => stdout::text(|out| {
            let mut columns = Columns::new(out);
            asking.ask(&mut columns)?;
            Ok(columns.finish()?)
        }),
        Target::Rows(format, None) => stdout::table(format, |out| {
            rows(&mut asking, &trace, (format, out), &mut |_| ControlFlow::Continue(()))
        }),
        Target::Rows(format, Some(path)) => rows_to(&mut asking, &trace, (path, format)),
        Target::Track(name, path, format) => {
            let mut taker = StretchTaker::new(name, &query);
            asking.ask(&mut taker)?;
            drop(asking);
            save_track(trace, taker, (path, format))
        }
    }
}

/// Where an answer goes.
enum Target<'a> {
    /// Columns on standard output.
    People,
    /// A file, or standard output, for programs.
    Rows(TableFormat, Option<&'a Path>),
    /// A track of this name in a recording.
    Track(&'a str, &'a Path, TraceFormat),
}

fn target(args: &SqlArgs) -> Result<Target<'_>, Failure> {
    let file = |path: &PathBuf| if is_stdio(path) { Ok(()) } else { check_target(path) };
    if let (Some(name), Some(path)) = (&args.track, &args.output) {
        if name.trim().is_empty() {
            return Err(Failure::misuse("a track has a name", "--track"));
        }
        let format = convert::format_of(path)?;
        file(path)?;
        return Ok(Target::Track(name.trim(), path, format));
    }
    if let Some(path) = &args.parquet {
        file(path)?;
        let path = Some(path.as_path()).filter(|path| !is_stdio(path));
        return Ok(Target::Rows(TableFormat::Parquet, path));
    }
    Ok(match (args.csv, args.json) {
        (true, _) => Target::Rows(TableFormat::Csv, None),
        (_, true) => Target::Rows(TableFormat::Json, None),
        _ => Target::People,
    })
}

/// A query on its way.
struct Asking<'a> {
    database: Database,
    query: &'a str,
    args: &'a SqlArgs,
}

impl Asking<'_> {
    fn ask(&mut self, taker: &mut dyn Taker) -> Outcome {
        let limit = Duration::from_nanos(u64::try_from(self.args.time_limit.ns).unwrap_or(0));
        let begun = Instant::now();
        let stop = move || begun.elapsed() > limit;
        let answered = self.database.run(self.query, stop, &mut Telling(taker));
        answered.map_err(|error| failure(&error, (self.query, self.args)))
    }
}

/// Says what is passed over, and hands all else on.
struct Telling<'a>(&'a mut dyn Taker);

impl Taker for Telling<'_> {
    fn passed_over(&mut self, modules: &[String]) {
        eprintln!(
            "weftscope: passed over: INCLUDE PERFETTO MODULE {}; `weftscope sql --help` names the tables there are",
            modules.join(", ")
        );
    }

    fn columns(&mut self, names: &[String]) -> Result<(), String> {
        self.0.columns(names)
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<ControlFlow<()>, String> {
        self.0.row(cells)
    }
}

fn rows_to(
    asking: &mut Asking<'_>,
    trace: &Trace,
    (path, format): (&Path, TableFormat),
) -> Outcome {
    let mut line = ProgressLine::new(format!("writing {}", path.display()));
    // What went wrong with the query is said of the query, not of the file.
    let mut asked = Ok(());
    let written = files::write_atomically(path, |out| {
        let mut progress = |rows: u64| {
            line.step(rows, None);
            ControlFlow::Continue(())
        };
        asked = rows(asking, trace, (format, out), &mut progress);
        match &asked {
            Ok(()) => Ok(()),
            Err(_) => Err(FileError::new("no answer", path)),
        }
    });
    asked?;
    Ok(written?)
}

fn rows(
    asking: &mut Asking<'_>,
    trace: &Trace,
    (format, out): (TableFormat, &mut dyn Write),
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Outcome {
    let mut taker = WritingTaker(RowWriter::new(format, out, Some(&trace.meta), progress));
    asking.ask(&mut taker)?;
    taker.0.finish().map_err(|error| Failure::failed(error, "the answer"))
}

fn save_track(
    trace: Arc<Trace>,
    taker: StretchTaker,
    (path, format): (&Path, TraceFormat),
) -> Outcome {
    let (answer, skipped) = taker.finish();
    let slices = counted(answer.slices.len() as u64, "slice");
    let name = answer.name.clone();
    let place = path.display();
    let trace = Arc::try_unwrap(trace).unwrap_or_else(|shared| (*shared).clone());
    let trace = with_answer(trace, answer).map_err(|error| Failure::failed(error, &place))?;
    convert::save(&trace, path, (format, SaveOptions::default()))?;
    let mut out: Box<dyn Write> = match is_stdio(path) {
        true => Box::new(io::stderr()),
        false => Box::new(io::stdout()),
    };
    let passed_over = match skipped {
        0 => String::new(),
        _ => format!(", {} without a time passed over", counted(skipped, "row")),
    };
    writeln!(out, "{place}: {slices} as SQL: {name}{passed_over}")?;
    Ok(out.flush()?)
}

/// The last argument is the query, all before it are files.
fn query_and_files(all: &[PathBuf]) -> Result<(String, &[PathBuf]), Failure> {
    let Some((query, files)) = all.split_last().filter(|(_, files)| !files.is_empty()) else {
        return Err(Failure::Misuse("recordings first, then a query: sql".to_owned()));
    };
    if !files::is_stdio(query) {
        let text = query.to_str().ok_or_else(|| Failure::misuse("not UTF-8", "QUERY"))?;
        return Ok((text.to_owned(), files));
    }
    if files.iter().any(|file| files::is_stdio(file)) {
        return Err(Failure::misuse("standard input is one thing only, file or query", "-"));
    }
    let mut text = String::new();
    let read = io::stdin().lock().take(LONGEST).read_to_string(&mut text);
    read.map_err(|error| Failure::failed(error, "standard input"))?;
    Ok((text, files))
}

fn trace(files: &[PathBuf], args: &SqlArgs) -> Result<Trace, Failure> {
    let classifier = args.names.classifier()?;
    recordings::as_one_told(files, &classifier)
}

/// What went wrong and where, with the name that was meant or the option that helps.
fn failure(error: &QueryError, (query, args): (&str, &SqlArgs)) -> Failure {
    let help = match error {
        QueryError::Unknown { name, known, .. } => {
            let near = did_you_mean(name, known.iter().map(String::as_str));
            if near.is_empty() {
                ", `weftscope sql --help` names the tables".to_owned()
            } else {
                near
            }
        }
        QueryError::Stopped => {
            let seconds = args.time_limit.ns as f64 / 1e9;
            format!(" after {seconds} s, --time-limit gives it longer")
        }
        _ => String::new(),
    };
    let place = match error.place(query) {
        Some(place) => format!("line {} of the query, column {}", place.line, place.column),
        None => "query".to_owned(),
    };
    Failure::failed(format!("{error}{help}"), place)
}
