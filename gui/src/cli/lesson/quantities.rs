//! What a lesson may ask for, and what it is of a run: read while a lesson is written.

use std::io::Write;

use weftscope_traces::{Kind, Phase, analysis::PathKind};

use crate::{
    cli::{Failure, Outcome, plain},
    lessons::{Facts, PLACES, QUANTITIES, Quantity, Setup, Takes},
};

/// Prints the vocabulary, or its values.
pub(super) fn run(of: Option<&str>) -> Outcome {
    match of {
        None => vocabulary(),
        Some(json) => values(json),
    }
}

fn vocabulary() -> Outcome {
    let mut out = plain::stdout();
    writeln!(out, "Quantities of a run (before, after, or one of the step's own):")?;
    for quantity in QUANTITIES {
        let takes = quantity.takes.iter().map(|takes| takes.name()).chain(["run"]);
        let call = format!("{}({})", quantity.name, takes.collect::<Vec<_>>().join(", "));
        writeln!(out, "  {call:<30} {}", quantity.about)?;
    }
    writeln!(out, "Places on the timeline:")?;
    for place in PLACES {
        writeln!(out, "  {:<30} {}", place.name, place.about)?;
    }
    Ok(out.flush()?)
}

fn values(json: &str) -> Outcome {
    let misuse = |cause: String| Failure::misuse(cause, "--of");
    let setup: Setup = serde_json::from_str(json).map_err(|error| misuse(error.to_string()))?;
    let spec = setup.spec().map_err(misuse)?;
    let facts = Facts::simulated(&spec, &|| false).map_err(misuse)?;
    let mut out = plain::stdout();
    for quantity in QUANTITIES {
        for arguments in arguments(quantity, &facts) {
            // What is not known of this run is left out.
            if let Ok(value) = (quantity.of)(&facts, &arguments) {
                let call = format!("{}({})", quantity.name, arguments.join(", "));
                writeln!(out, "{call:<32} {}", value.words())?;
            }
        }
    }
    for place in PLACES {
        if let Ok(found) = place.find(&facts) {
            let first = found[0];
            let start_ns = facts.trace.span().start_ns;
            let [from, to] =
                [first.span.start_ns, first.span.end_ns].map(|ns| (ns - start_ns) as f64 / 1e3);
            let count = found.len();
            writeln!(
                out,
                "{:<32} {count}, the first on rank {} from {from} µs to {to} µs",
                place.name, first.rank
            )?;
        }
    }
    Ok(out.flush()?)
}

/// What a quantity can be asked for.
fn arguments(quantity: &Quantity, facts: &Facts) -> Vec<Vec<String>> {
    let Some(takes) = quantity.takes.first() else { return vec![Vec::new()] };
    let names: Vec<String> = match takes {
        Takes::Phase => Phase::ALL.map(|phase| phase.name().to_owned()).into(),
        Takes::Kind => Kind::ALL.map(|kind| kind.name().to_owned()).into(),
        Takes::Path => PathKind::ALL.map(|kind| kind.name().to_owned()).into(),
        Takes::Rank => facts.trace.meta.ranks.iter().map(|info| info.rank.to_string()).collect(),
        Takes::Op => {
            let rank = facts.reports.breakdown.ranks.first();
            rank.into_iter().flat_map(|rank| &rank.by_op).map(|row| row.name.clone()).collect()
        }
    };
    names.into_iter().map(|name| vec![name]).collect()
}
