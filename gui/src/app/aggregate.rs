use weftscope_traces::analysis::{Selection, SelectionReport, selection};

use super::document::Document;
use crate::{
    jobs::{Cancelled, JobControl},
    timeline::RangeSelection,
};

/// The tables of a selected range.
pub type RangeTables = SelectionReport;

/// Aggregates a range; fails, in words, only where the recording lies elsewhere.
pub(crate) fn aggregate(
    document: &Document,
    range: &RangeSelection,
    control: &JobControl,
) -> Result<Result<RangeTables, String>, Cancelled> {
    control.step(0, 1)?;
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    if let Some(asker) = document.asker() {
        let question = super::part::Question::Range(range.span, range.tracks.clone());
        use super::queries::Unanswered;
        return match asker.answer(question, control) {
            Ok(tables) => Ok(Ok(tables)),
            Err(Unanswered::Failed(why)) => Ok(Err(why)),
            // A run that has gone on is asked again about what it did next.
            Err(Unanswered::Stopped | Unanswered::Gone) => Err(Cancelled),
        };
    }
    let range = Selection { window: range.span, tracks: range.tracks.clone() };
    let tables = selection(&document.trace, &range);
    control.step(1, 1)?;
    Ok(Ok(tables))
}
