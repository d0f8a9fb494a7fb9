use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

use weftscope_traces::{
    Classifier, Trace,
    analysis::{Config, OverlapReport, overlap_together},
};

use super::{Failure, Outcome, args::ReportArgs, convert, report_json, report_text};

/// One recording and how much of its communication is hidden.
pub(super) struct Reported {
    /// As given.
    pub(super) file: PathBuf,
    pub(super) trace: Arc<Trace>,
    pub(super) overlap: OverlapReport,
}

/// Reads the files, matches their ranks, prints.
pub(super) fn run(args: &ReportArgs) -> Outcome {
    let classifier = Classifier::new(&args.comm).map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(String::new, |source| {
            format!(" ({})", source.to_string().lines().last().unwrap_or_default())
        });
        Failure::misuse(format!("{error}{cause}"), "--comm")
    })?;
    let mut traces = Vec::new();
    for file in &args.files {
        traces.push((file.clone(), convert::open(file, &classifier)?));
    }
    let reports = reports(traces);
    let mut out = io::stdout().lock();
    if args.json {
        report_json::write(&reports, &mut out)?;
    } else {
        report_text::write(reports, &mut out)?;
    }
    Ok(out.flush()?)
}

/// Asks all recordings together, so that waiting for a rank of another file is seen.
pub(super) fn reports(traces: Vec<(PathBuf, Trace)>) -> Vec<Reported> {
    let together: Vec<&Trace> = traces.iter().map(|(_, trace)| trace).collect();
    let overlaps = overlap_together(&together, &Config::default());
    traces
        .into_iter()
        .zip(overlaps)
        .map(|((file, trace), overlap)| Reported { file, trace: Arc::new(trace), overlap })
        .collect()
}
