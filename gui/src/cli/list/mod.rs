//! `list`: names that other commands take, with a line about each.

#[cfg(feature = "live")]
mod choices;

use weftscope_traces::Classifier;

#[cfg(not(feature = "live"))]
use super::no_engine::choices;
use super::{Failure, Outcome, args::Listing};
use crate::files::{SAMPLES, Sample, no_hook, open_trace};

/// Name and line of each thing listed.
pub(super) type Rows = Vec<(String, String)>;

/// Prints a table of names and one line about each.
pub(super) fn run(what: Listing) -> Outcome {
    use std::io::Write;

    let rows = match what {
        Listing::Samples => samples()?,
        what => choices::rows(what)?,
    };
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for (name, line) in rows {
        writeln!(out, "{name:width$}  {line}")?;
    }
    Ok(out.flush()?)
}

fn samples() -> Result<Rows, Failure> {
    let row = |sample: &Sample| {
        let path = sample.path();
        let trace = open_trace(&path, &Classifier::default(), &mut no_hook)?;
        Ok((path.display().to_string(), trace.meta.title))
    };
    SAMPLES.iter().map(row).collect()
}
