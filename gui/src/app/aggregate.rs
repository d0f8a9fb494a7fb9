use weftscope_traces::analysis::{Selection, SelectionReport, selection};

use super::document::Document;
use crate::{
    jobs::{Cancelled, JobControl},
    timeline::RangeSelection,
};

/// The tables of a selected range.
pub type RangeTables = SelectionReport;

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
