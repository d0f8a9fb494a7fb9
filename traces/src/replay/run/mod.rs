//! Time passes over a replay: event by event, rank by rank on one clock.
//!
//! An op starts when all that it waits for is done; it makes progress at a speed that [`Contention`](super::Contention) gives it
//! for what is active on its GPU; a collective makes none before all of its ranks are there. Steps of the host go on by
//! themselves until one waits for an op. Costs n log n of ops, times those that are active at once on a rank.

mod gpu;
mod graph;
mod host;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{OpIndex, Replay};
use crate::model::Span;
use gpu::Gpu;
use graph::Graph;
use host::Hosts;

/// When everything ran, on the clock that all ranks share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Of each op, in the order of [`Replay::ops`].
    pub spans: Vec<Span>,
    /// Ops that waited for each other in a circle and were started when they did start in the recording.
    pub stuck: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// An op ends, if its speed has not changed meanwhile.
    End {
        op: OpIndex,
        version: u32,
    },
    Start {
        op: OpIndex,
    },
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// What it waits for that is not done.
    pending: u32,
    /// When what it waits for is done, as far as it is.
    ready_ns: i64,
    is_queued: bool,
    is_done: bool,
}

impl Replay {
    /// Runs it.
    pub fn run(&self) -> Timeline {
        Run::new(self).all()
    }
}

struct Run<'a> {
    replay: &'a Replay,
    graph: Graph,
    states: Vec<State>,
    spans: Vec<Span>,
    events: BinaryHeap<Reverse<(i64, Event)>>,
    gpus: Vec<Gpu>,
    hosts: Hosts,
    /// Of each collective: ranks that have not arrived.
    missing: Vec<usize>,
    /// Ops that the host launches, with the time of it, to be told to them.
    launched: Vec<(OpIndex, i64)>,
}

impl<'a> Run<'a> {
    fn new(replay: &'a Replay) -> Self {
        let graph = Graph::of(replay);
        let pending = |op: usize| State {
            pending: graph.pending(replay, op),
            ready_ns: i64::MIN,
            ..State::default()
        };
        Self {
            states: (0..replay.ops.len()).map(pending).collect(),
            spans: vec![Span::default(); replay.ops.len()],
            events: BinaryHeap::new(),
            gpus: replay.ranks.iter().map(|_| Gpu::new(replay.contention)).collect(),
            hosts: Hosts::new(replay),
            missing: replay.groups.iter().map(Vec::len).collect(),
            launched: Vec::new(),
            replay,
            graph,
        }
    }

    fn all(mut self) -> Timeline {
        for rank in 0..self.replay.ranks.len() {
            self.advance_host(rank);
        }
        for op in 0..self.states.len() as OpIndex {
            if self.states[op as usize].pending == 0 {
                let from_ns = self.replay.ops[op as usize].not_before_ns.unwrap_or(i64::MIN);
                self.states[op as usize].ready_ns = self.states[op as usize].ready_ns.max(from_ns);
                self.queue(op);
            }
        }
        let mut stuck = 0;
        let mut next_stuck = self.in_recorded_order();
        loop {
            while let Some(Reverse((at_ns, event))) = self.events.pop() {
                match event {
                    Event::Start { op } => self.start(op, at_ns),
                    Event::End { op, version } => self.end(op, version, at_ns),
                }
            }
            // Whatever waits for itself goes on as it did.
            let Some(op) = next_stuck.find(|&op| !self.states[op as usize].is_queued) else {
                break;
            };
            stuck += 1;
            let recorded_ns = self.replay.ops[op as usize].recorded.start_ns;
            let state = &mut self.states[op as usize];
            state.ready_ns = state.ready_ns.max(recorded_ns);
            state.pending = 0;
            self.queue(op);
        }
        Timeline { spans: self.spans, stuck }
    }

    fn in_recorded_order(&self) -> std::vec::IntoIter<OpIndex> {
        let is_left = |op: &OpIndex| self.states[*op as usize].pending > 0;
        let mut order: Vec<OpIndex> = (0..self.states.len() as OpIndex).filter(is_left).collect();
        order.sort_by_key(|&op| self.replay.ops[op as usize].recorded.start_ns);
        order.into_iter()
    }

    fn queue(&mut self, op: OpIndex) {
        let state = &mut self.states[op as usize];
        if !state.is_queued {
            state.is_queued = true;
            let start_ns = state.ready_ns.saturating_add(self.replay.ops[op as usize].delay_ns);
            self.events.push(Reverse((start_ns, Event::Start { op })));
        }
    }

    /// Something that `op` waited for is done, and lets it start at `at_ns`.
    fn resolve(&mut self, op: OpIndex, at_ns: i64) {
        let state = &mut self.states[op as usize];
        state.ready_ns = state.ready_ns.max(at_ns);
        state.pending = state.pending.saturating_sub(1);
        if state.pending == 0 {
            self.queue(op);
        }
    }

    fn start(&mut self, op: OpIndex, at_ns: i64) {
        let known = &self.replay.ops[op as usize];
        self.spans[op as usize] = Span::new(at_ns, at_ns);
        for at in self.graph.after_start(op) {
            let (waiting, gap_ns) = self.graph.edge(at);
            self.resolve(waiting, at_ns + gap_ns);
        }
        self.gpus[known.rank].hold(known);
        match known.group {
            None => self.begin(op, at_ns),
            Some(group) => {
                let missing = &mut self.missing[group as usize];
                *missing -= 1;
                if *missing == 0 {
                    let replay = self.replay;
                    for &member in &replay.groups[group as usize] {
                        self.begin(member, at_ns);
                    }
                }
            }
        }
        self.tell_ends(known.rank, at_ns);
    }

    /// An op makes progress from now on.
    fn begin(&mut self, op: OpIndex, at_ns: i64) {
        let known = &self.replay.ops[op as usize];
        self.gpus[known.rank].begin(op, known, at_ns);
        self.tell_ends(known.rank, at_ns);
    }

    fn end(&mut self, op: OpIndex, version: u32, at_ns: i64) {
        let known = &self.replay.ops[op as usize];
        if !self.gpus[known.rank].end(op, version, known) {
            return;
        }
        self.spans[op as usize].end_ns = at_ns;
        self.states[op as usize].is_done = true;
        for at in self.graph.after_end(op) {
            let (waiting, gap_ns) = self.graph.edge(at);
            self.resolve(waiting, at_ns + gap_ns);
        }
        self.tell_ends(known.rank, at_ns);
        if self.hosts.is_awaited(known.rank, op) {
            self.advance_host(known.rank);
        }
    }

    fn advance_host(&mut self, rank: usize) {
        let (states, spans) = (&self.states, &self.spans);
        let done = |op: OpIndex| states[op as usize].is_done.then(|| spans[op as usize].end_ns);
        self.hosts.advance(self.replay, rank, &done, &mut self.launched);
        for (op, at_ns) in std::mem::take(&mut self.launched) {
            self.resolve(op, at_ns);
        }
    }

    /// Queues the ends of the ops whose speed has changed.
    fn tell_ends(&mut self, rank: usize, at_ns: i64) {
        let events = &mut self.events;
        self.gpus[rank].settle(&self.replay.ops, at_ns, &mut |op, version, end_ns| {
            events.push(Reverse((end_ns, Event::End { op, version })));
        });
    }
}
