use std::{path::PathBuf, sync::Arc};

use weftscope_traces::{
    Trace,
    analysis::{Config, OverlapReport, overlap_together},
};

/// One recording and how much of its communication is hidden.
pub(super) struct Reported {
    /// As given.
    pub(super) file: PathBuf,
    pub(super) trace: Arc<Trace>,
    pub(super) overlap: OverlapReport,
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
