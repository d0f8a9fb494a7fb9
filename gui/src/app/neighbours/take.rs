use std::{path::PathBuf, sync::Arc};

use weftscope_engine::neighbours::neighbour;

use super::NeighbourRun;
use crate::{
    app::{
        MarkStore, Shown, State,
        comparison::hold_opened,
        document::{DocumentId, OpenDocument},
    },
    timeline::ViewState,
};

/// Opens what ran in place of what ran of the same neighbour before, and holds what it is relative to beside it.
pub(crate) fn take_run(state: &mut State, run: NeighbourRun) {
    let NeighbourRun { shown, documents: [with, without] } = run;
    let title = neighbour(&shown.name).map_or(shown.name.as_str(), |neighbour| neighbour.title);
    // No file: it is simulated anew whenever it is wanted.
    let paths = vec![PathBuf::from(title)];
    let older = state.documents.iter().position(|open| open.paths == paths);
    let older = older.map(|at| state.documents.remove(at));
    let view = match &older {
        Some(older) => older.view.regrown(&older.document.timeline, &with.timeline),
        None => ViewState::new(&with.timeline),
    };
    let id = older.map_or_else(|| DocumentId(state.fresh_id()), |older| older.id);
    let marks = MarkStore::Session;
    state.documents.push(OpenDocument { id, paths, document: with, view, marks });
    state.shown = Shown::File(id);
    state.tables = None;
    hold_opened(state, format!("{title}: without"), Arc::clone(&without));
    state.neighbours.shown = Some(shown);
}
