//! Marks and steps of the host are brought together, and every op gets its iteration.

use std::collections::{BTreeMap, BTreeSet};

use super::host_steps::{HostSteps, Launched};
use super::{GpuOp, Iteration};
use crate::model::Span;

/// Writes into the ops of a rank, which are whole and in order of start, the iteration of each; gives the iterations.
pub(in crate::analysis) fn assign(
    marks: &[Iteration],
    host: &HostSteps<'_>,
    ops: &mut [GpuOp],
) -> Vec<Iteration> {
    let launched: Vec<Launched> = ops.iter().map(|op| host.launched(op.slice)).collect();
    let steps: BTreeSet<usize> = launched.iter().filter_map(|launched| launched.step()).collect();
    let mut slots = Slots::of(marks, host, &steps);
    let mut by_time = Vec::new();
    for (at, (op, launched)) in ops.iter_mut().zip(launched).enumerate() {
        match slots.told(launched) {
            Told::In(slot) => {
                op.iteration = Some(slot as u32);
                let ran = &mut slots.all[slot].ran;
                *ran = Some(ran.map_or(op.span, |ran| ran.hull(op.span)));
            }
            Told::InNone => op.iteration = None,
            Told::ByTime => by_time.push(at),
        }
    }
    let times = Times::of(&slots.all);
    for at in by_time {
        ops[at].iteration = times.at(ops[at].span.start_ns).map(|slot| slot as u32);
    }
    slots.in_order(ops)
}

impl Launched {
    fn step(self) -> Option<usize> {
        if let Self::In(step) = self { Some(step) } else { None }
    }
}

/// An iteration to be.
struct Slot {
    name: String,
    mark: Option<Span>,
    /// From the first to the last op that is known to be launched in it.
    ran: Option<Span>,
}

impl Slot {
    fn span(&self) -> Option<Span> {
        match (self.mark, self.ran) {
            (Some(mark), Some(ran)) => Some(mark.hull(ran)),
            (mark, ran) => mark.or(ran),
        }
    }
}

/// What a launch tells of an op's iteration.
enum Told {
    In(usize),
    InNone,
    ByTime,
}

struct Slots {
    all: Vec<Slot>,
    /// Of steps that are told from all others.
    of_step: BTreeMap<usize, usize>,
}

impl Slots {
    /// A step and a mark are one iteration by their name: the recorder repeats on the GPU's time what the host said, on some
    /// streams once each. Where no name is common to both, they speak of different things, and marks alone count.
    fn of(marks: &[Iteration], host: &HostSteps<'_>, steps: &BTreeSet<usize>) -> Self {
        let mut named: BTreeMap<&str, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for &step in steps {
            named.entry(host.step(step).name).or_default().0.push(step);
        }
        let slot =
            |mark: &Iteration| Slot { name: mark.name.clone(), mark: Some(mark.span), ran: None };
        let mut all: Vec<Slot> = marks.iter().map(slot).collect();
        let mut of_step = BTreeMap::new();
        for (at, mark) in marks.iter().enumerate() {
            if let Some((_, marks)) = named.get_mut(mark.name.as_str()) {
                marks.push(at);
            }
        }
        let has_common = marks.is_empty() || named.values().any(|(_, marks)| !marks.is_empty());
        for (name, (steps, marks)) in named.into_iter().filter(|_| has_common) {
            if marks.is_empty() {
                for step in steps {
                    of_step.insert(step, all.len());
                    all.push(Slot { name: name.to_owned(), mark: None, ran: None });
                }
            } else if let [step] = steps[..] {
                let hull =
                    marks.iter().filter_map(|&mark| all[mark].mark.take()).reduce(Span::hull);
                all[marks[0]].mark = hull;
                of_step.insert(step, marks[0]);
            } else if steps.len() == marks.len() {
                of_step.extend(steps.into_iter().zip(marks));
            }
        }
        Self { all, of_step }
    }

    fn told(&self, launched: Launched) -> Told {
        match launched {
            Launched::In(step) => {
                self.of_step.get(&step).map_or(Told::ByTime, |&slot| Told::In(slot))
            }
            Launched::Outside if !self.of_step.is_empty() => Told::InNone,
            Launched::Outside | Launched::Unknown => Told::ByTime,
        }
    }

    /// The iterations by start; ops follow.
    fn in_order(self, ops: &mut [GpuOp]) -> Vec<Iteration> {
        let spans: Vec<Option<Span>> = self.all.iter().map(Slot::span).collect();
        let mut order: Vec<usize> = (0..spans.len()).filter(|&at| spans[at].is_some()).collect();
        order.sort_by_key(|&at| spans[at].map(|span| (span.start_ns, span.end_ns)));
        let mut place = vec![None; spans.len()];
        for (index, &slot) in order.iter().enumerate() {
            place[slot] = Some(index as u32);
        }
        for op in ops {
            op.iteration = op.iteration().and_then(|slot| place[slot]);
        }
        let iteration = |(index, slot): (usize, usize)| Iteration {
            index,
            name: self.all[slot].name.clone(),
            span: spans[slot].unwrap_or_default(),
        };
        order.into_iter().enumerate().map(iteration).collect()
    }
}

/// Marks by time, and of iterations without one what they are known to have run.
struct Times {
    /// By start, with the slot.
    spans: Vec<(Span, usize)>,
    /// The latest end up to each.
    latest_end_ns: Vec<i64>,
}

impl Times {
    fn of(slots: &[Slot]) -> Self {
        let span = |(at, slot): (usize, &Slot)| Some((slot.mark.or(slot.ran)?, at));
        let mut spans: Vec<(Span, usize)> = slots.iter().enumerate().filter_map(span).collect();
        spans.sort_by_key(|(span, _)| span.start_ns);
        let mut latest_ns = i64::MIN;
        let latest = |(span, _): &(Span, usize)| {
            latest_ns = latest_ns.max(span.end_ns);
            latest_ns
        };
        let latest_end_ns = spans.iter().map(latest).collect();
        Self { spans, latest_end_ns }
    }

    /// The one that holds a time; of several the one that started last.
    fn at(&self, at_ns: i64) -> Option<usize> {
        let started = self.spans.partition_point(|(span, _)| span.start_ns <= at_ns);
        let may_hold = (0..started).rev().take_while(|&at| self.latest_end_ns[at] > at_ns);
        may_hold
            .map(|at| self.spans[at])
            .find(|(span, _)| span.contains(at_ns))
            .map(|(_, slot)| slot)
    }
}
