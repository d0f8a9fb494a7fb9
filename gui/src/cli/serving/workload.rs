//! The requests that the arguments ask for.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use weftscope_engine::serving::{
    Arrivals, RequestTrace, ServingRequest, arrive, fixed, read_trace,
};
use weftscope_traces::words::counted;

use super::ServingArgs;
use crate::{
    cli::Failure,
    files::{FileError, is_stdio},
};

/// Requests without a trace, when no number is given.
const REQUESTS: u32 = 1000;
/// Most of them: each is remembered from its arrival to its end.
const MOST_REQUESTS: u32 = 10_000_000;

/// What is to be served.
pub(super) struct Workload {
    /// In order of arrival.
    pub(super) requests: Vec<ServingRequest>,
    /// What they are, for people.
    pub(super) words: String,
    /// Rows of the trace that were left out.
    pub(super) empty_rows: u64,
}

/// The requests, by the arguments.
pub(super) fn workload(args: &ServingArgs) -> Result<Workload, Failure> {
    let arrivals = arrivals(args)?;
    if args.requests.is_some_and(|count| count == 0 || count > MOST_REQUESTS) {
        let cause = format!("there must be between 1 and {MOST_REQUESTS} requests");
        return Err(Failure::misuse(cause, "--requests"));
    }
    match &args.trace {
        Some(path) => traced(path, args, arrivals),
        None => same_lengths(args, arrivals),
    }
}

/// When requests come, if the arguments say so.
fn arrivals(args: &ServingArgs) -> Result<Option<Arrivals>, Failure> {
    let Some(per_s) = args.rate else { return Ok(None) };
    if !(1e-6..=1e9).contains(&per_s) {
        let cause = format!("{per_s} requests a second is no rate; write for example 4");
        return Err(Failure::misuse(cause, "--rate"));
    }
    Ok(Some(Arrivals::Poisson { per_s, seed: args.on.seed }))
}

fn same_lengths(args: &ServingArgs, arrivals: Option<Arrivals>) -> Result<Workload, Failure> {
    let ServingArgs { prompt, output, .. } = *args;
    for (tokens, argument) in [(prompt, "--prompt"), (output, "--output")] {
        if !(1..=1 << 24).contains(&tokens) {
            let cause = format!("{tokens} tokens; there must be between 1 and {}", 1 << 24);
            return Err(Failure::misuse(cause, argument));
        }
    }
    let count = args.requests.unwrap_or(REQUESTS);
    let requests = fixed(count, prompt, output, arrivals.unwrap_or(Arrivals::AtOnce));
    let words = format!(
        "{} of {prompt} + {output} tokens, {}",
        counted(count.into(), "request"),
        when(args.rate, false)
    );
    Ok(Workload { requests, words, empty_rows: 0 })
}

fn traced(
    path: &Path,
    args: &ServingArgs,
    arrivals: Option<Arrivals>,
) -> Result<Workload, Failure> {
    let wrong = |error: String| FileError::new(error, path);
    let input: Box<dyn Read> = if is_stdio(path) {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|error| FileError::io("cannot read", &error, path))?)
    };
    let trace = read_trace(input).map_err(|error| wrong(error.to_string()))?;
    let RequestTrace { mut requests, has_arrivals, empty_rows } = trace;
    let of_file = requests.len();
    requests.truncate(args.requests.map_or(of_file, |count| count as usize));
    if let Some(arrivals) = arrivals {
        arrive(&mut requests, arrivals);
    }
    let first = if requests.len() < of_file { "the first " } else { "" };
    let words = format!(
        "{first}{} of {}, {}",
        counted(requests.len() as u64, "request"),
        if is_stdio(path) { "standard input".to_owned() } else { path.display().to_string() },
        when(args.rate, has_arrivals)
    );
    Ok(Workload { requests, words, empty_rows })
}

fn when(rate: Option<f64>, has_arrivals: bool) -> String {
    match rate {
        Some(rate) => format!("{rate} a second at random times"),
        None if has_arrivals => "at the times of the file".to_owned(),
        None => "all at once".to_owned(),
    }
}
