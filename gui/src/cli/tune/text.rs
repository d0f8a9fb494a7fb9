//! The lines of `tune`, each as soon as it is known.

use std::io::{self, Write};
use std::path::Path;

use weftscope_engine::{
    choose::{Candidate, Tried, fastest_whole},
    spec::RunSpec,
    split::{TableRow, padded_tokens},
};
use weftscope_profiler::collect::expected_error;
use weftscope_traces::{
    Doubt,
    words::{counted, times},
};

use super::{Length, TuneArgs};
use crate::cli::run_args::Backend;

/// What is tuned, and the heading.
pub(super) fn head(spec: &RunSpec, args: &TuneArgs, out: &mut dyn Write) -> io::Result<()> {
    let ranks = counted(spec.knobs.tp.into(), "rank");
    let shards = match spec.knobs.shard_of {
        Some(degree) => format!(", shards of {degree}"),
        None => String::new(),
    };
    writeln!(out, "{}, {ranks} of {}{shards}", spec.model.name, spec.machine.name)?;
    writeln!(out, "Simulated: an iteration of all layers, ms.")?;
    let error = expected_error(&spec.machine);
    writeln!(out, "{}", Doubt(error.as_ref()).sentence())?;
    if args.backend == Backend::Cuda {
        writeln!(
            out,
            "Measured: a layer, µs, of the best {} simulated and of no cut.",
            args.measure
        )?;
    }
    let heading = ["tokens", "cut", "CTAs", "simulated", "no cut", "gain"];
    let [tokens, cut, ctas, time, whole, gain] = heading;
    write!(out, "\n  {tokens:>6}  {cut:<15} {ctas:>6}  {time:>11} {whole:>9} {gain:>6}")?;
    if args.backend == Backend::Cuda {
        write!(out, "  {:>9} {whole:>9} {gain:>6}", "measured")?;
    }
    writeln!(out)
}

/// A row that was there already.
pub(super) fn known(tokens: u32, row: &TableRow, out: &mut dyn Write) -> io::Result<()> {
    let first = (padded_tokens(tokens) / 2).saturating_add_signed(row.split_offset);
    let (cut, ctas) = (cut_text(tokens, first), ctas_text(row.attention_ctas, row.mlp_ctas));
    writeln!(out, "  {tokens:>6}  {cut:<15} {ctas:>6}  in the table already")
}

/// What rows that were left alone are worth.
pub(super) fn kept(path: &Path, rows: u64, out: &mut dyn Write) -> io::Result<()> {
    let (path, rows) = (path.display(), counted(rows, "row"));
    let why = "which model, degree and machine they are of stands in no such table";
    writeln!(out, "{path}: {rows} kept as they were; {why}: --again tunes them anew")
}

/// What was found for a number of tokens.
pub(super) fn length(spec: &RunSpec, length: &Length, out: &mut dyn Write) -> io::Result<()> {
    let Length { tokens, simulated, measured, .. } = length;
    let Some((trial, _)) = length.best(spec).cut else {
        return writeln!(out, "  {tokens:>6}  too few to be cut at a tile");
    };
    let of_cut = |tried: &[Tried]| {
        let found = tried.iter().find(|tried| tried.candidate == Candidate::Cut(trial));
        found.map(|tried| tried.iteration_ns)
    };
    let cells = |tried: &[Tried], unit_ns: f64, decimals: usize| {
        let whole = fastest_whole(tried).map(|whole| whole.iteration_ns);
        let number = |ns: Option<f64>| ns.map(|ns| format!("{:.decimals$}", ns / unit_ns));
        let gain = of_cut(tried).zip(whole).map(|(cut, whole)| times(whole / cut));
        [number(of_cut(tried)), number(whole), gain].map(Option::unwrap_or_default)
    };
    let (cut, ctas) =
        (cut_text(*tokens, trial.first_tokens), ctas_text(trial.attn_ctas, trial.mlp_ctas));
    let [ms, whole_ms, gain] = cells(simulated, 1e6, 2);
    let [us, whole_us, measured_gain] = cells(measured, 1e3, 0);
    let line = format!(
        "  {tokens:>6}  {cut:<15} {ctas:>6}  {ms:>11} {whole_ms:>9} {gain:>6}  {us:>9} {whole_us:>9} {measured_gain:>6}"
    );
    let besides = if length.row.is_none() { "  no row: faster whole" } else { "" };
    writeln!(out, "{}{besides}", line.trim_end())
}

fn cut_text(tokens: u32, first: u32) -> String {
    format!("{first} + {}", tokens.saturating_sub(first))
}

fn ctas_text(attn: u32, mlp: u32) -> String {
    format!("{attn}, {mlp}")
}
