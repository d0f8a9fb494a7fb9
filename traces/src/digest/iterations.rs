//! Iterations by the numbers that their program gives them, which are the same on all ranks whenever recording began.

use std::collections::HashSet;

use super::blocks::SmTimes;
use super::collective::Before;
use super::row::IterationRow;
use crate::analysis::{Iteration, OverlapFigures, RankOps, RankOverlap};
use crate::model::{Span, numbers_an_iteration};

/// A number for each iteration: that of its mark where all marks have different ones, else its position.
pub fn iteration_numbers(iterations: &[Iteration]) -> Vec<i64> {
    iteration_numbers_after(iterations, &mut Before::default())
}

/// The same behind other iterations of the rank: positions go on.
pub(super) fn iteration_numbers_after(iterations: &[Iteration], before: &mut Before) -> Vec<i64> {
    let told: Option<Vec<i64>> = iterations.iter().map(|mark| number_in(&mark.name)).collect();
    let is_one_each =
        |numbers: &Vec<i64>| numbers.iter().collect::<HashSet<_>>().len() == numbers.len();
    let first = before.iterations;
    before.iterations += iterations.len() as i64;
    let by_position = || iterations.iter().map(|mark| first + mark.index as i64).collect();
    told.filter(is_one_each).unwrap_or_else(by_position)
}

fn number_in(name: &str) -> Option<i64> {
    if !numbers_an_iteration(name) {
        return None;
    }
    let end = name.rfind(|c: char| c.is_ascii_digit())? + 1;
    let digits = &name[..end];
    let start = digits.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    digits[start..].parse().ok()
}

/// The rows of a rank's iterations, as [`overlap`](crate::analysis::overlap()) has their figures.
pub(super) fn rows(
    rank: &RankOps<'_>,
    overlap: &RankOverlap,
    numbers: &[i64],
    (sm, base_ns): (Option<&SmTimes>, i64),
) -> Vec<IterationRow> {
    let of = |(iteration, name): (Option<i64>, &str), figures: &OverlapFigures, own: &[usize]| {
        let ops = || own.iter().map(|&at| &rank.ops[at]);
        // As the figures have it: empty ops take no time and do not begin or end it.
        let first = ops().next().map_or_else(Span::default, |op| op.span);
        let Span { start_ns, end_ns } = ops().map(|op| op.span).fold(first, Span::hull);
        IterationRow {
            iteration,
            name: name.to_owned(),
            start_ns: start_ns.saturating_add(base_ns),
            end_ns: end_ns.saturating_add(base_ns),
            compute_ns: figures.compute_ns,
            comm_ns: figures.comm_ns,
            hidden_ns: figures.overlap_ns,
            exposed_ns: figures.exposed_comm_ns,
            exposed_memcpy_ns: figures.exposed_memcpy_ns,
            idle_ns: figures.idle_ns,
            wait_ns: figures.wait_ns,
            sm_weighted_pct: figures.sm_weighted_pct,
            sm_ns: sm.map(|sm| own.iter().filter_map(|&at| sm.by_op_ns[at]).sum()),
            ops: own.len() as i64,
            comm_ops: ops().filter(|op| op.kind.is_comm()).count() as i64,
        }
    };
    if overlap.iterations.is_empty() {
        let all: Vec<usize> = (0..rank.ops.len()).collect();
        return vec![of((None, ""), &overlap.total, &all)];
    }
    let marked = overlap.iterations.iter().zip(numbers).zip(rank.indices_by_iteration());
    marked
        .map(|((it, &number), own)| of((Some(number), &it.iteration.name), &it.figures, &own))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(names: &[&str]) -> Vec<i64> {
        let mark = |(index, name): (usize, &&str)| Iteration {
            index,
            name: (*name).to_owned(),
            span: Span::default(),
        };
        iteration_numbers(&names.iter().enumerate().map(mark).collect::<Vec<_>>())
    }

    #[test]
    fn marks_have_the_numbers_that_they_say() {
        assert_eq!(numbers(&["ProfilerStep#12", "ProfilerStep#13"]), [12, 13]);
        assert_eq!(numbers(&["iteration[7]", "iter_0009"]), [7, 9]);
        assert_eq!(numbers(&["step 3", "step 3"]), [0, 1], "the same twice");
        assert_eq!(numbers(&["warm-up", "step 3"]), [0, 1], "one says none");
        assert!(numbers(&[]).is_empty());
    }

    #[test]
    fn positions_go_on_behind_a_stretch_and_told_numbers_are_as_told() {
        let mark =
            |index, name: &str| Iteration { index, name: name.to_owned(), span: Span::default() };
        let mut before = Before::default();
        let mut next = |names: &[&str]| {
            let marks: Vec<Iteration> =
                names.iter().enumerate().map(|(at, name)| mark(at, name)).collect();
            iteration_numbers_after(&marks, &mut before)
        };
        assert_eq!(next(&["a", "b"]), [0, 1]);
        assert_eq!(next(&["a"]), [2]);
        assert_eq!(next(&["step 9", "step 10"]), [9, 10]);
        assert_eq!(next(&["a"]), [5]);
    }
}
