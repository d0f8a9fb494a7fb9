//! `validate --what-if`: replays against their recordings, predicted changes against recordings of the change, against what was measured
//! in `engine/data`, and against the simulator; and what of that is stated beside every prediction.

mod recorded;
mod simulated;

use std::io::{self, Write};

use serde::Serialize;
use weftscope_traces::{
    Trace,
    analysis::{Config, Ops},
    replay::{Against, Answer, Change, Prepared, held},
};

use self::{
    recorded::{engine, pytorch, residuals},
    simulated::{degrees, late_ranks, machines, simulated},
};
use super::{Failure, Outcome, plain};
use crate::what_if::parsed;

/// One figure, both ways.
#[derive(Debug, Serialize)]
struct Figure {
    /// What it is of.
    what: String,
    /// In `unit`: µs, percent, or a number.
    recorded: f64,
    predicted: f64,
    unit: &'static str,
    /// Percent of what was recorded, or points, without sign.
    off: f64,
    /// What is wanted, in the same; `None` where it is stated, whatever it is.
    reach: Option<f64>,
}

impl Figure {
    fn time(what: impl Into<String>, [recorded, predicted]: [f64; 2], reach: f64) -> Self {
        let off = if recorded > 0.0 { 100.0 * (predicted / recorded - 1.0).abs() } else { 0.0 };
        Self { what: what.into(), recorded, predicted, unit: "µs", off, reach: Some(reach) }
    }
}

/// A table of figures.
#[derive(Debug, Serialize)]
struct Part {
    title: &'static str,
    figures: Vec<Figure>,
}

/// Prints all of it.
pub(super) fn run(files: &[String], as_json: bool) -> Outcome {
    let parts = [
        Part {
            title: "replayed unchanged: worst iteration, worst stream (percent off)",
            figures: residuals(files)?,
        },
        Part {
            title: "two PyTorch recordings of 2 × H200: sequential, woven by prediction, against woven as recorded",
            figures: pytorch()?,
        },
        Part {
            title: "this engine on 2 × H200, 4096 tokens: default as recorded, changed by prediction, against what was measured",
            figures: engine()?,
        },
        Part {
            title: "simulated runs: default, changed by prediction, against the changed run simulated",
            figures: simulated()?,
        },
        Part {
            title: "simulated runs: on one machine, predicted for another (machine=), against the run simulated there",
            figures: machines()?,
        },
        Part {
            title: "simulated runs: other degrees of tensor parallelism (tp=), against those simulated",
            figures: degrees()?,
        },
        Part {
            title: "simulated runs: a rank that is late or slow, taken out (no-straggler) or added (straggler=), against those simulated",
            figures: late_ranks()?,
        },
        Part {
            title: "what `what-if` states of a change: the largest error in traces/data/what_if.csv",
            figures: stated(),
        },
    ];
    if as_json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &parts).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(out.flush()?);
    }
    let mut out = plain::stdout();
    for part in &parts {
        write(part, &mut out)?;
    }
    Ok(out.flush()?)
}

fn write(part: &Part, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", part.title)?;
    writeln!(
        out,
        "  {:<56} {:>10} {:>10} {:>8} {:>6}",
        "", "recorded", "predicted", "off", "reach"
    )?;
    for figure in &part.figures {
        let Figure { what, recorded, predicted, unit, off, reach } = figure;
        let met = if reach.is_none_or(|reach| *off <= reach) { "" } else { "  missed" };
        let reach = reach.map_or_else(|| "–".to_owned(), |reach| reach.to_string());
        let off_unit = match *unit {
            "µs" => "%",
            "%" => "pt",
            _ => "",
        };
        writeln!(
            out,
            "  {what:<56} {recorded:>8.1} {unit:<2} {predicted:>7.1} {unit:<2} {off:>6.2} {off_unit:<2} {reach:>4}{met}"
        )?;
    }
    let times: Vec<f64> =
        part.figures.iter().filter(|figure| figure.unit == "µs").map(|figure| figure.off).collect();
    let mean = times.iter().sum::<f64>() / times.len().max(1) as f64;
    writeln!(out, "  mean of the times: {mean:.2} % off\n")
}

fn answer(trace: &Trace, edits: &[&str]) -> Result<Answer, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::failed(error, &trace.meta.title);
    let mut all = Vec::new();
    for edit in edits {
        all.extend(parsed(edit, Some(&trace.meta)).map_err(|error| failed(&error))?);
    }
    let ops = Ops::of(trace, &Config::default());
    Answer::of(&ops, &Prepared::of(&ops), &all).map_err(|error| failed(&error))
}

/// The row of each change that is furthest off, of those from which its stated error comes.
fn stated() -> Vec<Figure> {
    let of = |change: Change| {
        let against = change.stated_error()?.against;
        let rows = || held().iter().filter(|row| (row.change, row.against) == (change, against));
        let worst = rows().max_by(|a, b| a.off().total_cmp(&b.off()))?;
        let whose = match against {
            Against::Recording => "recordings",
            Against::Simulation => "simulations",
        };
        let what = format!("{}, {} rows against {whose}", change.name(), rows().count());
        let pair = [worst.taken_us, worst.predicted_us];
        Some(Figure { reach: None, ..Figure::time(what, pair, 0.0) })
    };
    Change::ALL.into_iter().filter_map(of).collect()
}
