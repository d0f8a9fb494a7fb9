//! `list`: names that other commands take, with a line about each.

#[cfg(feature = "gpus")]
mod choices;
mod row;

use std::io::Write;

use clap::{ValueEnum, builder::PossibleValue};
use weftscope_query::QUESTIONS;
use weftscope_traces::{
    Classifier,
    tables::{TABLES, TableFormat, write_texts},
};

pub(super) use self::row::Row;
#[cfg(not(feature = "gpus"))]
use super::no_engine::choices;
use super::{
    Failure, Outcome,
    args::{ListArgs, Listing},
    stdout,
};
use crate::files::{SAMPLES, Sample, no_hook, open_trace};

/// Prints a table of names and one line about each.
pub(super) fn run(args: &ListArgs) -> Outcome {
    let rows = match args.what {
        None => listings(),
        Some(Listing::Samples) => samples()?,
        Some(Listing::Tables) => TABLES.iter().map(|it| Row::new(it.name, it.about)).collect(),
        Some(Listing::Questions) => {
            QUESTIONS.iter().map(|it| Row::new(it.name, it.about)).collect()
        }
        Some(what) => choices::rows(what)?,
    };
    if args.json || args.csv {
        let format = if args.json { TableFormat::Json } else { TableFormat::Csv };
        let rows: Vec<[String; 2]> = rows.into_iter().map(|row| [row.name, row.line]).collect();
        return stdout::bytes(|out| {
            write_texts(["name", "about"], &rows, format, out).map_err(stdout::failed)
        });
    }
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut out = super::plain::stdout();
    for Row { name, line } in rows {
        writeln!(out, "{name:width$}  {line}")?;
    }
    Ok(out.flush()?)
}

/// What can be listed.
fn listings() -> Vec<Row> {
    let values = Listing::value_variants().iter().filter_map(Listing::to_possible_value);
    let row = |value: PossibleValue| {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        Row::new(value.get_name(), help)
    };
    values.map(row).collect()
}

fn samples() -> Result<Vec<Row>, Failure> {
    let row = |sample: &Sample| {
        let path = sample.path();
        let trace = open_trace(&path, &Classifier::default(), &mut no_hook)?;
        Ok(Row::new(path.display().to_string(), trace.meta.title.clone()))
    };
    SAMPLES.iter().map(row).collect()
}
