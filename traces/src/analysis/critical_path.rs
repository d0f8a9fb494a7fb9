//! Which ops decide when the iteration ends?

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::{GpuOp, Member, Ops, RankOps};
use crate::model::{FlowKind, Kind, SliceRef, Trace};

/// The chain of ops that ends last, from the first to the last of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CriticalPath {
    /// Ops in order of time.
    pub steps: Vec<PathStep>,
    /// From the first step's start to the last one's end: the sum of all steps and gaps.
    pub span_ns: i64,
    /// Time on the path per kind, in drawing order, kinds that occur.
    pub by_kind: Vec<(Kind, i64)>,
    /// Time on the path in which no op of it runs (launches, joins).
    pub gap_ns: i64,
    /// What the chain was built from.
    pub basis: PathBasis,
}

/// What says that one op had to wait for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PathBasis {
    /// Dependencies recorded in the trace, and the order of each stream.
    Dependencies,
    /// None are recorded: each op is taken to have waited for whatever on its rank ended last before it began.
    LastToEnd,
    /// No ops.
    #[default]
    Nothing,
}

/// One op on the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PathStep {
    /// The op.
    pub slice: SliceRef,
    /// Its rank.
    pub rank: u32,
    /// Its kind.
    pub kind: Kind,
    /// The part of it on the path: a collective counts from the arrival of the last rank, an op that began before
    /// its producer had ended from that end.
    pub on_path_ns: i64,
    /// From the end of the step before to the start of this part.
    pub gap_before_ns: i64,
}

/// The critical path over the ops of all ranks.
///
/// Walks back from the op that ends last: to the producer (by dependency, or the op before on its stream) that
/// ended last; from a collective over to the rank that came to it last, and on from there.
pub fn critical_path(ops: &Ops<'_>) -> CriticalPath {
    let graph = Graph::new(ops);
    let Some(last) = (0..graph.ops.len()).max_by_key(|&at| graph.ops[at].op.span.end_ns) else {
        return CriticalPath::default();
    };
    let mut steps = Vec::new();
    let mut seen = HashSet::new();
    let mut at = last;
    let mut until_ns = graph.ops[last].op.span.end_ns;
    let end_ns = until_ns;
    while seen.insert(at) {
        let arrived = graph.last_to_arrive(at, until_ns);
        let arrival_ns = graph.ops[arrived].op.span.start_ns.min(until_ns);
        let before = graph.producer(arrived, &seen);
        let producer_end_ns = before.map(|before| graph.ops[before].op.span.end_ns.min(until_ns));
        let from_ns = producer_end_ns.map_or(arrival_ns, |end| end.max(arrival_ns));
        steps.push(PathStep {
            slice: graph.ops[at].op.slice,
            rank: graph.ops[at].rank,
            kind: graph.ops[at].op.kind,
            on_path_ns: until_ns - from_ns,
            gap_before_ns: from_ns - producer_end_ns.unwrap_or(from_ns),
        });
        let (Some(before), Some(producer_end_ns)) = (before, producer_end_ns) else {
            until_ns = from_ns;
            break;
        };
        (at, until_ns) = (before, producer_end_ns);
    }
    steps.reverse();
    CriticalPath {
        span_ns: end_ns - until_ns,
        by_kind: by_kind(&steps),
        gap_ns: steps.iter().map(|step| step.gap_before_ns).sum(),
        basis: graph.basis,
        steps,
    }
}

fn by_kind(steps: &[PathStep]) -> Vec<(Kind, i64)> {
    let mut sums: BTreeMap<Kind, i64> = BTreeMap::new();
    for step in steps {
        *sums.entry(step.kind).or_default() += step.on_path_ns;
    }
    sums.into_iter().collect()
}

struct Node {
    op: GpuOp,
    rank: u32,
    /// Nodes that must come first.
    producers: Vec<usize>,
    /// The same collective on the rank that arrived last.
    last_member: Option<usize>,
}

struct Graph {
    ops: Vec<Node>,
    basis: PathBasis,
    /// By rank, node ids in order of end; only for [`PathBasis::LastToEnd`].
    by_end: BTreeMap<u32, Vec<usize>>,
}

impl Graph {
    fn new(gathered: &Ops<'_>) -> Self {
        let trace = gathered.trace;
        let mut ops: Vec<Node> = Vec::new();
        for RankOps { rank, ops: of_rank, .. } in &gathered.ranks {
            let node = |&op: &GpuOp| Node { op, rank: *rank, producers: vec![], last_member: None };
            ops.extend(of_rank.iter().map(node));
        }
        let place: HashMap<SliceRef, usize> =
            ops.iter().enumerate().map(|(at, node)| (node.op.slice, at)).collect();
        let mut graph = Self { ops, basis: PathBasis::LastToEnd, by_end: BTreeMap::new() };
        // Plans state all dependencies: one with none but its streams' order is complete, too.
        let is_planned = |node: &Node| trace.label(node.op.label).facts.is_some();
        let is_planned = graph.ops.iter().all(is_planned);
        if graph.add_flows(trace, &place) || is_planned {
            graph.basis = PathBasis::Dependencies;
            graph.add_stream_order();
        } else {
            graph.sort_by_end();
        }
        let is_own = |member: &&Member| member.trace == gathered.index();
        for collective in &gathered.collectives().matched {
            let members = || collective.members.iter().filter(is_own);
            let last = members().max_by_key(|member| member.span.start_ns);
            let Some(&last) = last.and_then(|member| place.get(&member.slice)) else { continue };
            for member in members() {
                if let Some(&at) = place.get(&member.slice) {
                    graph.ops[at].last_member = Some(last);
                }
            }
        }
        graph
    }

    /// Adds dependencies between ops; false when there are none.
    fn add_flows(&mut self, trace: &Trace, place: &HashMap<SliceRef, usize>) -> bool {
        let mut any = false;
        for flow in trace.flows.iter().filter(|flow| flow.kind != FlowKind::Launch) {
            if let (Some(&from), Some(&to)) = (place.get(&flow.from), place.get(&flow.to)) {
                self.ops[to].producers.push(from);
                any = true;
            }
        }
        any
    }

    fn add_stream_order(&mut self) {
        let mut last: HashMap<(u32, u32), usize> = HashMap::new();
        for at in 0..self.ops.len() {
            let row = (self.ops[at].rank, self.ops[at].op.stream);
            if let Some(before) = last.insert(row, at) {
                self.ops[at].producers.push(before);
            }
        }
    }

    fn sort_by_end(&mut self) {
        for (at, node) in self.ops.iter().enumerate() {
            self.by_end.entry(node.rank).or_default().push(at);
        }
        for order in self.by_end.values_mut() {
            order.sort_by_key(|&at| self.ops[at].op.span.end_ns);
        }
    }

    /// The member of the same collective that held everybody up, or the op itself.
    fn last_to_arrive(&self, at: usize, until_ns: i64) -> usize {
        let Some(last) = self.ops[at].last_member else { return at };
        let (own, its) = (self.ops[at].op.span.start_ns, self.ops[last].op.span.start_ns);
        if its > own && its < until_ns { last } else { at }
    }

    /// The producer that ended last.
    fn producer(&self, at: usize, seen: &HashSet<usize>) -> Option<usize> {
        let node = &self.ops[at];
        let begins_before = |other: &usize| {
            self.ops[*other].op.span.start_ns <= node.op.span.start_ns && !seen.contains(other)
        };
        match self.basis {
            PathBasis::LastToEnd => {
                let order = self.by_end.get(&node.rank)?;
                let ended =
                    |&other: &usize| self.ops[other].op.span.end_ns <= node.op.span.start_ns;
                let upto = order.partition_point(ended);
                order[..upto]
                    .iter()
                    .rev()
                    .copied()
                    .find(|other| *other != at && begins_before(other))
            }
            _ => {
                let producers = node.producers.iter().copied().filter(begins_before);
                producers.max_by_key(|&other| self.ops[other].op.span.end_ns)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Config, testing::trace};

    fn path(text: &str) -> (Vec<(String, i64, i64)>, CriticalPath) {
        let trace = trace(text);
        let path = critical_path(&Ops::of(&trace, &Config::default()));
        let steps = path.steps.iter().map(|step| {
            (trace.label_of(step.slice).name.clone(), step.on_path_ns, step.gap_before_ns)
        });
        let on_path: i64 = path.steps.iter().map(|s| s.on_path_ns + s.gap_before_ns).sum();
        assert_eq!(on_path, path.span_ns);
        (steps.collect(), path)
    }

    fn step(name: &str, on_path_ns: i64, gap_before_ns: i64) -> (String, i64, i64) {
        (name.to_owned(), on_path_ns, gap_before_ns)
    }

    #[test]
    fn the_producer_that_ended_last_is_followed() {
        let (steps, path) = path(
            "rank 0
             stream 0: gemm 0..100 qkv; gemm 135..200 up
             stream 1: comm 20..130 ar
             flow ar@20 -> up@135",
        );
        assert_eq!(steps, [step("ar", 110, 0), step("up", 65, 5)]);
        assert_eq!(path.by_kind, [(Kind::Gemm, 65), (Kind::Comm, 110)]);
        assert_eq!((path.span_ns, path.gap_ns), (180, 5));
        assert_eq!(path.basis, PathBasis::Dependencies);
    }

    #[test]
    fn the_path_crosses_to_the_rank_that_came_late() {
        let (steps, _) = path(
            "rank 0
             stream 0: gemm 0..50 fast; comm 50..150 ar op=1
             flow fast@0 -> ar@50
             rank 1
             stream 0: gemm 0..120 slow; comm 120..149 ar op=1",
        );
        assert_eq!(steps, [step("slow", 120, 0), step("ar", 30, 0)]);
    }

    #[test]
    fn without_dependencies_the_last_to_end_counts() {
        let (steps, path) = path(
            "rank 0
             stream 0: gemm 0..100 a; gemm 140..200 c
             stream 1: comm 0..138 b",
        );
        assert_eq!(steps, [step("b", 138, 0), step("c", 60, 2)]);
        assert_eq!(path.basis, PathBasis::LastToEnd);
    }

    #[test]
    fn no_ops_no_path() {
        assert_eq!(path("rank 0").1, CriticalPath::default());
    }
}
