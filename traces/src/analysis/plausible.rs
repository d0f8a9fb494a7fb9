//! Can it be? Records that a stream cannot have run, and marks that cannot hold what starts in them.
//!
//! A stream runs its kernels one after another. A record that lasts over many later ones of its stream and dwarfs them
//! all was stamped wrongly (an end that was never written, a clock that jumped), and a single one makes every figure
//! meaningless: it hides all communication and fills the whole span. So it is set aside, and said.

use std::collections::BTreeMap;

use super::intervals::IntervalSet;
use super::{GpuOp, Iteration};
use crate::model::{BorrowedValue, Span, Trace};
use crate::words;

/// Later kernels of its stream that a record has to last over.
const MIN_SUCCESSORS: usize = 8;
/// How many times as long as the stream's median it has to last.
const MIN_RATIO: i64 = 50;
/// A stream is in order when at most one in so many of its other ops starts before the one before it has ended.
const MAX_OVERLAPS: usize = 20;
/// What lasts less than this may stand within another by rounding alone.
const MIN_WITHIN_NS: i64 = 10_000;
/// Arguments that tell the nodes of a graph, which may run beside each other under one stream's number.
const NODE_KEYS: [&str; 3] = ["graph node id", "graph_node_id", "graphNodeId"];
/// By so many percent an iteration may be shorter than its computation: kernels that start in it end behind it.
const MAX_EXCESS_PERCENT: i64 = 10;
/// Records named of a rank.
const MAX_NAMED: usize = 3;

/// Takes out of a rank's ops what its streams cannot have run.
pub(super) fn set_aside(ops: &mut Vec<GpuOp>) -> Vec<(GpuOp, usize)> {
    let mut order: Vec<usize> = (0..ops.len()).collect();
    // Within a stream by start, as all of them are.
    order.sort_by_key(|&index| ops[index].stream);
    let mut found: Vec<(usize, usize)> = Vec::new();
    for stream in order.chunk_by(|&a, &b| ops[a].stream == ops[b].stream) {
        found.extend(of_stream(ops, stream));
    }
    if found.is_empty() {
        return Vec::new();
    }
    found.sort_unstable();
    let aside = found.iter().map(|&(index, successors)| (ops[index], successors)).collect();
    let mut next = found.iter().map(|&(index, _)| index).peekable();
    let mut index = 0;
    ops.retain(|_| {
        let is_found = next.next_if_eq(&index).is_some();
        index += 1;
        !is_found
    });
    aside
}

/// Ops of one stream that last over many others of it, each with their number; none where the stream is not in order.
fn of_stream(ops: &[GpuOp], stream: &[usize]) -> Vec<(usize, usize)> {
    if stream.len() <= MIN_SUCCESSORS {
        return Vec::new();
    }
    let mut lengths: Vec<i64> = stream.iter().map(|&index| ops[index].span.len_ns()).collect();
    let middle = lengths.len() / 2;
    let (_, &mut median_ns, _) = lengths.select_nth_unstable(middle);
    let is_long = |span: Span| span.len_ns() / MIN_RATIO > median_ns;
    let successors = |at: usize| {
        let end_ns = ops[stream[at]].span.end_ns;
        stream.partition_point(|&index| ops[index].span.start_ns < end_ns).saturating_sub(at + 1)
    };
    let long = (0..stream.len()).filter(|&at| is_long(ops[stream[at]].span));
    let found: Vec<(usize, usize)> = long
        .map(|at| (at, successors(at)))
        .filter(|&(_, successors)| successors >= MIN_SUCCESSORS)
        .collect();
    let mut rest: Vec<Span> = Vec::with_capacity(stream.len());
    let mut next = found.iter().map(|&(at, _)| at).peekable();
    for (at, &index) in stream.iter().enumerate() {
        if next.next_if_eq(&at).is_none() {
            rest.push(ops[index].span);
        }
    }
    let overlaps = rest.windows(2).filter(|pair| pair[1].start_ns < pair[0].end_ns).count();
    if overlaps * MAX_OVERLAPS > rest.len() || found.len() * MAX_OVERLAPS > stream.len() {
        return Vec::new();
    }
    found.into_iter().map(|(at, successors)| (stream[at], successors)).collect()
}

/// What was set aside of a rank, in sentences.
pub(super) fn in_words(trace: &Trace, rank: u32, aside: &[(GpuOp, usize)]) -> Vec<String> {
    let one = |(op, successors): &(GpuOp, usize)| {
        format!(
            "On stream {} of rank {rank}, {} of {} is stamped over {successors} later ops of its stream, which cannot be: it is left out of all figures.",
            op.stream,
            words::shortened(&trace.label(op.label).name, 60),
            words::duration(op.span.len_ns())
        )
    };
    let mut sentences: Vec<String> = aside.iter().take(MAX_NAMED).map(one).collect();
    if aside.len() > MAX_NAMED {
        let more = words::counted((aside.len() - MAX_NAMED) as u64, "more record");
        sentences.push(format!("{more} like these on rank {rank}."));
    }
    sentences
}

/// Streams with ops that begin and end while another of the same stream runs, a sentence each.
///
/// An op launched programmatically may begin before the one before it has ended, but waits for it before it ends.
pub(super) fn one_within_another(trace: &Trace, rank: u32, ops: &[GpuOp]) -> Vec<String> {
    let mut streams: BTreeMap<u32, Within> = BTreeMap::new();
    let mut args = trace.args.reader();
    let mut is_graph_node = |op: &GpuOp| {
        let id = trace.lane(op.slice.lane).slices.args[op.slice.index as usize];
        let told = |value| !matches!(value, BorrowedValue::Int(0));
        NODE_KEYS.iter().any(|node| args.find(id, |key| key == *node).is_some_and(told))
    };
    for op in ops {
        let stream = streams.entry(op.stream).or_default();
        let is_within = op.span.end_ns < stream.latest_end_ns;
        let is_told = is_within && op.span.len_ns() >= MIN_WITHIN_NS && !is_graph_node(op);
        stream.within += usize::from(is_told);
        stream.ops += 1;
        stream.latest_end_ns = stream.latest_end_ns.max(op.span.end_ns);
    }
    let told = streams.into_iter().filter(|(_, stream)| stream.within > 0);
    let sentence = |(stream, Within { ops, within, .. })| {
        format!(
            "On stream {stream} of rank {rank}, {within} of {} begin and end while another runs: a stream runs one after another, so their stream or their times are not right.",
            words::counted(ops as u64, "op")
        )
    };
    told.map(sentence).collect()
}

/// Ops of a stream, in order of start.
struct Within {
    ops: usize,
    within: usize,
    latest_end_ns: i64,
}

impl Default for Within {
    fn default() -> Self {
        Self { ops: 0, within: 0, latest_end_ns: i64::MIN }
    }
}

/// Iterations that are shorter than the computation that starts in them, in a sentence.
pub(super) fn short_iterations(
    rank: u32,
    ops: &[GpuOp],
    iterations: &[Iteration],
) -> Option<String> {
    let computation_ns = |span: Span| {
        let from = ops.partition_point(|op| op.span.start_ns < span.start_ns);
        let to = ops.partition_point(|op| op.span.start_ns < span.end_ns);
        let compute = ops[from.min(to)..to].iter().filter(|op| op.kind.is_compute());
        compute.map(|op| op.span).collect::<IntervalSet>().len_ns()
    };
    let is_short = |mark: &&Iteration| {
        let len_ns = mark.span.len_ns();
        computation_ns(mark.span) > len_ns.saturating_add(len_ns / 100 * MAX_EXCESS_PERCENT)
    };
    let short = iterations.iter().filter(is_short).count();
    (short > 0).then(|| {
        format!(
            "{short} of {} of rank {rank} are shorter than the computation that starts in them: their marks are not the GPU's.",
            words::counted(iterations.len() as u64, "iteration")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::trace;
    use super::*;
    use crate::model::{Kind, LabelId, LaneId, SliceRef};

    fn op(stream: u32, start_ns: i64, end_ns: i64) -> GpuOp {
        GpuOp {
            place: crate::analysis::Place::default(),
            span: Span::new(start_ns, end_ns),
            label: LabelId(0),
            kind: Kind::Gemm,
            stream,
            slice: SliceRef { lane: LaneId(0), index: 0 },
            wait_ns: Some(0),
            iteration: None,
        }
    }

    /// Ops of 50 ns every 60 ns.
    fn serial(stream: u32, count: i64) -> Vec<GpuOp> {
        (0..count).map(|i| op(stream, 1000 + i * 60, 1050 + i * 60)).collect()
    }

    fn aside(mut ops: Vec<GpuOp>) -> (usize, Vec<usize>) {
        ops.sort_by_key(|op| (op.span.start_ns, op.span.end_ns));
        let aside = set_aside(&mut ops);
        (ops.len(), aside.into_iter().map(|(_, successors)| successors).collect())
    }

    #[test]
    fn a_record_that_dwarfs_its_successors_is_set_aside() {
        let with = |ops: Vec<GpuOp>, more: GpuOp| ops.into_iter().chain([more]).collect();
        assert_eq!(aside(with(serial(3, 100), op(3, 900, 900_000))), (100, vec![100]));
        // In the middle: it lasts over what comes later.
        assert_eq!(aside(with(serial(3, 100), op(3, 4055, 900_000))), (100, vec![49]));
        // On another stream, or long with nothing behind it, or not that long, it may well be.
        assert_eq!(aside(with(serial(3, 100), op(4, 900, 900_000))), (101, vec![]));
        assert_eq!(aside(with(serial(3, 100), op(3, 7000, 900_000))), (101, vec![]));
        assert_eq!(aside(with(serial(3, 100), op(3, 900, 2000))), (101, vec![]));
        // Overlaps of a few ns are rounding, and a stream whose ops overlap all the time is none in order.
        let rounded = (0..100).map(|i| op(3, i * 50, i * 50 + 53)).collect();
        assert_eq!(aside(rounded), (100, vec![]));
        let concurrent = (0..100).map(|i| op(3, i * 10, i * 10 + 100)).collect();
        assert_eq!(aside(with(concurrent, op(3, 5, 900_000))), (101, vec![]));
    }

    #[test]
    fn ops_that_run_within_another_of_their_stream_are_told() {
        let told = |text: &str| -> Vec<String> {
            let trace = trace(text);
            super::super::Ops::of(&trace, &super::super::Config::default()).caveats().to_vec()
        };
        let within = "rank 0\n stream 7: gemm 0..90000 a; gemm 20000..60000 b; gemm 90000..99000 c";
        let said = "On stream 7 of rank 0, 1 of 3 ops begin and end while another runs: a stream runs one after another, so their stream or their times are not right.";
        assert_eq!(told(within), [said]);
        // A dependent launch begins early and ends later; rounding; other streams.
        assert!(told("rank 0\n stream 7: gemm 0..90000 a; gemm 20000..91000 b").is_empty());
        assert!(told("rank 0\n stream 7: gemm 0..90000 a; gemm 20000..21000 b").is_empty());
        let others = "rank 0\n stream 7: gemm 0..90000 a\n stream 8: gemm 20000..60000 b";
        assert!(told(others).is_empty());
    }

    #[test]
    fn marks_shorter_than_their_computation_are_told() {
        let mark = |start_ns, end_ns| Iteration {
            index: 0,
            name: String::new(),
            span: Span::new(start_ns, end_ns),
        };
        let ops = [op(3, 0, 100), op(3, 100, 200), op(3, 200, 300)];
        assert_eq!(short_iterations(0, &ops, &[mark(0, 195), mark(195, 300)]), None);
        let said = short_iterations(0, &ops, &[mark(0, 195), mark(195, 210)]);
        assert!(said.is_some_and(|said| said.starts_with("1 of 2 iterations of rank 0 are")));
    }
}
