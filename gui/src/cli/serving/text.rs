//! The tables of `serving`.

use std::io::{self, Write};

use weftscope_engine::serving::ServingReport;
use weftscope_traces::{Doubt, words::counted};

use super::{MODELLED, Said};
use crate::{
    cli::table::Table,
    serving::{Column, ITERATIONS, SPEEDS, empty_rows, refused},
    theme::number,
};

/// What was served, how fast, and what the iterations were.
pub(super) fn write(said: &Said<'_>, out: &mut dyn Write) -> io::Result<()> {
    head(said, out)?;
    figures(&said.strategies, &SPEEDS, out)?;
    writeln!(out)?;
    // Where the time went, in percent of the whole unless a heading says otherwise.
    figures(&said.strategies, &ITERATIONS, out)?;
    notes(said, out)
}

fn head(said: &Said<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Said { model, machine, requests, budget, max_seqs, cuda_graphs, .. } = said;
    writeln!(out, "{requests}")?;
    writeln!(out, "{model}, {} of {machine}", counted(said.tp.into(), "rank"))?;
    writeln!(
        out,
        "{} an iteration, {} at a time, keys and values of {} tokens ({} of each GPU), CUDA graphs {cuda_graphs}",
        counted((*budget).into(), "token"),
        counted((*max_seqs).into(), "sequence"),
        said.kv_tokens,
        number::bytes(said.kv_bytes as f64)
    )?;
    write!(out, "Times are {}.", said.provenance)?;
    if said.provenance == MODELLED {
        write!(out, " {}", Doubt(said.expected_error.as_ref()).sentence())?;
    }
    writeln!(out, "\n")
}

/// A line a strategy.
fn figures(
    reports: &[ServingReport],
    columns: &[Column; 12],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut table: Table<13> = Table::new(std::array::from_fn(|at| match at {
        0 => "strategy",
        _ => columns[at - 1].heading,
    }));
    for report in reports {
        table.row(std::array::from_fn(|at| match at {
            0 => report.strategy.name().to_owned(),
            _ => (columns[at - 1].cell)(report),
        }));
    }
    table.write(out)
}

fn notes(said: &Said<'_>, out: &mut dyn Write) -> io::Result<()> {
    let refused_by_any = said.strategies.first().map_or(0, |report| report.refused);
    let notes = [empty_rows(said.empty_rows), refused(refused_by_any, said.kv_tokens)];
    for note in notes.into_iter().flatten() {
        writeln!(out, "\n{note}")?;
    }
    let total = |of: fn(&ServingReport) -> u64| said.strategies.iter().map(of).sum::<u64>();
    let iterations = counted(total(|report| report.iterations), "iteration");
    let simulated: Option<u64> =
        said.strategies.iter().map(|report| report.simulated_batches).sum();
    let from = simulated.map_or_else(String::new, |batches| {
        format!(" from {}", counted(batches, "simulated batch"))
    });
    let took = number::duration_ns((said.seconds * 1e9) as i64);
    writeln!(out, "\n{iterations}{from} in {took}")
}
