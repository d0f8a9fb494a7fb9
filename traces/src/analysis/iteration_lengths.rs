//! How long does an iteration take?

use serde::Serialize;

use super::stats::median;
use super::{Iteration, Ops, RankOps};
use crate::model::Span;

/// How long the iterations of all ranks take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IterationLengths {
    /// Median length; 0 without ops.
    pub median_ns: i64,
    /// Iterations, each rank's counted apart. A rank without marks in the window counts as one iteration, from its
    /// first op's start to its last op's end.
    pub count: usize,
}

/// Times of the iterations that share time with the window, whole even where it cuts them.
pub fn iteration_lengths(ops: &Ops<'_>) -> IterationLengths {
    let spans = ops.ranks.iter().flat_map(|rank| iteration_spans(ops, rank));
    let lengths_ns: Vec<i64> = spans.map(Span::len_ns).collect();
    let count = lengths_ns.len();
    IterationLengths { median_ns: median(lengths_ns).unwrap_or_default(), count }
}

/// The iterations of a rank that share time with the window, whole; without marks one, from its first op's start to its
/// last op's end; empty without ops.
pub(super) fn iteration_spans(ops: &Ops<'_>, rank: &RankOps<'_>) -> Vec<Span> {
    let in_window = |mark: &&Iteration| ops.window.is_none_or(|window| mark.span.overlaps(window));
    let marked = rank.iterations.iter().filter(in_window).map(|mark| mark.span);
    let marked: Vec<Span> = marked.collect();
    if !marked.is_empty() {
        return marked;
    }
    let start_ns = rank.ops.iter().map(|op| op.span.start_ns).min();
    let end_ns = rank.ops.iter().map(|op| op.span.end_ns).max();
    start_ns.zip(end_ns).map(|(start, end)| Span::new(start, end)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Config, testing::trace};

    fn time(text: &str, window: Option<Span>) -> IterationLengths {
        let config = Config { window, ..Config::default() };
        iteration_lengths(&Ops::of(&trace(text), &config))
    }

    #[test]
    fn marks_say_where_iterations_end() {
        let text = "rank 0
            marks 0: mark 0..100 step0; mark 100..250 step1; mark 250..450 step2
            stream 0: gemm 10..90 g; gemm 110..440 g";
        assert_eq!(time(text, None), IterationLengths { median_ns: 150, count: 3 });
        let window = Some(Span::new(90, 110));
        assert_eq!(time(text, window), IterationLengths { median_ns: 125, count: 2 });
    }

    #[test]
    fn without_marks_a_rank_is_one_iteration() {
        let text = "rank 0\n stream 0: gemm 10..90 g\n stream 1: comm 80..150 ar\n rank 1";
        assert_eq!(time(text, None), IterationLengths { median_ns: 140, count: 1 });
        assert_eq!(time("rank 0", None), IterationLengths::default());
    }
}
