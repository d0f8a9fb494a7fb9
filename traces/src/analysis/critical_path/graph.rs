//! What an op can have waited for.

use std::collections::{BTreeMap, HashMap};

use super::PathBasis;
use crate::analysis::idle::{Host, LATENCY_NS};
use crate::analysis::{Collective, GpuOp, Member, Ops, RankOps};
use crate::model::{FlowKind, SliceRef, Span, Trace};

/// An op and what is recorded of its start.
pub(super) struct Node {
    pub(super) op: GpuOp,
    pub(super) rank: u32,
    /// Time of a collective before its last rank had arrived.
    pub(super) waited_ns: i64,
    /// The same collective on the rank that arrived last, where that is another one of the trace.
    pub(super) leader: Option<usize>,
    /// The op before it on its stream.
    on_stream: Option<usize>,
    /// Ops that it depends on.
    pub(super) producers: Vec<usize>,
    call: Option<SliceRef>,
}

/// What an op waited for last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Op(usize),
    Call(SliceRef),
}

pub(super) struct Graph<'a> {
    /// Ops that are not empty, rank by rank in order of start.
    pub(super) nodes: Vec<Node>,
    pub(super) host: Host<'a>,
    /// First start to last end.
    pub(super) span: Span,
    pub(super) basis: PathBasis,
    /// By rank, nodes in order of end.
    by_end: BTreeMap<u32, Vec<usize>>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(ops: &Ops<'a>) -> Self {
        let host = Host::of(ops.trace);
        let mut nodes: Vec<Node> = Vec::new();
        let mut last_on: HashMap<(u32, u32), usize> = HashMap::new();
        for RankOps { rank, ops, .. } in &ops.ranks {
            for &op in ops.iter().filter(|op| !op.span.is_empty()) {
                let on_stream = last_on.insert((*rank, op.stream), nodes.len());
                nodes.push(Node {
                    op,
                    rank: *rank,
                    waited_ns: 0,
                    leader: None,
                    on_stream,
                    producers: Vec::new(),
                    call: host.call(op.slice),
                });
            }
        }
        let span = nodes.iter().map(|node| node.op.span).reduce(Span::hull).unwrap_or_default();
        let mut by_end: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (at, node) in nodes.iter().enumerate() {
            by_end.entry(node.rank).or_default().push(at);
        }
        for order in by_end.values_mut() {
            order.sort_by_key(|&at| (nodes[at].op.span.end_ns, at));
        }
        let mut graph = Self { nodes, host, span, basis: PathBasis::Nothing, by_end };
        let place: HashMap<SliceRef, usize> =
            graph.nodes.iter().enumerate().map(|(at, node)| (node.op.slice, at)).collect();
        let depends = graph.add_flows(ops.trace, &place);
        graph.add_leaders(ops, &place);
        // Plans state all dependencies: one with none but its streams' order is complete, too.
        let is_planned = |node: &Node| ops.trace.label(node.op.label).facts.is_some();
        graph.basis = match &graph.nodes {
            nodes if nodes.is_empty() => PathBasis::Nothing,
            nodes if depends || nodes.iter().all(is_planned) => PathBasis::Dependencies,
            nodes if nodes.iter().any(|node| node.call.is_some()) => PathBasis::Launches,
            _ => PathBasis::LastToEnd,
        };
        graph
    }

    /// The op that ends last.
    pub(super) fn last(&self) -> Option<usize> {
        (0..self.nodes.len()).max_by_key(|&at| (self.nodes[at].op.span.end_ns, at))
    }

    /// Adds dependencies between ops; false when there are none.
    fn add_flows(&mut self, trace: &Trace, place: &HashMap<SliceRef, usize>) -> bool {
        let mut any = false;
        for flow in trace.flows.iter().filter(|flow| flow.kind != FlowKind::Launch) {
            if let (Some(&from), Some(&to)) = (place.get(&flow.from), place.get(&flow.to)) {
                self.nodes[to].producers.push(from);
                any = true;
            }
        }
        any
    }

    fn add_leaders(&mut self, ops: &Ops<'_>, place: &HashMap<SliceRef, usize>) {
        for collective in &ops.collectives().matched {
            let arrival = |member: &&Member| (member.span.start_ns, member.rank);
            let Some(last) = collective.members.iter().max_by_key(arrival) else { continue };
            let leader = (last.trace == ops.index()).then(|| place.get(&last.slice)).flatten();
            for (member, waited_ns) in Collective::waits_ns(collective) {
                let is_own = member.trace == ops.index() && waited_ns > 0;
                if let Some(&at) = place.get(&member.slice).filter(|_| is_own) {
                    self.nodes[at].waited_ns = waited_ns;
                    self.nodes[at].leader = leader.copied().filter(|&leader| leader != at);
                }
            }
        }
    }

    /// What an op that begins at `at_ns` waited for last. Of several that ended at once, what is recorded goes first.
    pub(super) fn before(&self, at: usize, at_ns: i64) -> Option<Before> {
        let node = &self.nodes[at];
        let began_before = |other: &usize| self.nodes[*other].op.span.start_ns < at_ns;
        let ended_ns = |other: usize| self.nodes[other].op.span.end_ns.min(at_ns);
        let op = |other: usize| (ended_ns(other), Before::Op(other));
        let recorded = node.producers.iter().chain(&node.on_stream).copied();
        let mut candidates: Vec<(i64, Before)> = recorded.filter(began_before).map(op).collect();
        if let Some(call) = node.call {
            let called = self.host.span_of(call);
            if called.start_ns < at_ns {
                candidates.push((called.end_ns.min(at_ns), Before::Call(call)));
            }
        }
        if node.producers.is_empty() && self.basis != PathBasis::Dependencies {
            let least_ns = match self.basis {
                PathBasis::Launches if !candidates.is_empty() => at_ns - LATENCY_NS,
                _ => i64::MIN,
            };
            let ended = self.last_to_end(node.rank, at_ns).filter(|&other| other != at);
            candidates.extend(ended.map(op).filter(|(end_ns, _)| *end_ns >= least_ns));
        }
        let latest_ns = candidates.iter().map(|(end_ns, _)| *end_ns).max()?;
        candidates.into_iter().find(|(end_ns, _)| *end_ns == latest_ns).map(|(_, before)| before)
    }

    /// The op of a rank that ended last up to a time.
    fn last_to_end(&self, rank: u32, at_ns: i64) -> Option<usize> {
        let order = self.by_end.get(&rank)?;
        let upto = order.partition_point(|&other| self.nodes[other].op.span.end_ns <= at_ns);
        order[..upto].last().copied()
    }

    /// The op of a rank that a call waited for: the last that ended while it ran.
    pub(super) fn ended_in(&self, rank: u32, call: Span) -> Option<usize> {
        let last = self.last_to_end(rank, call.end_ns)?;
        (self.nodes[last].op.span.end_ns > call.start_ns).then_some(last)
    }
}
