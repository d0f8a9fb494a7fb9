//! How far a replay that changes nothing is from the recording.

use serde::Serialize;

use super::{Iteration, Replay, Timeline};
use crate::analysis::intervals::IntervalSet;
use crate::model::Span;
use crate::words::percent;

/// A replay of the recording as it was, held against it: what every prediction from it is off at least.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Residual {
    /// By rank and iteration.
    pub iterations: Vec<IterationResidual>,
    /// By rank and stream.
    pub streams: Vec<StreamResidual>,
}

/// One iteration of one rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct IterationResidual {
    /// The rank.
    pub rank: u32,
    /// Its position among the rank's.
    pub iteration: usize,
    /// How long it took.
    pub recorded_ns: i64,
    /// How long it takes in the replay.
    pub replayed_ns: i64,
}

/// Time in which one stream has something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StreamResidual {
    /// The rank.
    pub rank: u32,
    /// The stream.
    pub stream: u32,
    /// In the recording.
    pub recorded_ns: i64,
    /// In the replay.
    pub replayed_ns: i64,
}

impl Residual {
    /// Of a replay's run that changed nothing.
    pub fn of(replay: &Replay, timeline: &Timeline) -> Self {
        let recorded: Vec<Span> = replay.ops.iter().map(|op| op.recorded).collect();
        let [before, after] =
            [&recorded, &timeline.spans].map(|spans| replay.iteration_spans(spans));
        let mut iterations = Vec::new();
        for (index, &rank) in replay.ranks.iter().enumerate() {
            let pairs = before[index].iter().zip(&after[index]);
            iterations.extend(pairs.enumerate().map(|(iteration, (old, new))| IterationResidual {
                rank,
                iteration,
                recorded_ns: old.len_ns(),
                replayed_ns: new.len_ns(),
            }));
        }
        let busy_ns = |stream: &super::Stream, spans: &[Span]| {
            stream.ops.iter().map(|&op| spans[op as usize]).collect::<IntervalSet>().len_ns()
        };
        let streams = replay.streams.iter().map(|stream| StreamResidual {
            rank: replay.ranks[stream.rank],
            stream: stream.number,
            recorded_ns: busy_ns(stream, &recorded),
            replayed_ns: busy_ns(stream, &timeline.spans),
        });
        Self { iterations, streams: streams.collect() }
    }

    /// How far it is off at most, in a sentence.
    pub fn in_words(&self) -> String {
        let known = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), percent);
        let [iteration, stream] = [self.worst_iteration(), self.worst_stream()].map(known);
        format!("Iterations are off by up to {iteration}, streams' busy time by up to {stream}.")
    }

    /// Of the mean iteration, a share of what was recorded, with its sign; `None` without iterations.
    pub fn iteration(&self) -> Option<f64> {
        let [old, new] = self
            .iterations
            .iter()
            .fold([0, 0], |[old, new], it| [old + it.recorded_ns, new + it.replayed_ns]);
        (old > 0).then(|| new as f64 / old as f64 - 1.0)
    }

    /// The largest of a single iteration, without its sign.
    pub fn worst_iteration(&self) -> Option<f64> {
        worst(self.iterations.iter().map(|it| (it.recorded_ns, it.replayed_ns)))
    }

    /// The largest of a stream, without its sign.
    pub fn worst_stream(&self) -> Option<f64> {
        worst(self.streams.iter().map(|it| (it.recorded_ns, it.replayed_ns)))
    }
}

fn worst(pairs: impl Iterator<Item = (i64, i64)>) -> Option<f64> {
    let shares =
        pairs.filter(|(old, _)| *old > 0).map(|(old, new)| (new as f64 / old as f64 - 1.0).abs());
    shares.max_by(f64::total_cmp)
}

impl Replay {
    /// The iterations of each rank where its ops run at these times. A mark keeps its distance from the first start and the
    /// last end of the ops that began under it.
    pub fn iteration_spans(&self, spans: &[Span]) -> Vec<Vec<Span>> {
        let none: Vec<Vec<Option<Span>>> =
            self.iterations.iter().map(|marks| vec![None; marks.len()]).collect();
        let mut hulls = none;
        for (op, &span) in self.ops.iter().zip(spans) {
            let hull = &mut hulls[op.rank][op.iteration];
            *hull = Some(hull.map_or(span, |hull| hull.hull(span)));
        }
        let of = |(mark, hull): (&Iteration, &Option<Span>)| match hull {
            None => mark.recorded,
            Some(hull) => {
                let (start_ns, end_ns) = (hull.start_ns - mark.lead_ns, hull.end_ns + mark.tail_ns);
                Span::new(start_ns, end_ns.max(start_ns))
            }
        };
        let of_rank = |(marks, hulls): (&Vec<Iteration>, &Vec<Option<Span>>)| {
            marks.iter().zip(hulls).map(of).collect()
        };
        self.iterations.iter().zip(&hulls).map(of_rank).collect()
    }

    /// How far marks are from their ops, in the recording.
    pub(super) fn place_marks(&mut self) {
        let recorded: Vec<Span> = self.ops.iter().map(|op| op.recorded).collect();
        let hulls = self.iteration_spans(&recorded);
        for (mark, hull) in self.iterations.iter_mut().flatten().zip(hulls.into_iter().flatten()) {
            mark.lead_ns = hull.start_ns - mark.recorded.start_ns;
            mark.tail_ns = mark.recorded.end_ns - hull.end_ns;
        }
    }
}
