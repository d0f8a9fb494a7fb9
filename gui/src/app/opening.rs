//! Files are opened and closed, whoever asks.

#[cfg(feature = "live")]
use std::sync::Arc;

#[cfg(feature = "live")]
use super::document::{Document, OpenDocument};
use super::{
    document::{DocumentId, Shown},
    effect::Effect,
    state::{Overlay, State},
};
use crate::jobs::{Asked, JobKind};

/// Begins to open what is asked for; nothing where that is nothing.
pub(super) fn open(state: &mut State, asked: Asked, kind: JobKind) -> Vec<Effect> {
    let title = match &asked {
        Asked::Paths(paths) => match &paths[..] {
            [] => return Vec::new(),
            [one] => format!("Opening {}", super::document::short_name(one)),
            several => format!("Opening {} files", several.len()),
        },
        Asked::Typed(text) => format!("Opening {}", text.trim()),
    };
    state.overlay = Overlay::None;
    let job = state.begin_job(kind, title);
    vec![Effect::Open(job, asked)]
}

/// Closes a file; what was marked since the last frame is kept first.
pub(super) fn close(state: &mut State, id: DocumentId) -> Vec<Effect> {
    let unsaved = super::marks::flush_all(state);
    state.documents.retain(|open| open.id != id);
    if state.shown == Shown::File(id) {
        state.shown = state.fallback_shown();
    }
    unsaved
}

/// Puts a fuller reading of an opened document in its place; it is looked at as it was.
#[cfg(feature = "live")]
pub(super) fn refill(state: &mut State, old: &Arc<Document>, new: Arc<Document>) {
    let is_it = |open: &&mut OpenDocument| Arc::ptr_eq(&open.document, old);
    let Some(open) = state.documents.iter_mut().find(is_it) else { return };
    open.view = open.view.regrown(&old.timeline, &new.timeline);
    open.document = new;
}
