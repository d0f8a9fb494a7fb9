//! What is available here, and the remedy for what is not.
//!
//! A check is a name and a function; nothing it finds missing stops the next one, and nothing panics: absent is a
//! value.

mod display;
#[cfg(feature = "gpus")]
mod gpu;

use std::io::{self, Write};

use super::Outcome;
use crate::{files::Prepared, theme::number};

pub(super) use display::has_display;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// It is there: what it is.
    Available(String),
    /// It is not there: why, and what would help.
    Missing { why: String, remedy: String },
    /// Worth knowing, neither good nor bad.
    Note(String),
}

/// One line of the report.
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) run: fn() -> Finding,
}

/// What was looked at, and what was found.
pub(super) type Line = (String, Finding);

/// Runs every check and prints what it found. What is missing is an answer, not a failure.
pub(super) fn run() -> Outcome {
    let mut out = io::stdout().lock();
    write(&Check { name: "simulator", run: simulator }.line(), &mut out)?;
    write(&Check { name: "prepared recordings", run: prepared }.line(), &mut out)?;
    #[cfg(feature = "gpus")]
    for line in gpu::lines() {
        write(&line, &mut out)?;
    }
    for check in display::CHECKS {
        write(&check.line(), &mut out)?;
    }
    Ok(out.flush()?)
}

impl Check {
    pub(super) fn line(&self) -> Line {
        (self.name.to_owned(), (self.run)())
    }
}

fn write((name, finding): &Line, out: &mut dyn Write) -> io::Result<()> {
    match finding {
        Finding::Available(what) => writeln!(out, "ok    {name}: {what}"),
        Finding::Note(what) => writeln!(out, "note  {name}: {what}"),
        Finding::Missing { why, remedy } => {
            writeln!(out, "none  {name}: {why}")?;
            writeln!(out, "      {:width$}  remedy: {remedy}", "", width = name.chars().count())
        }
    }
}

/// Large recordings that open at once because they were opened before.
fn prepared() -> Finding {
    match Prepared::look() {
        Ok(Prepared { folder, entries, bytes }) => Finding::Note(format!(
            "{entries}, {} in {}; can be removed at any time",
            number::bytes(bytes as f64),
            folder.display()
        )),
        Err(off) => Finding::Note(format!("none are kept: {off}")),
    }
}

#[cfg(feature = "gpus")]
fn simulator() -> Finding {
    let machines = weftscope_engine::machine::names().collect::<Vec<_>>().join(", ");
    Finding::Available(format!("machines {machines}; needs nothing of this computer"))
}

#[cfg(not(feature = "gpus"))]
fn simulator() -> Finding {
    Finding::Missing {
        why: "this build has no engine; it opens, analyses and converts recordings".to_owned(),
        remedy: "build with the feature `live`, which is on by default".to_owned(),
    }
}
