//! Where launches ran that left no stamps.
//!
//! A kernel of very many short blocks is not patched, and the Sanitizer keeps CUPTI out, so nobody tells when it ran. But
//! its stream is in order: it ran after it was launched and after what was launched before it, and before what was
//! launched after it. The same kernels in a row occur again and again, and the shortest time that they were ever given is
//! as long as they can take; best where the next launch stood in the queue all the while, so that nobody waited for
//! the host. So a row of them is drawn that long: right before the launch that waited for them, or where the host was
//! late with that, right when they could begin. What cannot be bounded is not drawn, and counted.

use std::{collections::HashMap, hash::Hash, ops::Range};

use weftscope_traces::Span;

/// A launch in the order of its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<K> {
    /// What was launched; the same on each occurrence.
    pub what: K,
    /// When the host launched it.
    pub launched_ns: i64,
    /// When it ran, where it left stamps.
    pub span: Option<Span>,
}

/// Launches in a row without stamps, and the span that they have at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounded {
    /// Index of the stream.
    pub stream: usize,
    /// Which of its launches.
    pub launches: Range<usize>,
    /// When at most.
    pub span: Span,
}

/// Longer than this a row that was seen in no queue is not believed: the host did something else meanwhile.
const MOST_NS: i64 = 10_000_000;

/// What can be bounded of several streams of a device, and how many launches cannot.
pub fn bounded<K: Clone + Eq + Hash>(streams: &[Vec<Step<K>>]) -> (Vec<Bounded>, u64) {
    let mut unbounded = 0;
    let mut gaps: Vec<(usize, Gap)> = Vec::new();
    for (stream, steps) in streams.iter().enumerate() {
        let (found, untold) = gaps_of(steps);
        unbounded += untold;
        gaps.extend(found.into_iter().map(|gap| (stream, gap)));
    }
    let row = |stream: usize, gap: &Gap| -> Vec<K> {
        streams[stream][gap.launches.clone()].iter().map(|step| step.what.clone()).collect()
    };
    let mut least: HashMap<Vec<K>, Least> = HashMap::new();
    for (stream, gap) in &gaps {
        least.entry(row(*stream, gap)).or_default().take(gap);
    }
    let mut rows = Vec::new();
    for (stream, gap) in gaps {
        match least[&row(stream, &gap)].length_ns() {
            Some(length_ns) => {
                rows.push(Bounded { stream, span: gap.span(length_ns), launches: gap.launches });
            }
            None => unbounded += gap.launches.len() as u64,
        }
    }
    (rows, unbounded)
}

/// Launches in a row without stamps between two with.
#[derive(Clone, Debug)]
struct Gap {
    launches: Range<usize>,
    /// From when they could begin until the next had begun; not empty.
    window: Span,
    /// The next launch was made before they could begin.
    is_queued: bool,
}

impl Gap {
    /// Where they are drawn, as long as they take at most.
    fn span(&self, length_ns: i64) -> Span {
        let Span { start_ns, end_ns } = self.window;
        let length_ns = length_ns.min(end_ns - start_ns);
        match self.is_queued {
            true => Span::new(end_ns - length_ns, end_ns),
            false => Span::new(start_ns, start_ns + length_ns),
        }
    }
}

/// The shortest time that a row was given.
#[derive(Clone, Copy, Debug, Default)]
struct Least {
    queued_ns: Option<i64>,
    other_ns: Option<i64>,
}

impl Least {
    fn take(&mut self, gap: &Gap) {
        let known = if gap.is_queued { &mut self.queued_ns } else { &mut self.other_ns };
        let length_ns = gap.window.len_ns();
        *known = Some(known.map_or(length_ns, |known| known.min(length_ns)));
    }

    fn length_ns(self) -> Option<i64> {
        let other_ns = self.other_ns.filter(|&length_ns| length_ns <= MOST_NS);
        match (self.queued_ns, other_ns) {
            (Some(queued_ns), Some(other_ns)) => Some(queued_ns.min(other_ns)),
            (queued_ns, other_ns) => queued_ns.or(other_ns),
        }
    }
}

/// Rows between two launches with stamps, and how many launches are in none.
fn gaps_of<K>(steps: &[Step<K>]) -> (Vec<Gap>, u64) {
    let (mut gaps, mut untold) = (Vec::new(), 0);
    let mut first: Option<usize> = None;
    // In a graph's branches a launch may end before one that was launched earlier.
    let mut free_ns: Option<i64> = None;
    for (index, step) in steps.iter().enumerate() {
        let Some(span) = step.span else {
            first.get_or_insert(index);
            continue;
        };
        if let Some(first) = first.take() {
            // Clocks agree to a microsecond or so; what they contradict says nothing.
            let launched_ns =
                Some(steps[first].launched_ns).filter(|&launched_ns| launched_ns < span.start_ns);
            let start_ns = free_ns
                .map(|free_ns| launched_ns.map_or(free_ns, |launched_ns| free_ns.max(launched_ns)));
            match start_ns.filter(|&start_ns| start_ns < span.start_ns) {
                Some(start_ns) => gaps.push(Gap {
                    launches: first..index,
                    window: Span::new(start_ns, span.start_ns),
                    is_queued: step.launched_ns <= start_ns,
                }),
                None => untold += (index - first) as u64,
            }
        }
        free_ns = Some(free_ns.map_or(span.end_ns, |free_ns| free_ns.max(span.end_ns)));
    }
    untold += first.map_or(0, |first| steps.len() - first) as u64;
    (gaps, untold)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What, when launched, when run.
    type Made = (&'static str, i64, Option<(i64, i64)>);

    fn steps(launches: &[Made]) -> Vec<Step<&'static str>> {
        let step = |&(what, launched_ns, span): &Made| Step {
            what,
            launched_ns,
            span: span.map(|(start_ns, end_ns)| Span { start_ns, end_ns }),
        };
        launches.iter().map(step).collect()
    }

    fn spans(rows: &[Bounded]) -> Vec<(i64, i64)> {
        rows.iter().map(|row| (row.span.start_ns, row.span.end_ns)).collect()
    }

    #[test]
    fn the_shortest_time_ever_given_is_the_longest_it_takes() {
        // The norm waits for an all-reduce elsewhere the first time, and is given 30 the second.
        let stream = steps(&[
            ("gemm", 0, Some((0, 100))),
            ("norm", 0, None),
            ("gemm", 0, Some((500, 600))),
            ("norm", 0, None),
            ("gemm", 0, Some((630, 700))),
        ]);
        let (rows, unbounded) = bounded(&[stream]);
        assert_eq!((spans(&rows), unbounded), (vec![(470, 500), (600, 630)], 0));
    }

    #[test]
    fn a_row_for_which_the_host_was_late_began_when_it_was_launched() {
        let stream = steps(&[
            ("gemm", 0, Some((0, 100))),
            ("norm", 200, None),
            ("gemm", 900, Some((903, 950))),
            ("norm", 940, None),
            ("gemm", 945, Some((980, 1000))),
        ]);
        // 30 in the queue; the first time it began when it was launched.
        assert_eq!(spans(&bounded(&[stream]).0), [(200, 230), (950, 980)]);
    }

    #[test]
    fn a_second_of_something_else_is_not_believed() {
        let stream = |end_ns| {
            steps(&[
                ("gemm", 0, Some((0, 100))),
                ("norm", 50, None),
                ("gemm", end_ns, Some((end_ns + 5, end_ns + 9))),
            ])
        };
        assert_eq!(bounded(&[stream(1_000_000_000)]), (vec![], 1));
        assert_eq!(spans(&bounded(&[stream(300)]).0), [(100, 305)]);
    }

    #[test]
    fn kernels_in_a_row_are_one_and_other_rows_are_others() {
        let stream = steps(&[
            ("gemm", 0, Some((0, 100))),
            ("rope", 0, None),
            ("rope", 0, None),
            ("attention", 0, Some((150, 200))),
            ("rope", 0, None),
            ("gemm", 0, Some((280, 300))),
        ]);
        let (rows, _) = bounded(&[stream]);
        assert_eq!((rows[0].launches.clone(), rows[0].span.start_ns), (1..3, 100));
        assert_eq!((rows[1].launches.clone(), rows[1].span.start_ns), (4..5, 200));
    }

    #[test]
    fn what_has_one_neighbour_or_none_is_counted() {
        let ends = steps(&[("a", 0, None), ("b", 0, Some((5, 6))), ("c", 0, None), ("c", 0, None)]);
        let alone = steps(&[("a", 0, None)]);
        let overlapped = steps(&[("b", 0, Some((0, 9))), ("a", 0, None), ("b", 0, Some((4, 7)))]);
        assert_eq!(bounded(&[ends, alone, overlapped]), (vec![], 5));
    }
}
