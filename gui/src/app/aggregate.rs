use weftscope_traces::analysis::{Selection, SelectionReport, selection};

use super::{asking::Older, document::Document, effect::Effect, state::State};
use crate::{
    jobs::{Cancelled, JobControl, JobKind},
    timeline::RangeSelection,
};

/// The tables of a selected range.
pub type RangeTables = SelectionReport;

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

/// Aggregates a range.
pub(crate) fn aggregate(
    document: &Document,
    range: &RangeSelection,
    control: &JobControl,
) -> Result<RangeTables, Cancelled> {
    control.step(0, 1)?;
    let range = Selection { window: range.span, tracks: range.tracks.clone() };
    let tables = selection(&document.trace, &range);
    control.step(1, 1)?;
    Ok(tables)
}
