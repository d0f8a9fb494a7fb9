//! How long does an iteration take?

use serde::{Deserialize, Serialize};

use super::{GpuOp, Iteration, Ops, RankOps};
use crate::model::Span;

/// How long the iterations of all ranks take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IterationLengths {
    /// Median of [`lengths_ns`]; 0 without ops.
    pub median_ns: i64,
    /// Iterations of the run, however many ranks each has. Without marks in the window all of it counts as one, from a
    /// rank's first op's start to its last op's end.
    pub count: usize,
}

/// Times of the iterations that share time with the window, whole even where it cuts them.
pub fn iteration_lengths(ops: &Ops<'_>) -> IterationLengths {
    let lengths_ns = lengths_ns(ops);
    let count = lengths_ns.len();
    let median_ns = middle_ns(lengths_ns).map_or(0, |ns| ns.round() as i64);
    IterationLengths { median_ns, count }
}

/// How long each iteration takes that shares time with the window, in order: the mean over the ranks that have it, ns.
pub fn lengths_ns(ops: &Ops<'_>) -> Vec<f64> {
    let mut by_iteration: Vec<Vec<Span>> = Vec::new();
    for rank in &ops.ranks {
        for (at, stretch) in iteration_stretches(ops, rank).into_iter().enumerate() {
            if by_iteration.len() == at {
                by_iteration.push(Vec::new());
            }
            by_iteration[at].push(stretch.span);
        }
    }
    by_iteration.iter().map(|spans| mean_ns(spans.iter().copied())).collect()
}

/// How long an iteration takes whose parts on its ranks these are: their mean, 0 of none. Whatever says how long one takes
/// asks this.
pub(super) fn mean_ns(parts: impl Iterator<Item = Span>) -> f64 {
    let (sum, count) =
        parts.fold((0, 0_u32), |(sum, count), part| (sum + part.len_ns(), count + 1));
    sum as f64 / f64::from(count.max(1))
}

/// The middle one; of an even number the mean of the two in the middle; `None` of none.
fn middle_ns(mut lengths_ns: Vec<f64>) -> Option<f64> {
    lengths_ns.sort_by(f64::total_cmp);
    let last = lengths_ns.len().checked_sub(1)?;
    Some(lengths_ns[last / 2].midpoint(lengths_ns[last.div_ceil(2)]))
}

/// The time that an iteration of a rank takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) span: Span,
    /// Its position; `None` of the one that stands for a rank without iterations.
    index: Option<usize>,
}

/// An op of the rank is in one of these, which are in order.
pub(super) fn is_in_one(stretches: &[Stretch], op: &GpuOp) -> bool {
    match stretches {
        [] => false,
        [Stretch { index: None, .. }, ..] => true,
        _ => stretches.binary_search_by_key(&op.iteration(), |stretch| stretch.index).is_ok(),
    }
}

/// The iterations of a rank that share time with the window, whole, in order; where none does one, from its first op's
/// start to its last op's end; empty without ops.
pub(super) fn iteration_stretches(ops: &Ops<'_>, rank: &RankOps<'_>) -> Vec<Stretch> {
    let in_window = |it: &&Iteration| ops.window.is_none_or(|window| it.span.overlaps(window));
    let stretch = |it: &Iteration| Stretch { span: it.span, index: Some(it.index) };
    let known: Vec<Stretch> = rank.iterations.iter().filter(in_window).map(stretch).collect();
    if !known.is_empty() {
        return known;
    }
    let whole = rank.ops.iter().map(|op| op.span).reduce(Span::hull);
    whole.map(|span| Stretch { span, index: None }).into_iter().collect()
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

    /// An iteration is as long as its ranks have it on average, and the median is one of those.
    #[test]
    fn ranks_of_an_iteration_count_as_one() {
        let text = "rank 0
            marks 0: mark 0..100 step0; mark 100..250 step1; mark 250..450 step2
            stream 0: gemm 10..440 g
            rank 1
            marks 0: mark 0..140 step0; mark 140..250 step1
            stream 0: gemm 10..240 g";
        let trace = trace(text);
        let ops = Ops::of(&trace, &Config::default());
        assert_eq!(lengths_ns(&ops), [120.0, 130.0, 200.0]);
        assert_eq!(time(text, None), IterationLengths { median_ns: 130, count: 3 });
    }

    #[test]
    fn without_marks_a_rank_is_one_iteration() {
        let text = "rank 0\n stream 0: gemm 10..90 g\n stream 1: comm 80..150 ar\n rank 1";
        assert_eq!(time(text, None), IterationLengths { median_ns: 140, count: 1 });
        assert_eq!(time("rank 0", None), IterationLengths::default());
    }
}
