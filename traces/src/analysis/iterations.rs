use serde::Serialize;

use super::stats::median;
use super::{Config, gpu_ops, ranks};
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
pub fn iterations(trace: &Trace, rank: u32) -> Vec<Iteration> {
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

/// Iterations of all ranks asked for: their median length and how many there are. A rank without marks counts as one
/// iteration from its first op's start to its last op's end. `(0, 0)` without ops.
pub fn median_iteration_ns(trace: &Trace, config: &Config) -> (i64, usize) {
    let mut lengths_ns: Vec<i64> = Vec::new();
    for rank in ranks(trace, config) {
        let in_window =
            |mark: &Iteration| config.window.is_none_or(|window| mark.span.overlaps(window));
        let marks: Vec<Iteration> = iterations(trace, rank).into_iter().filter(in_window).collect();
        if marks.is_empty() {
            let ops = gpu_ops(trace, rank, config);
            let start_ns = ops.iter().map(|op| op.span.start_ns).min();
            let end_ns = ops.iter().map(|op| op.span.end_ns).max();
            lengths_ns.extend(start_ns.zip(end_ns).map(|(start, end)| end - start));
        }
        lengths_ns.extend(marks.iter().map(|mark| mark.span.len_ns()));
    }
    let count = lengths_ns.len();
    (median(lengths_ns).unwrap_or_default(), count)
}
