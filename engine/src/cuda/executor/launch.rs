//! Putting the ops of an iteration on the streams: one by one, or as one CUDA graph a rank.

use std::collections::HashMap;

use cudarc::driver::{CudaEvent, CudaStream, sys};

use super::{
    compute::Compute,
    graph::{Graph, is_nccl},
    layout::other_stream,
    prepared::Prepared,
    rank::Rank,
};
use crate::{
    cuda::{
        driver::{Context as _, CudaError, Nccl, Part},
        kernels::{MarkCall, Moment},
        stamps::BEGIN,
    },
    observer::LaunchWatch,
    plan::{Op, OpId, OpWork, StreamId},
};

/// Events that other streams wait for, by op.
type Events = HashMap<OpId, CudaEvent>;

/// Launches op by op and rank by rank, so that no rank runs far ahead; `watch` is notified of each.
pub(super) fn launch_directly(
    prepared: &Prepared,
    watch: Option<&mut (dyn LaunchWatch + '_)>,
) -> Result<(), CudaError> {
    launch_ops(prepared, watch, Pace::BackToBack)
}

/// Launches op by op; each begins when the one before has ended on every rank, so that it has the GPUs to itself.
pub(super) fn launch_isolated(prepared: &Prepared) -> Result<(), CudaError> {
    launch_ops(prepared, None, Pace::OneAtATime)
}

/// Whether ops wait for one another beyond what the plan asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    BackToBack,
    OneAtATime,
}

fn launch_ops(
    prepared: &Prepared,
    mut watch: Option<&mut (dyn LaunchWatch + '_)>,
    pace: Pace,
) -> Result<(), CudaError> {
    let synchronize = || match pace {
        Pace::BackToBack => Ok(()),
        Pace::OneAtATime => prepared.synchronize(),
    };
    let mut events: Vec<Events> = prepared.ranks.iter().map(|_| Events::new()).collect();
    for index in 0..prepared.ranks.len() {
        begin(prepared, index)?;
    }
    synchronize()?;
    for op in &prepared.plan.ops {
        if let (true, Some(nccl)) = (is_nccl(op), &prepared.nccl) {
            // One call launches on all ranks: the watch is notified of rank 0 and knows the others by their device.
            let launch = || launch_nccl(prepared, nccl, op, &mut events);
            watched(&mut watch, |watch| watch.before(0, op.id), launch)?;
            synchronize()?;
            continue;
        }
        for (index, events) in events.iter_mut().enumerate() {
            let launch = || launch_op(prepared, op, index, events);
            watched(&mut watch, |watch| watch.before(index as u32, op.id), launch)?;
        }
        synchronize()?;
    }
    Ok(())
}

/// Captures each rank's graph, unless that is done already; `watch` is notified of what is captured.
pub(super) fn capture_graphs(
    prepared: &mut Prepared,
    mut watch: Option<&mut (dyn LaunchWatch + '_)>,
) -> Result<(), CudaError> {
    let graphs = &mut prepared.loaded.graphs;
    // Who watches cannot tell the nodes of what was captured unwatched.
    if watch.is_some() && graphs.iter().any(|graph| !graph.is_watched) {
        graphs.clear();
    }
    if graphs.is_empty() {
        let ranks = 0..prepared.ranks.len();
        let graphs = ranks.map(|index| capture(prepared, index, &mut watch));
        prepared.loaded.graphs = graphs.collect::<Result<_, _>>()?;
    }
    Ok(())
}

/// Launches each rank's graph, which is [captured](capture_graphs).
pub(super) fn launch_graphs(
    prepared: &Prepared,
    mut watch: Option<&mut (dyn LaunchWatch + '_)>,
) -> Result<(), CudaError> {
    for (index, (rank, graph)) in prepared.ranks.iter().zip(&prepared.loaded.graphs).enumerate() {
        let gpu = rank.device.info().index;
        let launch = || graph.instance.launch().on(gpu, "launching an iteration");
        watched(&mut watch, |watch| watch.before_graph(index as u32), launch)?;
    }
    Ok(())
}

/// Captures a rank's whole iteration. The communication stream is forked off at the start and joined at the end.
fn capture(
    prepared: &Prepared,
    index: usize,
    watch: &mut Option<&mut (dyn LaunchWatch + '_)>,
) -> Result<Graph, CudaError> {
    let device = &prepared.ranks[index].device;
    let gpu = device.info().index;
    let forks = prepared.plan.ops.iter().any(|op| op.stream == StreamId::COMM);
    let join = |from: &CudaStream, to: &CudaStream| {
        let event = from.record_event(None).on(gpu, "recording an event")?;
        to.wait(&event).on(gpu, "ordering streams")?;
        Ok::<_, CudaError>(event)
    };
    device.make_current()?;
    let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED;
    device.compute().begin_capture(mode).on(gpu, "capturing an iteration")?;
    // Events live until the capture ends, whatever happens on the way there.
    let mut events = Events::new();
    let mut joins = Vec::new();
    let captured: Result<(), CudaError> = (|| {
        begin(prepared, index)?;
        if forks {
            joins.push(join(device.compute(), device.comm())?);
        }
        for op in &prepared.plan.ops {
            let launch = || launch_op(prepared, op, index, &mut events);
            watched(watch, |watch| watch.capturing(op.id), launch)?;
        }
        if forks {
            joins.push(join(device.comm(), device.compute())?);
        }
        Ok(())
    })();
    let flags = sys::CUgraphInstantiate_flags::CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;
    let ended = device.compute().end_capture(flags).on(gpu, "ending a capture");
    captured?;
    let graph = ended?.ok_or_else(|| CudaError::Driver {
        gpu,
        what: "ending a capture",
        cause: "it was empty".to_owned(),
    })?;
    graph.upload().on(gpu, "uploading an iteration")?;
    Ok(Graph { instance: graph, is_watched: watch.is_some() })
}

/// What stands before the first op: the mark that separates iterations.
fn begin(prepared: &Prepared, index: usize) -> Result<(), CudaError> {
    let rank = &prepared.ranks[index];
    mark(prepared, index, rank.device.compute(), BEGIN, Moment::Before)
}

fn launch_op(
    prepared: &Prepared,
    op: &Op,
    index: usize,
    events: &mut Events,
) -> Result<(), CudaError> {
    let rank = &prepared.ranks[index];
    rank.device.make_current()?;
    await_others(prepared, op, index, events)?;
    let programs = &prepared.loaded.programs[index];
    match &op.work {
        OpWork::Collective(shape) => {
            programs.collectives.launch(rank, &prepared.peers[index], op, shape.collective)?;
        }
        _ => {
            let (kernels, attention) = (&programs.compute, &programs.attention);
            let index = prepared.first_rank + index as u32;
            let sms = prepared.sms[op.id.0 as usize];
            Compute { rank, kernels, attention, index, sms }.launch(op)?;
        }
    }
    signal_others(prepared, op, index, events)
}

/// One group call for all ranks, between two marks on each, which stand in for the stamps that NCCL does not write.
fn launch_nccl(
    prepared: &Prepared,
    nccl: &Nccl,
    op: &Op,
    events: &mut [Events],
) -> Result<(), CudaError> {
    for (index, rank) in prepared.ranks.iter().enumerate() {
        rank.device.make_current()?;
        await_others(prepared, op, index, &mut events[index])?;
        mark(prepared, index, rank.stream_of(op), op.id.0, Moment::Before)?;
    }
    let rows = prepared.ranks[0].sizes.rows_of(op);
    let columns = prepared.ranks[0].sizes.shard.hidden;
    let parts: Vec<Part<'_>> = prepared
        .ranks
        .iter()
        .map(|rank| Part {
            data: Rank::matrix(&rank.act().hidden, rows, columns).data,
            stream: rank.stream_of(op),
        })
        .collect();
    // SAFETY: the rows lie in every rank's hidden buffer, which lives as long as the rank; stream order and the
    // plan's dependencies keep others away.
    unsafe { nccl.all_reduce(&parts, rows.rows as usize * columns as usize) }?;
    for (index, rank) in prepared.ranks.iter().enumerate() {
        rank.device.make_current()?;
        mark(prepared, index, rank.stream_of(op), op.id.0, Moment::After)?;
        signal_others(prepared, op, index, &mut events[index])?;
    }
    Ok(())
}

fn await_others(
    prepared: &Prepared,
    op: &Op,
    index: usize,
    events: &mut Events,
) -> Result<(), CudaError> {
    let rank = &prepared.ranks[index];
    for dep in other_stream(&prepared.plan, op) {
        let stream = rank.stream_of(op);
        stream.wait(&events[&dep]).on(rank.device.info().index, "ordering streams")?;
    }
    Ok(())
}

fn signal_others(
    prepared: &Prepared,
    op: &Op,
    index: usize,
    events: &mut Events,
) -> Result<(), CudaError> {
    let rank = &prepared.ranks[index];
    if prepared.awaited[op.id.0 as usize] {
        let event = rank.stream_of(op).record_event(None);
        events.insert(op.id, event.on(rank.device.info().index, "recording an event")?);
    }
    Ok(())
}

/// Launches, or adds to a graph; the watch is notified before and after.
fn watched(
    watch: &mut Option<&mut (dyn LaunchWatch + '_)>,
    notify: impl FnOnce(&mut (dyn LaunchWatch + '_)),
    launch: impl FnOnce() -> Result<(), CudaError>,
) -> Result<(), CudaError> {
    let Some(watch) = watch else { return launch() };
    notify(&mut **watch);
    let launched = launch();
    watch.after();
    launched
}

/// Stamps a moment of an op on a stream of a rank.
fn mark(
    prepared: &Prepared,
    index: usize,
    stream: &CudaStream,
    op: u32,
    moment: Moment,
) -> Result<(), CudaError> {
    let call = MarkCall { moment, recording: prepared.ranks[index].recording.of(op) };
    prepared.loaded.programs[index].mark.launch(stream, &call)
}
