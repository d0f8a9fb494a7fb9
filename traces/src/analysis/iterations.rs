//! Where one iteration ends and the next begins.

use serde::Serialize;

use crate::model::{Span, Trace, TrackKind};

/// One iteration (training or inference step) of a rank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Iteration {
    /// Position in the trace, from 0.
    pub index: usize,
    /// As the mark names it, e.g. `iteration 3` or `ProfilerStep#12`.
    pub name: String,
    /// From the mark's start to its end.
    pub span: Span,
}

/// The iterations that marks show for a rank: its own marks, else those of all ranks; empty without marks.
///
/// An op belongs to the iteration in which it starts, so every op belongs to at most one.
pub(super) fn iterations(trace: &Trace, rank: u32) -> Vec<Iteration> {
    for marks in [TrackKind::Marks { rank: Some(rank) }, TrackKind::Marks { rank: None }] {
        let Some(track) = trace.find_track(&marks) else { continue };
        let Some(&lane) = trace.track(track).lanes.first() else { continue };
        let slices = &trace.lane(lane).slices;
        let rows = 0..slices.len();
        let of = |row| Iteration {
            index: row,
            name: trace.label(slices.label[row]).name.clone(),
            span: slices.span(row),
        };
        if !rows.is_empty() {
            return rows.map(of).collect();
        }
    }
    Vec::new()
}
