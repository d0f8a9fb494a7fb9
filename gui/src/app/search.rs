use std::{ops::ControlFlow, sync::Arc};

use weftscope_traces::analysis::{Hits, Search};

use super::{document::Document, event::JobResult};
use crate::jobs::{Cancelled, JobControl};

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
