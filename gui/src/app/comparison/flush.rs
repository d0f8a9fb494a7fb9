//! What differs, worked out off the thread of the window, anew whenever one of the two is another.

use std::sync::Arc;

use weftscope_traces::analysis::{CompareConfig, CompareReport, Config, Ops, compare};

use super::Role;
use crate::{
    app::{
        Document, Effect, State,
        asking::{Older, Same},
    },
    jobs::{Cancelled, JobControl, JobKind},
};

/// Asks what differs when that is not known; one question after another, so that a run that goes on is not asked about
/// faster than answers come.
pub(crate) fn flush_comparison(state: &mut State) -> Option<Effect> {
    let document = state.document()?.clone();
    let comparison = state.comparison.as_mut()?;
    let iterations = comparison.iterations(&document);
    let question = (Same::of(&document), iterations);
    let jobs = (&state.jobs[..], JobKind::Compare);
    comparison.asking.next(Some(question), Older::Ends, jobs)?;
    let mut documents = [Arc::clone(&comparison.reference.document), document];
    let mut iterations = iterations;
    if comparison.reference.role == Role::Predicted {
        documents.swap(0, 1);
        iterations.swap(0, 1);
    }
    let config = CompareConfig { iterations, ..CompareConfig::default() };
    let job = state.begin_job(JobKind::Compare, "Comparing");
    Some(Effect::Compare(job, documents, config))
}

/// Compares the second with the first.
pub(crate) fn compare_documents(
    documents: &[Arc<Document>; 2],
    config: CompareConfig,
    control: &JobControl,
) -> Result<CompareReport, Cancelled> {
    let mut ops = Vec::with_capacity(2);
    for (done, document) in documents.iter().enumerate() {
        control.step(done as u64, 3)?;
        ops.push(Ops::of(&document.trace, &Config::default()));
    }
    control.step(2, 3)?;
    Ok(compare(&ops[0], &ops[1], config))
}
