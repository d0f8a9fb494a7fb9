//! What a report on serving says beside its figures.

use weftscope_engine::spec::{RunSpec, SplitChoice};
use weftscope_traces::words::counted;

/// Rows of a file that were left out, if any were.
pub(crate) fn empty_rows(rows: u64) -> Option<String> {
    let left_out = || {
        let rows = counted(rows, "row");
        format!("{rows} of the trace without a prompt or an answer left out")
    };
    (rows > 0).then(left_out)
}

/// Requests that no cache of `kv_tokens` can hold, if there were any.
pub(crate) fn refused(requests: u64, kv_tokens: u64) -> Option<String> {
    let refused = || {
        let requests = counted(requests, "request");
        format!("{requests} refused: keys and values of more than {kv_tokens} tokens")
    };
    (requests > 0).then(refused)
}

/// The cut that a run has at a fixed token, and why it serves nobody.
pub(crate) fn fixed_cut(spec: &RunSpec) -> Option<(u32, &'static str)> {
    let SplitChoice::Fixed(tokens) = spec.knobs.split else { return None };
    Some((tokens, "iterations differ in tokens, so a cut at a fixed one suits few"))
}
