//! Asks for the tables of a selected range, for what explains it, and for the hits of a search, which belong to no tab.

use super::{
    asking::{Older, Same},
    effect::Effect,
    explaining::Explaining,
    state::{Overlay, State},
};
use crate::{jobs::JobKind, timeline::Selection};

/// Aggregates the selected range when that has not been done; called once a frame. While a range is being dragged
/// one aggregation follows another, never two at once, and the last tables stay until the next are ready.
pub(crate) fn flush_tables(state: &mut State) -> Option<Effect> {
    let range = state.view()?.selection.range()?.clone();
    let document = state.document()?.clone();
    let jobs = (&state.jobs[..], JobKind::Aggregate);
    let range = state.tables_asking.next(Some(range), Older::Ends, jobs)?;
    let job = state.begin_job(JobKind::Aggregate, "Aggregating the selection");
    Some(Effect::Aggregate(job, document, range))
}

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

/// Asks for what is selected, while that is on screen; called once a frame.
pub(crate) fn flush_explaining(state: &mut State) -> Option<Effect> {
    if state.overlay != Overlay::Explanation {
        state.explaining = Explaining::default();
        return None;
    }
    let selection = state.view()?.selection.clone();
    let document = state.document()?.clone();
    let is_ready = document.is_explained && selection != Selection::None;
    let question = is_ready.then(|| (selection, Same::of(&document)));
    let jobs = (&state.jobs[..], JobKind::Explain);
    let (selection, _) = state.explaining.asking.next(question, Older::Ends, jobs)?;
    let job = state.begin_job(JobKind::Explain, "Explaining the selection");
    Some(Effect::Explain(job, document, selection))
}
