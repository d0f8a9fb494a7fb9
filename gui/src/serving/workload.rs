//! The requests that are asked for, by lengths or out of a file.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use thiserror::Error;
use weftscope_engine::serving::{
    Arrivals, RequestTrace, ServingRequest, arrive, fixed, read_trace,
};
use weftscope_traces::words::counted;

use crate::files::{FileError, is_stdio};

/// Most of them: each is remembered from its arrival to its end.
const MOST_REQUESTS: u32 = 10_000_000;
/// Most tokens of a prompt or an answer.
const MOST_TOKENS: u32 = 1 << 24;

/// What is to be served.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Demand {
    /// Where requests are from.
    pub(crate) source: Source,
    /// How many; `None`: all of a file, else [`Demand::REQUESTS`].
    pub(crate) requests: Option<u32>,
    /// Requests a second, at random times; `None`: all at once, or when the file has them.
    pub(crate) rate_per_s: Option<f64>,
    /// What the random times follow from.
    pub(crate) seed: u64,
}

/// Where requests are from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// All are alike.
    Fixed {
        /// Tokens of each prompt.
        prompt_tokens: u32,
        /// Tokens of each answer.
        output_tokens: u32,
    },
    /// A CSV.
    Trace(PathBuf),
}

/// The requests themselves.
pub(crate) struct Workload {
    /// In order of arrival.
    pub(crate) requests: Vec<ServingRequest>,
    /// What they are, for people.
    pub(crate) words: String,
    /// Rows of the trace that were left out.
    pub(crate) empty_rows: u64,
}

/// Why there are no requests.
#[derive(Debug, Error)]
pub(crate) enum DemandError {
    /// A setting is out of its range.
    #[error("{name}: {cause}")]
    Setting {
        /// Its name on the command line.
        name: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// The file has none.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Demand {
    /// Requests without a trace, when no number is given.
    pub(crate) const REQUESTS: u32 = 1000;

    /// The requests that are asked for.
    ///
    /// # Errors
    /// [`DemandError`].
    pub(crate) fn workload(&self) -> Result<Workload, DemandError> {
        let arrivals = self.arrivals()?;
        if self.requests.is_some_and(|count| count == 0 || count > MOST_REQUESTS) {
            let cause = format!("there must be between 1 and {MOST_REQUESTS} requests");
            return Err(DemandError::Setting { name: "requests", cause });
        }
        match &self.source {
            Source::Trace(path) => Ok(self.traced(path, arrivals)?),
            &Source::Fixed { prompt_tokens, output_tokens } => {
                self.same_lengths(prompt_tokens, output_tokens, arrivals)
            }
        }
    }

    /// When requests come, if it is said.
    fn arrivals(&self) -> Result<Option<Arrivals>, DemandError> {
        let Some(per_s) = self.rate_per_s else { return Ok(None) };
        if !(1e-6..=1e9).contains(&per_s) {
            let cause = format!("{per_s} requests a second is no rate; write for example 4");
            return Err(DemandError::Setting { name: "rate", cause });
        }
        Ok(Some(Arrivals::Poisson { per_s, seed: self.seed }))
    }

    fn same_lengths(
        &self,
        prompt: u32,
        output: u32,
        arrivals: Option<Arrivals>,
    ) -> Result<Workload, DemandError> {
        for (tokens, name) in [(prompt, "prompt"), (output, "output")] {
            if !(1..=MOST_TOKENS).contains(&tokens) {
                let cause = format!("{tokens} tokens; there must be between 1 and {MOST_TOKENS}");
                return Err(DemandError::Setting { name, cause });
            }
        }
        let count = self.requests.unwrap_or(Self::REQUESTS);
        let requests = fixed(count, prompt, output, arrivals.unwrap_or(Arrivals::AtOnce));
        let words = format!(
            "{} of {prompt} + {output} tokens, {}",
            counted(count.into(), "request"),
            self.when(false)
        );
        Ok(Workload { requests, words, empty_rows: 0 })
    }

    fn traced(&self, path: &Path, arrivals: Option<Arrivals>) -> Result<Workload, FileError> {
        let wrong = |error: String| FileError::new(error, path);
        let input: Box<dyn Read> = if is_stdio(path) {
            Box::new(io::stdin().lock())
        } else {
            Box::new(File::open(path).map_err(|error| FileError::io("cannot read", &error, path))?)
        };
        let trace = read_trace(input).map_err(|error| wrong(error.to_string()))?;
        let RequestTrace { mut requests, has_arrivals, empty_rows } = trace;
        let of_file = requests.len();
        requests.truncate(self.requests.map_or(of_file, |count| count as usize));
        if let Some(arrivals) = arrivals {
            arrive(&mut requests, arrivals);
        }
        let first = if requests.len() < of_file { "the first " } else { "" };
        let words = format!(
            "{first}{} of {}, {}",
            counted(requests.len() as u64, "request"),
            if is_stdio(path) { "standard input".to_owned() } else { path.display().to_string() },
            self.when(has_arrivals)
        );
        Ok(Workload { requests, words, empty_rows })
    }

    /// When requests come, in words.
    fn when(&self, has_arrivals: bool) -> String {
        match self.rate_per_s {
            Some(rate) => format!("{rate} a second at random times"),
            None if has_arrivals => "at the times of the file".to_owned(),
            None => "all at once".to_owned(),
        }
    }
}
