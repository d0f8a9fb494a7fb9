//! Finds what a search looks for, where that takes longer than a frame.

use std::{ops::ControlFlow, sync::Arc};

use weftscope_traces::analysis::{Hits, Search};

use super::{
    asking::{Older, Same},
    document::Document,
    effect::Effect,
    event::JobResult,
    state::State,
};
use crate::jobs::{Cancelled, JobControl, JobKind};

/// A search, and what it looks at.
pub(crate) type SearchQuestion = (Same<Search>, Same<Document>);

/// Finds the hits of a search that looks at more slices than one frame can; called once a frame. A search that is no
/// longer asked for is stopped before the next begins: never two at once.
pub(crate) fn flush_search(state: &mut State) -> Option<Effect> {
    let search = state.view().and_then(|view| view.search.unfinished()).cloned();
    let wanted = search.zip(state.document().cloned());
    let question = wanted.as_ref().map(|(search, document)| (Same::of(search), Same::of(document)));
    let jobs = (&state.jobs[..], JobKind::Search);
    state.search_asking.next(question, Older::Stops, jobs)?;
    let (search, document) = wanted?;
    let job = state.begin_job(JobKind::Search, "Searching");
    Some(Effect::Search(job, document, search))
}

/// Finds the hits.
pub(crate) fn find(document: &Document, search: Arc<Search>, control: &JobControl) -> JobResult {
    let total = search.num_slices(&document.trace) as u64;
    let hits = Hits::find(search, &document.trace, |done| match control.step(done as u64, total) {
        Ok(()) => ControlFlow::Continue(()),
        Err(cancelled) => ControlFlow::Break(cancelled),
    });
    match hits {
        Ok(hits) => JobResult::Found(Arc::new(hits)),
        Err(Cancelled) => JobResult::Cancelled,
    }
}
