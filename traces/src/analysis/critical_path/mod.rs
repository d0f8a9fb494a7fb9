//! Which chain of ops, launches and waits decides when the last op ends?
//!
//! Walks back from the op that ends last. From every op it goes to what that op was waiting for last: an op that it depends
//! on, the op before it on its stream, an op of the rank that had just ended, or the call that launched it. From a collective
//! it goes over to the rank that arrived last. From a call it goes back along the host's thread, to the last call that waited
//! for the GPU and to the op that this one waited for.

mod graph;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Ops;
use super::stats::share;
use crate::model::{Kind, SliceRef, Span};
use graph::{Before, Graph};

/// The chain that ends last, from the first to the last of its segments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CriticalPath {
    /// In order of time; they tile [`CriticalPath::span`] without gap or overlap.
    pub segments: Vec<PathSegment>,
    /// First start to last end of the kernels and copies of all ranks.
    pub span: Span,
    /// Time of each kind, in the order of [`PathKind::ALL`], kinds that occur; the sum is the span.
    pub by_kind: Vec<PathShare>,
    /// Kernels and copies with most time on the path first, at most [`CriticalPath::KEPT`].
    pub ops: Vec<PathOp>,
    /// How often it goes over to another rank.
    pub crossings: usize,
    /// What it was built from.
    pub basis: PathBasis,
}

/// A stretch of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathSegment {
    /// When.
    pub span: Span,
    /// What it goes to.
    pub kind: PathKind,
    /// The rank on which it lies.
    pub rank: u32,
    /// The op or the call; `None` for waiting and for a host between its calls.
    pub slice: Option<SliceRef>,
}

/// What time on the path goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    /// A kernel that computes.
    Compute,
    /// Communication; of a collective the part after the last rank has arrived.
    Comm,
    /// A copy.
    Copy,
    /// A launch: from its call to the start of what it launched.
    Launch,
    /// The host before a launch.
    Host,
    /// Nothing of these: a rank that is not here comes late, or nothing recorded tells.
    Waiting,
}

impl PathKind {
    /// Every kind, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Compute, Self::Comm, Self::Copy, Self::Launch, Self::Host, Self::Waiting];

    /// As users read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Comm => "communication",
            Self::Copy => "copies",
            Self::Launch => "launches",
            Self::Host => "host",
            Self::Waiting => "waiting",
        }
    }

    fn of(kind: Kind) -> Self {
        if kind.is_compute() {
            Self::Compute
        } else if kind.is_comm() {
            Self::Comm
        } else {
            Self::Copy
        }
    }
}

/// Time of one kind on the path.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathShare {
    /// The kind.
    pub kind: PathKind,
    /// Its time.
    pub total_ns: i64,
    /// Over the span, 0…1.
    pub share: f64,
    /// The longest segment of it.
    pub longest: PathSegment,
}

/// A kernel or a copy, all its parts on the path together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathOp {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Time on the path.
    pub total_ns: i64,
    /// Segments.
    pub count: usize,
    /// The longest of them.
    pub longest: PathSegment,
}

/// What says that one op had to wait for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathBasis {
    /// Dependencies recorded in the trace, and the order of each stream.
    Dependencies,
    /// Launches, the order of each stream, and what had just ended on the rank where an op lay ready.
    Launches,
    /// Neither is recorded: each op is taken to have waited for whatever on its rank ended last before it began.
    LastToEnd,
    /// No ops.
    #[default]
    Nothing,
}

impl CriticalPath {
    /// Kernels and copies listed.
    pub const KEPT: usize = 100;
}

/// The critical path over the ops of all ranks. Costs n log n in ops and in slices of host threads that launch.
pub fn critical_path(ops: &Ops<'_>) -> CriticalPath {
    let graph = Graph::new(ops);
    let Some(last) = graph.last() else { return CriticalPath::default() };
    let span = graph.span;
    let mut walk = Walk { graph: &graph, at_ns: span.end_ns, segments: Vec::new() };
    walk.back_from(last);
    let mut segments = walk.segments;
    segments.reverse();
    let crosses = |pair: &&[PathSegment]| pair[0].rank != pair[1].rank;
    CriticalPath {
        span,
        by_kind: by_kind(&segments, span),
        ops: by_op(ops, &segments),
        crossings: segments.windows(2).filter(crosses).count(),
        basis: graph.basis,
        segments,
    }
}

/// What an op waited for before it began, as the critical path takes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitedFor {
    /// The op, or the call that launched it, of which it waited last.
    pub before: Option<SliceRef>,
    /// That is a call of the host.
    pub is_call: bool,
    /// It is recorded that the op depends on it.
    pub is_recorded: bool,
    /// Time of a collective before its last rank had arrived, ns.
    pub waited_ns: i64,
    /// The rank that arrived last, where that is another one of the trace.
    pub last_rank: Option<u32>,
}

/// What an op waited for; `None` for what is no op. Costs as much as [`critical_path`], the walk aside.
pub fn waited_for(ops: &Ops<'_>, slice: SliceRef) -> Option<WaitedFor> {
    let graph = Graph::new(ops);
    let at = graph.nodes.iter().position(|node| node.op.slice == slice)?;
    let node = &graph.nodes[at];
    let (before, is_call, is_recorded) = match graph.before(at, node.op.span.start_ns) {
        Some(Before::Op(other)) => {
            (Some(graph.nodes[other].op.slice), false, node.producers.contains(&other))
        }
        Some(Before::Call(call)) => (Some(call), true, true),
        None => (None, false, false),
    };
    let last_rank = node.leader.map(|leader| graph.nodes[leader].rank);
    Some(WaitedFor { before, is_call, is_recorded, waited_ns: node.waited_ns, last_rank })
}

/// The way back in time.
struct Walk<'g, 'a> {
    graph: &'g Graph<'a>,
    /// Everything from here on is told.
    at_ns: i64,
    /// Latest first.
    segments: Vec<PathSegment>,
}

impl Walk<'_, '_> {
    fn back_from(&mut self, last: usize) {
        let mut next = Some(last);
        let mut rank = 0;
        while let Some(at) = next.take() {
            let node = &self.graph.nodes[at];
            rank = node.rank;
            let arrived_ns = node.op.span.start_ns + node.waited_ns;
            let has_arrived = arrived_ns < self.at_ns;
            self.push(arrived_ns, PathKind::of(node.op.kind), (rank, Some(node.op.slice)));
            let leader = node.leader.filter(|_| has_arrived).unwrap_or(at);
            let leader_node = &self.graph.nodes[leader];
            rank = leader_node.rank;
            self.push(leader_node.op.span.start_ns, PathKind::Waiting, (rank, None));
            next = match self.graph.before(leader, self.at_ns) {
                Some(Before::Op(before)) => {
                    let before_node = &self.graph.nodes[before];
                    self.push(before_node.op.span.end_ns, PathKind::Waiting, (rank, None));
                    Some(before)
                }
                Some(Before::Call(call)) => {
                    self.push(
                        self.graph.host.span_of(call).start_ns,
                        PathKind::Launch,
                        (rank, Some(call)),
                    );
                    self.along_the_host(call, rank)
                }
                None => None,
            };
        }
        self.push(self.graph.span.start_ns, PathKind::Waiting, (rank, None));
    }

    /// Back along the thread of a call, to the op that it waited for before.
    fn along_the_host(&mut self, call: SliceRef, rank: u32) -> Option<usize> {
        while self.at_ns > self.graph.span.start_ns {
            let Some(sync) = self.graph.host.sync_before(call, self.at_ns) else {
                self.push(self.graph.span.start_ns, PathKind::Host, (rank, None));
                return None;
            };
            if let Some(op) = self.graph.ended_in(rank, sync) {
                self.push(self.graph.nodes[op].op.span.end_ns, PathKind::Host, (rank, None));
                return Some(op);
            }
            self.push(sync.start_ns, PathKind::Host, (rank, None));
        }
        None
    }

    /// Tells the time from `from_ns` to what is told.
    fn push(&mut self, from_ns: i64, kind: PathKind, (rank, slice): (u32, Option<SliceRef>)) {
        let from_ns = from_ns.max(self.graph.span.start_ns);
        if from_ns >= self.at_ns {
            return;
        }
        self.segments.push(PathSegment { span: Span::new(from_ns, self.at_ns), kind, rank, slice });
        self.at_ns = from_ns;
    }
}

fn by_kind(segments: &[PathSegment], span: Span) -> Vec<PathShare> {
    let of_kind = |kind| {
        let of_kind = || segments.iter().filter(move |segment| segment.kind == kind);
        let total_ns = of_kind().map(|segment| segment.span.len_ns()).sum();
        let longest = *of_kind().max_by_key(|segment| segment.span.len_ns())?;
        Some(PathShare { kind, total_ns, share: share(total_ns, span.len_ns()), longest })
    };
    PathKind::ALL.into_iter().filter_map(of_kind).collect()
}

fn by_op(ops: &Ops<'_>, segments: &[PathSegment]) -> Vec<PathOp> {
    let mut by_name: BTreeMap<(&str, Kind), PathOp> = BTreeMap::new();
    let on_gpu = [PathKind::Compute, PathKind::Comm, PathKind::Copy];
    for segment in segments.iter().filter(|segment| on_gpu.contains(&segment.kind)) {
        let Some(slice) = segment.slice else { continue };
        let label = ops.trace.label_of(slice);
        let (name, kind) = (label.name.as_str(), label.kind);
        let new =
            || PathOp { name: name.to_owned(), kind, total_ns: 0, count: 0, longest: *segment };
        let op = by_name.entry((name, kind)).or_insert_with(new);
        op.total_ns += segment.span.len_ns();
        op.count += 1;
        if segment.span.len_ns() > op.longest.span.len_ns() {
            op.longest = *segment;
        }
    }
    let mut ops: Vec<PathOp> = by_name.into_values().collect();
    ops.sort_by_key(|op| std::cmp::Reverse(op.total_ns));
    ops.truncate(CriticalPath::KEPT);
    ops
}

#[cfg(test)]
mod tests;
