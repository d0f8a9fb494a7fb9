//! `list`: names that other commands take, with a line about each.

#[cfg(feature = "live")]
mod choices;
mod row;

use std::io::Write;

use clap::{ValueEnum, builder::PossibleValue};
use weftscope_traces::Classifier;

pub(super) use self::row::Row;
#[cfg(not(feature = "live"))]
use super::no_engine::choices;
use super::{Failure, Outcome, args::Listing};
use crate::files::{SAMPLES, Sample, no_hook, open_trace};

/// Prints a table of names and one line about each.
pub(super) fn run(what: Option<Listing>) -> Outcome {
    let rows = match what {
        None => listings(),
        Some(Listing::Samples) => samples()?,
        Some(what) => choices::rows(what)?,
    };
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
