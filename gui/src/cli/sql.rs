//! `sql`: a query over recordings, answered on standard output.

use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::builder::{PossibleValue, PossibleValuesParser};
use weftscope_query::{Database, QUESTIONS, QueryError, Question};
use weftscope_traces::{Trace, edit::merge};

use super::{
    Failure, Outcome,
    args::SqlArgs,
    convert, plain,
    sql_text::{Shape, Writer},
    stdout,
};
use crate::files::{self, did_you_mean};

/// Longest query read from standard input, in bytes; more than SQLite takes.
const LONGEST: u64 = 2 << 20;

/// Takes names of questions.
pub(super) fn questions() -> PossibleValuesParser {
    let names = QUESTIONS.iter().map(|it| PossibleValue::new(it.name).help(it.about));
    names.collect::<Vec<_>>().into()
}

/// Reads the files as one, asks, prints.
pub(super) fn run(args: &SqlArgs) -> Outcome {
    let asked = args.question.as_deref().and_then(Question::of_name);
    let (query, files) = match asked {
        Some(question) => (question.sql.to_owned(), &args.files_and_query[..]),
        None => query_and_files(&args.files_and_query)?,
    };
    let trace = trace(files, args)?;
    let mut database = Database::new(&Arc::new(trace)).map_err(|error| failure(&error, args))?;
    let shape = match (args.csv, args.json) {
        (true, _) => Shape::Csv,
        (_, true) => Shape::Json,
        _ => Shape::Columns,
    };
    // Names out of files do not steer a terminal; in a file they stay what they are.
    if shape == Shape::Columns || io::stdout().is_terminal() {
        return answer(&mut database, &query, args, shape, plain::stdout());
    }
    let mut answered = Ok(());
    stdout::bytes(|out| {
        answered = answer(&mut database, &query, args, shape, out);
        Ok(())
    })?;
    answered
}

fn answer(
    database: &mut Database,
    query: &str,
    args: &SqlArgs,
    shape: Shape,
    out: impl Write,
) -> Outcome {
    let limit = Duration::from_nanos(u64::try_from(args.time_limit.ns).unwrap_or(0));
    let begun = Instant::now();
    let mut writer = Writer::new(io::BufWriter::new(out), shape);
    let stop = move || begun.elapsed() > limit;
    database.run(query, stop, &mut writer).map_err(|error| failure(&error, args))?;
    Ok(writer.finish()?)
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
    let open = |file: &PathBuf| convert::open(file, &classifier);
    let traces: Vec<Trace> = files.iter().map(open).collect::<Result<_, _>>()?;
    let place = files.first().map(|file| file.display().to_string()).unwrap_or_default();
    merge(traces).map_err(|error| Failure::failed(error, place))
}

/// What went wrong, with the name that was meant or the option that helps.
fn failure(error: &QueryError, args: &SqlArgs) -> Failure {
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
    Failure::failed(format!("{error}{help}"), "query")
}
