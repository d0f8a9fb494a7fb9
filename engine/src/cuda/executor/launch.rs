//! Putting the ops of an iteration on the streams: one by one, or as one CUDA graph a rank.

use std::{collections::HashMap, fmt};

use cudarc::driver::{CudaEvent, CudaGraph, CudaStream, sys};

use super::{
    collective,
    compute::Compute,
    prepared::{Prepared, other_stream},
    rank::Rank,
    report::BEGIN,
};
use crate::{
    cuda::{Args, CudaError, Nccl, Part, Shape, error::Context as _},
    observer::LaunchWatch,
    plan::{Op, OpId, OpWork, Plan, StreamId},
    spec::Transport,
};

/// Events that other streams wait for, by op.
type Events = HashMap<OpId, CudaEvent>;

/// A rank's iteration, instantiated.
pub(super) struct Graph(CudaGraph);

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Graph").field(&self.0.cu_graph_exec()).finish()
    }
}

/// Whether an op is NCCL's to run.
fn is_nccl(op: &Op) -> bool {
    matches!(op.work, OpWork::Collective { transport: Transport::Nccl, .. })
}

impl Prepared {
    /// Launches op by op and rank by rank, so that no rank runs far ahead; `watch` hears of each.
    pub(super) fn launch_directly(
        &self,
        mut watch: Option<&mut (dyn LaunchWatch + '_)>,
    ) -> Result<(), CudaError> {
        let mut events: Vec<Events> = self.ranks.iter().map(|_| Events::new()).collect();
        for index in 0..self.ranks.len() {
            self.begin(index)?;
        }
        for op in &self.plan.ops {
            if let (true, Some(nccl)) = (is_nccl(op), &self.nccl) {
                // One call launches on all ranks: who watches hears of rank 0 and knows the others by their device.
                let launch = || self.launch_nccl(nccl, op, &mut events);
                watched(&mut watch, (0, op.id), launch)?;
                continue;
            }
            for (index, events) in events.iter_mut().enumerate() {
                let launch = || self.launch_op(op, index, events);
                watched(&mut watch, (index as u32, op.id), launch)?;
            }
        }
        Ok(())
    }

    /// Launches each rank's graph, captured the first time.
    pub(super) fn launch_graphs(&mut self) -> Result<(), CudaError> {
        if self.graphs.is_empty() {
            self.graphs =
                (0..self.ranks.len()).map(|index| self.capture(index)).collect::<Result<_, _>>()?;
        }
        for (rank, graph) in self.ranks.iter().zip(&self.graphs) {
            graph.0.launch().on(rank.device.info().index, "launching an iteration")?;
        }
        Ok(())
    }

    /// Captures a rank's whole iteration. The communication stream is forked off at the start and joined at the end.
    fn capture(&self, index: usize) -> Result<Graph, CudaError> {
        let device = &self.ranks[index].device;
        let gpu = device.info().index;
        let forks = self.plan.ops.iter().any(|op| op.stream == StreamId::COMM);
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
            self.begin(index)?;
            if forks {
                joins.push(join(device.compute(), device.comm())?);
            }
            for op in &self.plan.ops {
                self.launch_op(op, index, &mut events)?;
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
        Ok(Graph(graph))
    }

    /// What stands before the first op: the mark that iterations are told apart by.
    fn begin(&self, index: usize) -> Result<(), CudaError> {
        let rank = &self.ranks[index];
        mark(rank, rank.device.compute(), (BEGIN, 0))
    }

    fn launch_op(&self, op: &Op, index: usize, events: &mut Events) -> Result<(), CudaError> {
        let rank = &self.ranks[index];
        rank.device.make_current()?;
        self.await_others(op, index, events)?;
        match op.work {
            OpWork::Collective { collective: which, .. } => {
                collective::launch(rank, &self.peers[index], op, which)?;
            }
            _ => {
                Compute { rank, index: index as u32, sms: self.sms[op.id.0 as usize] }
                    .launch(op)?;
            }
        }
        self.tell_others(op, index, events)
    }

    /// One group call for all ranks, between two marks on each, which stand in for the stamps that NCCL does not write.
    fn launch_nccl(&self, nccl: &Nccl, op: &Op, events: &mut [Events]) -> Result<(), CudaError> {
        for (index, rank) in self.ranks.iter().enumerate() {
            rank.device.make_current()?;
            self.await_others(op, index, &mut events[index])?;
            mark(rank, rank.stream_of(op), (op.id.0, 0))?;
        }
        let rows = self.ranks[0].sizes.rows_of(op);
        let columns = self.ranks[0].sizes.shard.hidden;
        let parts: Vec<Part<'_>> = self
            .ranks
            .iter()
            .map(|rank| Part {
                address: Rank::matrix(&rank.act.hidden, (rows.first, rows.rows), columns).address,
                stream: rank.stream_of(op),
            })
            .collect();
        // SAFETY: the rows lie in every rank's hidden buffer, which lives as long as the rank; stream order and the
        // plan's dependencies keep others away.
        unsafe { nccl.all_reduce(&parts, rows.rows as usize * columns as usize) }?;
        for (index, rank) in self.ranks.iter().enumerate() {
            rank.device.make_current()?;
            mark(rank, rank.stream_of(op), (op.id.0, 1))?;
            self.tell_others(op, index, &mut events[index])?;
        }
        Ok(())
    }

    fn await_others(&self, op: &Op, index: usize, events: &mut Events) -> Result<(), CudaError> {
        let rank = &self.ranks[index];
        for dep in other_stream(&self.plan, op) {
            let stream = rank.stream_of(op);
            stream.wait(&events[&dep]).on(rank.device.info().index, "ordering streams")?;
        }
        Ok(())
    }

    fn tell_others(&self, op: &Op, index: usize, events: &mut Events) -> Result<(), CudaError> {
        let rank = &self.ranks[index];
        if self.awaited[op.id.0 as usize] {
            let event = rank.stream_of(op).record_event(None);
            events.insert(op.id, event.on(rank.device.info().index, "recording an event")?);
        }
        Ok(())
    }
}

/// Launches with the watch told before and after.
fn watched(
    watch: &mut Option<&mut (dyn LaunchWatch + '_)>,
    (rank, op): (u32, OpId),
    launch: impl FnOnce() -> Result<(), CudaError>,
) -> Result<(), CudaError> {
    let Some(watch) = watch else { return launch() };
    watch.before(rank, op);
    let launched = launch();
    watch.after();
    launched
}

/// Whether any op of a plan is NCCL's.
pub(super) fn uses_nccl(plan: &Plan) -> bool {
    plan.ops.iter().any(is_nccl)
}

fn mark(rank: &Rank, stream: &CudaStream, (op, item): (u32, u32)) -> Result<(), CudaError> {
    let args = Args::new().with(item).with(op).with(rank.recording.ring_address());
    // SAFETY: the arguments are those of weft_mark; the ring lives as long as the rank.
    unsafe { rank.programs.mark.launch(stream, Shape { blocks: 1, threads: 32 }, args) }
}
