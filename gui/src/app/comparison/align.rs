//! Both views brought together, once a frame.

use std::sync::Arc;

use super::{Comparison, Reference, Role};
use crate::{
    app::{
        State,
        document::{Document, OpenDocument},
    },
    timeline::{Ghost, ViewState},
};

/// Brings the views of the reference and of what is in view together; what is not compared is on its own clock and has
/// no ghost of it.
pub(crate) fn align(state: &mut State) {
    let Some(mut comparison) = state.comparison.take() else { return };
    comparison.link_marks(&mut state.documents);
    if let Some(document) = state.document().cloned()
        && let Some(view) = state.view_mut()
    {
        comparison.align_with(&document, view);
    }
    state.comparison = Some(comparison);
}

/// Takes what comparing has put into the views out of them again.
pub(super) fn part(state: &mut State) {
    state.documents.iter_mut().for_each(|open| part_view(&mut open.view));
    #[cfg(feature = "live")]
    if let Some(view) = state.live.as_mut().and_then(|live| live.view.as_mut()) {
        part_view(view);
    }
}

fn part_view(view: &mut ViewState) {
    view.zero_ns = 0;
    view.echo_ns = None;
    view.ghost = None;
}

impl Comparison {
    fn align_with(&mut self, document: &Document, view: &mut ViewState) {
        let zeros_ns = self.zeros_ns(document);
        let shift_ns = zeros_ns[0] - zeros_ns[1];
        let ghost = Ghost {
            data: self.reference.document.timeline.clone(),
            shift_ns: -shift_ns,
            opacity: 1.0,
            name: self.ghost_name(),
            has_ends: self.reference.role == Role::Predicted,
        };
        view.ghost = self.has_ghost.then_some(ghost);
        let held = &mut self.reference.view;
        [held.zero_ns, view.zero_ns] = zeros_ns;
        held.follow(view, shift_ns);
        let echo = |hover: Option<crate::timeline::Hover>, by_ns: i64| {
            hover.map(|hover| hover.time_ns.saturating_add(by_ns))
        };
        (held.echo_ns, view.echo_ns) = (echo(view.hover, shift_ns), echo(held.hover, -shift_ns));
        self.link_selections(document, view, zeros_ns);
    }

    /// What the outlines are of, for the legend.
    fn ghost_name(&self) -> String {
        let Reference { name, document, role, .. } = &self.reference;
        let origin = document.trace.meta.provenance.badge().to_uppercase();
        let [which, _] = role.names();
        format!("{}, {origin}: {name}", which.to_lowercase())
    }

    /// Marks of an opened file are the same wherever it is looked at: what is marked in one view of it is in the other.
    fn link_marks(&mut self, documents: &mut [OpenDocument]) {
        let held = &mut self.reference;
        let is_held = |open: &&mut OpenDocument| Arc::ptr_eq(&open.document, &held.document);
        let Some(open) = documents.iter_mut().find(is_held) else { return };
        let (theirs, mine) = (held.view.marks.list(), open.view.marks.list());
        if theirs == self.linked_marks && mine == self.linked_marks {
            return;
        }
        let (theirs, mine) = (theirs.to_vec(), mine.to_vec());
        open.view.merge_marks(&self.linked_marks, &theirs);
        held.view.merge_marks(&self.linked_marks, &mine);
        self.linked_marks = open.view.marks.list().to_vec();
    }

    /// Selects in one what was newly selected in the other.
    fn link_selections(&mut self, document: &Document, view: &mut ViewState, zeros_ns: [i64; 2]) {
        let held = &mut self.reference.view;
        let [theirs, mine] = [&self.reference.document.timeline, &document.timeline];
        if view.selection != self.linked[1] {
            let [theirs_ns, mine_ns] = zeros_ns;
            held.selection = view.selection.counterpart((mine, theirs), [mine_ns, theirs_ns]);
        } else if held.selection != self.linked[0] {
            view.selection = held.selection.counterpart((theirs, mine), zeros_ns);
        }
        self.linked = [held.selection.clone(), view.selection.clone()];
    }
}
