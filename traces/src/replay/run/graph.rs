//! Which op waits for which, by the op that is waited for.

use crate::replay::{OpIndex, Replay};

/// Edges in one list, sorted by the op that they begin at, those from its start before those from its end.
pub(super) struct Graph {
    edges: Vec<Edge>,
    /// By op: where its edges begin, and where those from its end do.
    firsts: Vec<(u32, u32)>,
    /// By op: how many edges lead to it.
    into: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Edge {
    from: OpIndex,
    is_end: bool,
    to: OpIndex,
    gap_ns: i64,
}

impl Graph {
    pub(super) fn of(replay: &Replay) -> Self {
        let mut edges = Vec::with_capacity(2 * replay.ops.len());
        for stream in &replay.streams {
            for pair in stream.ops.windows(2) {
                let gap = replay.ops[pair[1] as usize].stream_gap;
                let (from, to) = (pair[0], pair[1]);
                edges.push(Edge { from, is_end: !gap.is_start, to, gap_ns: gap.gap_ns });
            }
        }
        for (to, op) in replay.ops.iter().enumerate() {
            for wait in &op.waits {
                let (from, gap_ns) = (wait.op, wait.gap_ns);
                edges.push(Edge { from, is_end: !wait.is_start, to: to as OpIndex, gap_ns });
            }
        }
        edges.sort_by_key(|edge| (edge.from, edge.is_end));
        let mut into = vec![0; replay.ops.len()];
        edges.iter().for_each(|edge| into[edge.to as usize] += 1);
        let mut firsts = Vec::with_capacity(replay.ops.len() + 1);
        let mut at = 0;
        for op in 0..=replay.ops.len() as OpIndex {
            while edges.get(at).is_some_and(|edge| edge.from < op) {
                at += 1;
            }
            let starts = edges[at..].iter().take_while(|edge| edge.from == op && !edge.is_end);
            firsts.push((at as u32, (at + starts.count()) as u32));
        }
        Self { edges, firsts, into }
    }

    /// What an op waits for before it can start, its launch included.
    pub(super) fn pending(&self, replay: &Replay, op: usize) -> u32 {
        self.into[op] + u32::from(replay.ops[op].launch.is_some())
    }

    /// Edges from the start of an op.
    pub(super) fn after_start(&self, op: OpIndex) -> std::ops::Range<u32> {
        let (first, ends) = self.firsts[op as usize];
        first..ends
    }

    /// Edges from its end.
    pub(super) fn after_end(&self, op: OpIndex) -> std::ops::Range<u32> {
        self.firsts[op as usize].1..self.firsts[op as usize + 1].0
    }

    /// Whom an edge lets start, and what passes before.
    pub(super) fn edge(&self, at: u32) -> (OpIndex, i64) {
        let Edge { to, gap_ns, .. } = self.edges[at as usize];
        (to, gap_ns)
    }
}
