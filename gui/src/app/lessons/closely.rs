//! What a step asks to look at, brought near: one op, with the SM rows of its rank.

use weftscope_engine::plan::OpRole;
use weftscope_traces::Span;

use super::signs::first;
use crate::{
    app::{effect::Effect, look::look, state::State},
    timeline::{FoldId, ViewCommand},
};

/// Shows the first op of a role on the first rank from end to end, and opens the rows of that rank's SMs.
pub(super) fn look_closely(state: &mut State, role: OpRole) -> Vec<Effect> {
    let Some(timeline) = state.document().map(|document| &document.timeline) else {
        return Vec::new();
    };
    let Some(span) = first(timeline, &|label| label.name == role.name()) else { return Vec::new() };
    let Some(rank) = timeline.ranks.first().map(|rows| rows.rank) else { return Vec::new() };
    // Its first and its last blocks stand in the picture.
    let margin_ns = span.len_ns() / 16;
    let shown = Span::new(span.start_ns - margin_ns, span.end_ns + margin_ns);
    let folded: Vec<FoldId> = [FoldId::Rank(rank), FoldId::Sms(rank)]
        .into_iter()
        .filter(|&id| state.view().is_some_and(|view| !view.is_open(id)))
        .collect();
    let commands = folded.into_iter().map(ViewCommand::Toggle).chain([ViewCommand::Show(shown)]);
    commands.collect::<Vec<_>>().into_iter().flat_map(|command| look(state, command)).collect()
}

/// Shows everything again, the SM rows folded.
pub(super) fn stand_back(state: &mut State) -> Vec<Effect> {
    let rank =
        state.document().and_then(|document| document.timeline.ranks.first().map(|rows| rows.rank));
    let open =
        rank.map(FoldId::Sms).filter(|&id| state.view().is_some_and(|view| view.is_open(id)));
    let commands = open.map(ViewCommand::Toggle).into_iter().chain([ViewCommand::Fit]);
    commands.collect::<Vec<_>>().into_iter().flat_map(|command| look(state, command)).collect()
}
