//! What jobs of the tab tell, and what becomes of it.

use std::sync::Arc;

use weftscope_engine::{batch::Batch, spec::StrategyKind};

use super::{ServedStrategy, ServingHead, ServingRun, ServingTab};

/// What jobs of the tab tell.
pub enum ServingEvent {
    /// The requests are known.
    Head(ServingHead),
    /// A strategy is done.
    Served(ServedStrategy),
    /// Nothing is served, and why.
    Failed(String),
    /// An iteration of a strategy computes this batch.
    Batch(StrategyKind, usize, Batch),
}

/// Takes in what a job tells, when it is of what is asked for; gives the batch to run, if it is one.
pub(crate) fn apply_serving(
    tab: &mut ServingTab,
    of: &Arc<ServingRun>,
    event: ServingEvent,
) -> Option<(StrategyKind, Batch)> {
    if !tab.of.as_ref().is_some_and(|known| Arc::ptr_eq(known, of)) {
        return None;
    }
    match event {
        ServingEvent::Head(head) => tab.head = Some(head),
        ServingEvent::Served(result) => tab.take(result),
        ServingEvent::Failed(cause) => tab.failed = Some(cause),
        ServingEvent::Batch(strategy, number, batch) => {
            tab.opened = Some((strategy, number));
            return Some((strategy, batch));
        }
    }
    None
}
