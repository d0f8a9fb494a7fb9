//! The rows of a rank: its streams with kernels and copies, the channels of NCCL's kernels below their stream.

use std::collections::{BTreeMap, BTreeSet};

use weftscope_traces::{ArgValue, ArgsId, LabelId, Span, TrackId, TrackKind};
use weftscope_wire::{CopyRun, GraphNode, KernelRun, Moved};

use super::{
    Timed, channels,
    join::{Joined, join},
    words,
};
use crate::watch::sheet::{Sheet, kernel_name};

/// Streams that only nodes of graphs run on: of more than so many the driver's own, which no program has a name for.
const OWN_STREAMS: usize = 4;

/// Something on a stream.
struct Op {
    stream: u32,
    span: Span,
    label: LabelId,
    args: ArgsId,
    correlation: u32,
    is_node: bool,
}

/// Draws a rank.
pub(in crate::watch) fn rank(sheet: &mut Sheet<'_>, (rank, device): (u32, u32), timed: &Timed<'_>) {
    let known = timed.process.devices.get(&device);
    let root = sheet.rank(rank, known, known.map_or(0, |known| known.sms));
    sheet.builder.meta_mut().clocks.extend(timed.agreements(rank, device));
    if timed.cupti.is_none() && !timed.process.runs.is_empty() {
        sheet.builder.diagnostics_mut().note(format!(
            "rank {rank}: CUPTI's clock was never read, so its time is taken for the wall clock's"
        ));
    }
    let joined = join(timed, device);
    let mut ops: Vec<Op> = Vec::new();
    let runs = timed.process.runs.iter().enumerate();
    for (index, run) in runs.filter(|(_, run)| run.device == device) {
        ops.push(kernel(sheet, timed, run, &joined, index));
    }
    for copy in timed.process.copies.iter().filter(|copy| copy.device == device) {
        ops.push(copied(sheet, timed, copy));
    }
    ops.sort_by_key(|op| (op.span.start_ns, op.span.end_ns));
    let folded = fold(&mut ops);
    let streams: BTreeSet<u32> = ops.iter().map(|op| op.stream).collect();
    let mut tracks: BTreeMap<u32, TrackId> = BTreeMap::new();
    for stream in streams {
        let name = match folded {
            Some(graphs) if graphs == stream => "streams of graphs".to_owned(),
            _ => format!("stream {stream}"),
        };
        let kind = TrackKind::Stream { rank, stream };
        tracks.insert(stream, sheet.builder.track(Some(root), name, kind));
        channels::draw(sheet, (rank, root, stream), timed, &joined);
    }
    for op in &ops {
        let span = op.span.shifted(-sheet.base_host_ns);
        sheet.builder.push_packed(tracks[&op.stream], span, op.label, op.args, op.correlation);
    }
    channels::draw_rest(sheet, (rank, root), timed, &joined, ops.is_empty());
    count(sheet, timed, device, &joined);
}

fn kernel(
    sheet: &mut Sheet<'_>,
    timed: &Timed<'_>,
    run: &KernelRun,
    joined: &Joined<'_>,
    index: usize,
) -> Op {
    let list = |of: [u32; 3]| ArgValue::Json(format!("[{},{},{}]", of[0], of[1], of[2]));
    let mut args = vec![("grid", list(run.grid)), ("block", list(run.block))];
    if run.cluster.iter().any(|&blocks| blocks > 1) {
        args.push(("cluster", list(run.cluster)));
    }
    args.extend(node(run.node));
    let of_collective = timed.collective_args(joined.of(index));
    let of_collective = of_collective.iter().map(|(key, value)| (key.as_str(), value.clone()));
    let args = sheet.builder.args_mut().push(args.into_iter().chain(of_collective));
    Op {
        stream: run.stream,
        span: timed.span(run.start_cupti_ns, run.end_cupti_ns),
        label: sheet.label(&[kernel_name(timed.process, run.kernel)]),
        args,
        correlation: run.correlation,
        is_node: run.node.is_some(),
    }
}

fn copied(sheet: &mut Sheet<'_>, timed: &Timed<'_>, copy: &CopyRun) -> Op {
    let mut args = vec![("bytes", ArgValue::Int(copy.bytes as i64))];
    if let Moved::Peer { from, to } = copy.moved {
        args.push(("fromDevice", ArgValue::Int(from.into())));
        args.push(("toDevice", ArgValue::Int(to.into())));
    }
    args.extend(node(copy.node));
    let args = sheet.builder.args_mut().push(args);
    let (name, kind) = words::copy(copy.moved);
    Op {
        stream: copy.stream,
        span: timed.span(copy.start_cupti_ns, copy.end_cupti_ns),
        label: sheet.label_of_kind(&name, kind),
        args,
        correlation: copy.correlation,
        is_node: copy.node.is_some(),
    }
}

fn node(node: Option<GraphNode>) -> Vec<(&'static str, ArgValue)> {
    let Some(node) = node else { return Vec::new() };
    let graph = node.graph.map(|graph| ("graph id", ArgValue::Int(graph.into())));
    graph.into_iter().chain([("graph node id", ArgValue::Int(node.node as i64))]).collect()
}

/// Puts the driver's own streams into one; gives its number where there were many.
fn fold(ops: &mut [Op]) -> Option<u32> {
    let named: BTreeSet<u32> = ops.iter().filter(|op| !op.is_node).map(|op| op.stream).collect();
    let own: BTreeSet<u32> =
        ops.iter().map(|op| op.stream).filter(|stream| !named.contains(stream)).collect();
    let first = *own.first().filter(|_| own.len() > OWN_STREAMS)?;
    for op in ops.iter_mut().filter(|op| own.contains(&op.stream)) {
        op.stream = first;
    }
    Some(first)
}

fn count(sheet: &mut Sheet<'_>, timed: &Timed<'_>, device: u32, joined: &Joined<'_>) {
    let diagnostics = sheet.builder.diagnostics_mut();
    let known: usize = joined.collectives.values().map(Vec::len).sum();
    let of_device = |id: u64| {
        let mut made = timed.process.communicators.iter();
        made.any(|made| made.id == id && made.device.is_none_or(|of| of == device))
    };
    let told = timed.process.told.iter().filter(|told| of_device(told.communicator)).count();
    let cause = "collectives of which no kernel is known: captured into graphs, or launched when nobody recorded";
    diagnostics.remark(cause, told.saturating_sub(known) as u64);
    diagnostics.count(STALE, joined.stale);
    let has_clock = timed.process.clock(device).is_some();
    let own = timed.process.channels.iter().filter(|run| run.device == Some(device)).count();
    let untimed = if has_clock { 0 } else { own as u64 };
    diagnostics.count(UNREAD, untimed);
}

const STALE: &str = "channels of NCCL's kernels that came with the times of others, or may have (NCCL up to 2.30 where CUDA graphs hold collectives), not drawn";
const UNREAD: &str = "channels of NCCL's kernels of a device whose clock was never read, not drawn";
