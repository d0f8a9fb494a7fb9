//! Iterations over time, to be asked for any stretch at the same cost: what a column of pixels shows is a mean over it, however
//! many iterations it holds.

use weftscope_engine::serving::Iteration;

/// What of an iteration is drawn over time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Level {
    /// Decode steps.
    pub(crate) decode_tokens: f64,
    /// Tokens of prompts.
    pub(crate) prefill_tokens: f64,
    /// Blocks of keys and values in use.
    pub(crate) kv_blocks: f64,
}

impl Level {
    fn of(iteration: &Iteration) -> Self {
        Self {
            decode_tokens: iteration.decode_tokens.into(),
            prefill_tokens: iteration.prefill_tokens.into(),
            kv_blocks: iteration.kv_blocks.into(),
        }
    }

    /// Value by value.
    fn with(self, other: Self, of: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            decode_tokens: of(self.decode_tokens, other.decode_tokens),
            prefill_tokens: of(self.prefill_tokens, other.prefill_tokens),
            kv_blocks: of(self.kv_blocks, other.kv_blocks),
        }
    }
}

/// Sums over time of what iterations were.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    /// Start and end of each iteration, ns.
    spans_ns: Vec<(i64, i64)>,
    /// What each is.
    levels: Vec<Level>,
    /// What all before each come to, times ns.
    sums: Vec<Level>,
}

impl Profile {
    /// Of iterations in their order.
    pub(crate) fn of(iterations: &[Iteration]) -> Self {
        let mut sum = Level::default();
        let sums = iterations.iter().map(|iteration| {
            let length_ns = (iteration.end_ns() - iteration.start_ns) as f64;
            let before = sum;
            sum = sum.with(Level::of(iteration), |sum, level| sum + level * length_ns);
            before
        });
        Self {
            sums: sums.collect(),
            spans_ns: iterations.iter().map(|it| (it.start_ns, it.end_ns())).collect(),
            levels: iterations.iter().map(Level::of).collect(),
        }
    }

    /// When the last iteration ends, ns.
    pub(crate) fn end_ns(&self) -> i64 {
        self.spans_ns.last().map_or(0, |(_, end_ns)| *end_ns)
    }

    /// The mean from one time to a later; nothing runs between iterations.
    pub(crate) fn mean(&self, from_ns: f64, to_ns: f64) -> Level {
        let length_ns = (to_ns - from_ns).max(f64::MIN_POSITIVE);
        self.until(to_ns).with(self.until(from_ns), |to, from| ((to - from) / length_ns).max(0.0))
    }

    /// When iterations begin that do so between two times, if they are no more than `most`; else none.
    pub(crate) fn starts(
        &self,
        from_ns: f64,
        to_ns: f64,
        most: usize,
    ) -> impl Iterator<Item = i64> {
        let until = |ns: f64| self.spans_ns.partition_point(|(start_ns, _)| *start_ns as f64 <= ns);
        let (first, last) = (until(from_ns), until(to_ns));
        let last = if last.saturating_sub(first) <= most { last } else { first };
        self.spans_ns[first..last.max(first)].iter().map(|(start_ns, _)| *start_ns)
    }

    /// The iteration at a time, else the nearest; `None` of none.
    pub(crate) fn at(&self, ns: f64) -> Option<usize> {
        let after = self.spans_ns.partition_point(|(start_ns, _)| *start_ns as f64 <= ns);
        let before = after.checked_sub(1);
        let next = (after < self.spans_ns.len()).then_some(after);
        let (Some(last), Some(first)) = (before, next) else { return before.or(next) };
        let since_ns = ns - self.spans_ns[last].1 as f64;
        let until_ns = self.spans_ns[first].0 as f64 - ns;
        Some(if since_ns <= until_ns { last } else { first })
    }

    /// What comes up to a time, times ns.
    fn until(&self, ns: f64) -> Level {
        let after = self.spans_ns.partition_point(|(start_ns, _)| *start_ns as f64 <= ns);
        let Some(last) = after.checked_sub(1) else { return Level::default() };
        let (start_ns, end_ns) = self.spans_ns[last];
        let so_far_ns = ns.min(end_ns as f64) - start_ns as f64;
        self.sums[last].with(self.levels[last], |sum, level| sum + level * so_far_ns)
    }
}

#[cfg(test)]
mod tests {
    use weftscope_engine::spec::StrategyKind;

    use super::*;

    fn iteration(start_ns: i64, gpu_ns: i64, tokens: (u32, u32)) -> Iteration {
        Iteration {
            start_ns,
            host_ns: 0,
            gpu_ns,
            comm: None,
            decode_tokens: tokens.0,
            prefill_tokens: tokens.1,
            sequences: 1,
            kv_blocks: tokens.0 + tokens.1,
            preempted: 0,
            runs: StrategyKind::Default,
            in_graph: false,
        }
    }

    /// Against a sum nanosecond by nanosecond.
    #[test]
    fn means_are_those_of_every_nanosecond() {
        let iterations =
            [(0, 7, (3, 5)), (7, 2, (8, 0)), (12, 10, (1, 90))].map(|(a, b, c)| iteration(a, b, c));
        let profile = Profile::of(&iterations);
        let at = |ns: i64| {
            let runs = |it: &&Iteration| it.start_ns <= ns && ns < it.end_ns();
            iterations.iter().find(runs).map(Level::of).unwrap_or_default()
        };
        for from in -2..25 {
            for to in from + 1..26 {
                let sum = (from..to).map(at).fold(Level::default(), |a, b| a.with(b, |a, b| a + b));
                let wanted = sum.with(sum, |sum, _| sum / (to - from) as f64);
                let found = profile.mean(from as f64, to as f64);
                let off = found.with(wanted, |a, b| (a - b).abs());
                assert!(
                    off.decode_tokens + off.prefill_tokens + off.kv_blocks < 1e-9,
                    "{from} {to}"
                );
            }
        }
        assert_eq!(profile.end_ns(), 22);
        let starts = |most| profile.starts(0.0, 12.0, most).collect::<Vec<_>>();
        assert_eq!((starts(2), starts(1)), (vec![7, 12], vec![]));
    }

    #[test]
    fn the_nearest_iteration_is_found_between_two() {
        let iterations = [(10, 10), (20, 10), (50, 10)].map(|(a, b)| iteration(a, b, (1, 0)));
        let profile = Profile::of(&iterations);
        let found =
            [0.0, 10.0, 19.9, 20.0, 35.0, 45.0, 55.0, 99.0].map(|ns| profile.at(ns).unwrap());
        assert_eq!(found, [0, 0, 0, 1, 1, 2, 2, 2]);
        assert_eq!(Profile::default().at(3.0), None);
    }
}
