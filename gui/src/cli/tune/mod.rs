//! `tune`: the table of cuts and CTAs for a model and a degree, in the format of the TokenWeave artifact.

mod args;
mod text;

use std::{collections::BTreeMap, fs, io::Write, path::Path};

use serde::Serialize;
use weftscope_engine::{
    choose::{Settled, TIE, Tried, settle},
    cuda::CudaExecutor,
    executor::{ExecError, Executor},
    spec::{RunSpec, StrategyKind},
    split::{SplitTable, TableRow},
    tune::{Tuned, shortlist},
};
use weftscope_profiler::{
    bench::{Options, layers_us},
    collect::expected_error,
};
use weftscope_traces::{ExpectedError, words::counted};

pub(super) use self::args::TuneArgs;
use super::{
    Failure, Outcome, plain,
    progress::ProgressLine,
    run_args::Backend,
    run_spec::{prefill, run_failure, spec_on},
};
use crate::files::{FileError, check_target, write_atomically};

/// Layers that are measured: the first and the last do not count.
const LAYERS: u32 = 4;
/// How often each candidate is measured.
const TURNS: Options = Options { turns: 5, warm_up: 2, iterations: 4 };

/// One number of tokens: what was simulated, and of that measured.
#[derive(Debug, Serialize)]
struct Length {
    tokens: u32,
    /// Times of an iteration of all layers.
    simulated: Vec<Tried>,
    /// How far those are to be expected from measured ones; null where it is not known.
    expected_error: Option<ExpectedError>,
    /// Times of a layer; empty where nothing was measured.
    measured: Vec<Tried>,
    /// What stands in the table.
    row: Option<TableRow>,
}

impl Length {
    /// The best of what was measured, else of what was simulated.
    fn best(&self, spec: &RunSpec) -> Tuned {
        if self.measured.is_empty() {
            Tuned::of(spec, &self.simulated, TIE)
        } else {
            Tuned::of(spec, &self.measured, 1.0)
        }
    }
}

/// Tunes length after length; the table is on disk after each.
pub(super) fn run(args: &TuneArgs) -> Outcome {
    let specs = specs(args)?;
    let mut rows = match &args.output {
        Some(path) => known_rows(path)?,
        None => BTreeMap::new(),
    };
    for path in args.output.iter().chain(&args.json) {
        check_target(path)?;
    }
    let mut out = plain::stdout();
    text::head(&specs[0], args, &mut out)?;
    let (mut lengths, mut kept) = (Vec::new(), 0);
    for spec in &specs {
        let tokens = spec.batch.tokens();
        if let Some(row) = rows.get(&tokens).filter(|_| !args.again) {
            text::known(tokens, row, &mut out)?;
            kept += 1;
            continue;
        }
        let length = tuned(args, spec)?;
        text::length(spec, &length, &mut out)?;
        out.flush()?;
        match length.row {
            Some(row) => rows.insert(tokens, row),
            None => rows.remove(&tokens),
        };
        if let Some(path) = &args.output {
            write_table(path, &rows)?;
        }
        lengths.push(length);
        if let Some(path) = &args.json {
            write_json(path, &lengths)?;
        }
    }
    if let Some(path) = args.output.as_ref().filter(|_| kept > 0) {
        text::kept(path, kept, &mut out)?;
    }
    match &args.output {
        Some(path) if rows.is_empty() => writeln!(
            out,
            "{}: not written, since no cut is faster than none and a table without rows is none",
            path.display()
        )?,
        Some(path) => {
            let rows = counted(rows.len() as u64, "row");
            writeln!(out, "{}: {rows}; use it by `--table FILE --split table`", path.display())?;
        }
        None => {}
    }
    Ok(out.flush()?)
}

/// A run for each number of tokens.
fn specs(args: &TuneArgs) -> Result<Vec<RunSpec>, Failure> {
    for (given, argument) in
        [(args.on.split != "auto", "--split"), (args.on.table.is_some(), "--table")]
    {
        if given {
            return Err(Failure::misuse("cuts are what is tuned", argument));
        }
    }
    if args.tokens.is_empty() {
        return Err(Failure::misuse("no number of tokens is given", "--tokens"));
    }
    if args.measure == 0 {
        return Err(Failure::misuse("nothing to measure", "--measure 0"));
    }
    let layers = (args.backend == Backend::Cuda).then_some(LAYERS);
    let spec = |&tokens| {
        let batch = prefill(tokens, args.seq)?;
        let spec = spec_on(&args.on, args.backend, batch, StrategyKind::TokenWeave, layers)?;
        // What is wrong with the arguments is said before anything runs.
        weftscope_engine::plan::plan(&spec).map_err(|error| run_failure(error.into()))?;
        if spec.knobs.tp == 1 {
            let cause = "a single rank has nothing to communicate, so there is nothing to tune";
            return Err(Failure::misuse(cause, "--tp"));
        }
        Ok(spec)
    };
    args.tokens.iter().map(spec).collect()
}

/// Simulates, and measures the best few where there are GPUs.
fn tuned(args: &TuneArgs, spec: &RunSpec) -> Result<Length, Failure> {
    let tokens = spec.batch.tokens();
    let settled = settle(spec).map_err(|error| run_failure(error.into()))?;
    let Some(Settled { tried: simulated, .. }) = settled else {
        return Err(Failure::failed("no candidate runs", counted(tokens.into(), "token")));
    };
    let measured = match args.backend {
        Backend::Sim => Vec::new(),
        Backend::Cuda => measured(spec, &simulated, args.measure)?,
    };
    let expected_error = expected_error(&spec.machine);
    let mut length = Length { tokens, simulated, expected_error, measured, row: None };
    length.row = length.best(spec).row();
    Ok(length)
}

/// Times of a layer of the best few, on this computer's GPUs.
fn measured(spec: &RunSpec, simulated: &[Tried], most: usize) -> Result<Vec<Tried>, Failure> {
    let candidates = shortlist(simulated, most);
    let specs: Vec<RunSpec> = candidates.iter().map(|candidate| candidate.apply(spec)).collect();
    let mut line = ProgressLine::new(counted(spec.batch.tokens().into(), "token"));
    let mut open = |spec: &RunSpec| -> Result<Box<dyn Executor>, ExecError> {
        Ok(Box::new(CudaExecutor::open(spec.knobs.tp, true)?))
    };
    let layers = layers_us(&specs, TURNS, &mut open, &mut |done, total| {
        line.step(done, Some(total));
        true
    })
    .map_err(run_failure)?;
    if let (true, Some(Err(cause))) = (layers.iter().all(Result::is_err), layers.first()) {
        return Err(Failure::failed(cause, "--backend cuda"));
    }
    let tried = candidates.into_iter().zip(layers).map(|(candidate, layer)| Tried {
        candidate,
        iteration_ns: layer.map_or(f64::INFINITY, |spread| spread.median * 1e3),
        mlp_ns: None,
    });
    Ok(tried.collect())
}

/// Rows of a table that is there already; none where there is no file.
fn known_rows(path: &Path) -> Result<BTreeMap<u32, TableRow>, Failure> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let json =
        fs::read_to_string(path).map_err(|error| FileError::io("cannot read", &error, path))?;
    let table = SplitTable::parse(&json).map_err(|error| {
        FileError::new(format!("{error}; name another file, or remove this one"), path)
    })?;
    Ok(table.rows().collect())
}

fn write_table(path: &Path, rows: &BTreeMap<u32, TableRow>) -> Result<(), FileError> {
    if rows.is_empty() {
        return Ok(());
    }
    let table = SplitTable::from_rows(rows.iter().map(|(&tokens, &row)| (tokens, row)));
    write_atomically(path, |out| {
        let written = out.write_all(table.to_json().as_bytes());
        written.map_err(|error| FileError::io("cannot write", &error, path))
    })
}

fn write_json(path: &Path, lengths: &[Length]) -> Result<(), FileError> {
    write_atomically(path, |out| {
        serde_json::to_writer_pretty(out, lengths)
            .map_err(|error| FileError::new(error.to_string(), path))
    })
}
