use std::{path::PathBuf, sync::Arc};

use weftscope_traces::{
    Trace,
    analysis::{Config, Ops, Reports},
};

/// One recording and what it answers.
pub(super) struct Reported {
    /// As given.
    pub(super) file: PathBuf,
    pub(super) trace: Arc<Trace>,
    pub(super) answers: Reports,
}

/// Asks all recordings together, so that waiting for a rank of another file is seen.
pub(super) fn reports(traces: Vec<(PathBuf, Trace)>) -> Vec<Reported> {
    let together: Vec<&Trace> = traces.iter().map(|(_, trace)| trace).collect();
    let answers: Vec<Reports> =
        Ops::together(&together, &Config::default()).iter().map(Reports::of).collect();
    traces
        .into_iter()
        .zip(answers)
        .map(|((file, trace), answers)| Reported { file, trace: Arc::new(trace), answers })
        .collect()
}
