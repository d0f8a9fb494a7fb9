//! Where a row of an answer leads.

use weftscope_query::slice_of_id;
use weftscope_traces::{LaneId, SliceRef, Span, Trace};

use super::{SqlAnswer, SqlCell};
use crate::{
    app::{document::Document, effect::Effect, look::look, state::State},
    timeline::{RangeSelection, Selection, ViewCommand, all_tracks},
};

/// Selects the slice that a row is, else the stretch that it names, and brings it into view.
pub(super) fn go_to(state: &mut State, row: usize) -> Vec<Effect> {
    let Some(document) = state.document() else { return Vec::new() };
    let found = state.sql.answer().and_then(|answer| place(document, answer, row));
    let Some(found) = found else { return Vec::new() };
    look(state, ViewCommand::GoTo(found))
}

fn place(document: &Document, answer: &SqlAnswer, row: usize) -> Option<Selection> {
    let trace = &document.trace;
    // Of a part that is here slices have other ids than of all of it, which was asked.
    #[cfg(feature = "live")]
    let has_ids = document.part.is_none();
    #[cfg(not(feature = "live"))]
    let has_ids = true;
    let by_id = |column: &str| slice_of_id(trace, answer.int(row, column).filter(|_| has_ids)?);
    if let Some(slice) = by_id("slice_id") {
        return Some(Selection::Slice(slice));
    }
    let start_ns = answer.int(row, "ts")?;
    // Any table has an id; a slice's begins when the row says.
    let begins = |slice: &SliceRef| trace.span_of(*slice).start_ns == start_ns;
    if let Some(slice) = by_id("id").filter(begins) {
        return Some(Selection::Slice(slice));
    }
    let len_ns = answer.int(row, "dur").unwrap_or(0).max(0);
    let span = Span::new(start_ns, start_ns.saturating_add(len_ns));
    if answer.column("dur").is_some()
        && let Some(slice) = only_slice(trace, span, answer, row)
    {
        return Some(Selection::Slice(slice));
    }
    let rank = answer.int(row, "rank").and_then(|rank| u32::try_from(rank).ok());
    let of_rank = document.timeline.ranks.iter().find(|rows| Some(rows.rank) == rank);
    let tracks = match of_rank.and_then(|rows| rows.track) {
        Some(track) => vec![track],
        None => all_tracks(&document.timeline),
    };
    Some(Selection::Range(RangeSelection { span, tracks }))
}

/// The one slice that lies just there, by the row's name and rank where it says them.
fn only_slice(trace: &Trace, span: Span, answer: &SqlAnswer, row: usize) -> Option<SliceRef> {
    let name = answer.column("name").and_then(|at| match answer.rows[row].get(at) {
        Some(SqlCell::Text(name)) => Some(name),
        _ => None,
    });
    let rank = answer.int(row, "rank");
    let mut found = None;
    for (id, lane) in (0..).map(LaneId).zip(&trace.lanes) {
        let of = trace.track(lane.track).kind.rank().map(i64::from);
        if rank.is_some() && of != rank {
            continue;
        }
        let slices = &lane.slices;
        let from = slices.start_ns.partition_point(|&at| at < span.start_ns);
        let upto = slices.start_ns.partition_point(|&at| at <= span.start_ns);
        for index in from..upto {
            let is_named = name.is_none_or(|name| trace.label(slices.label[index]).name == *name);
            if slices.end_ns[index] == span.end_ns && is_named {
                // Two of them: the row does not say which.
                if found.is_some() {
                    return None;
                }
                found = Some(SliceRef { lane: id, index: index as u32 });
            }
        }
    }
    found
}
