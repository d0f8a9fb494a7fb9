//! What the host did: which call launched which op, and what its threads wait in.

use std::collections::{HashMap, HashSet};

use super::causes::{IdleCause, IdleCauses};
use crate::analysis::intervals::IntervalSet;
use crate::model::{FlowKind, Origin, SliceRef, Span, Trace, TrackId, TrackKind};

/// The host's side of a trace.
pub(crate) struct Host<'a> {
    trace: &'a Trace,
    /// By op, the call that launched it: the last of several.
    calls: HashMap<SliceRef, SliceRef>,
    threads: HashMap<TrackId, Thread>,
    /// By op, where the op lies that it had to wait for longest.
    producers: HashMap<SliceRef, Producer>,
}

/// What one thread waits in.
#[derive(Default)]
struct Thread {
    /// Calls that wait for the GPU.
    syncs: IntervalSet,
    /// Calls that talk to other ranks, without those.
    talks: IntervalSet,
}

/// Where the op lies that another had to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Producer {
    OtherRank,
    OtherStream,
    OwnStream,
}

impl<'a> Host<'a> {
    pub(crate) fn of(trace: &'a Trace) -> Self {
        let calls = launch_calls(trace);
        let launching: HashSet<TrackId> =
            calls.values().map(|call| trace.lane(call.lane).track).collect();
        let waits: Vec<Option<Wait>> =
            trace.labels.iter().map(|label| wait_of(&label.name)).collect();
        let threads = launching.into_iter().map(|id| (id, thread(trace, id, &waits))).collect();
        Self { trace, calls, threads, producers: producers(trace) }
    }

    /// The call that launched an op.
    pub(crate) fn call(&self, op: SliceRef) -> Option<SliceRef> {
        self.calls.get(&op).copied()
    }

    /// When a call ran.
    pub(crate) fn span_of(&self, call: SliceRef) -> Span {
        self.trace.span_of(call)
    }

    /// Where the op lies that `op` had to wait for; `None` where nothing says so. A simulated host is never late and a plan
    /// states all dependencies, so that one without any waits for its stream alone.
    pub(super) fn producer(&self, op: SliceRef) -> Option<Producer> {
        let told = self.producers.get(&op).copied();
        told.or_else(|| {
            let rank = self.trace.track(self.trace.lane(op.lane).track).kind.rank();
            let origin = self.trace.meta.provenance.of_rank(rank).origin();
            let is_planned = self.trace.label_of(op).facts.is_some();
            (is_planned && origin == Some(Origin::Modelled)).then_some(Producer::OwnStream)
        })
    }

    /// When a thread that launches waited for the GPU, in order.
    pub(crate) fn syncs_of(&self, thread: TrackId) -> &[Span] {
        self.threads.get(&thread).map_or(&[], |thread| thread.syncs.spans())
    }

    /// The last time up to `at_ns` in which the thread of a call waited for the GPU.
    pub(in crate::analysis) fn sync_before(&self, call: SliceRef, at_ns: i64) -> Option<Span> {
        let thread = self.threads.get(&self.trace.lane(call.lane).track)?;
        let syncs = thread.syncs.spans();
        let upto = syncs.partition_point(|sync| sync.end_ns <= at_ns);
        syncs[..upto].last().copied()
    }

    /// Divides time before a call by what its thread did.
    pub(super) fn divide(&self, call: SliceRef, time: Span, causes: &mut IdleCauses) {
        if time.is_empty() {
            return;
        }
        let mut busy_ns = time.len_ns();
        if let Some(thread) = self.threads.get(&self.trace.lane(call.lane).track) {
            let time = IntervalSet::union_of([time]);
            let (sync_ns, talk_ns) =
                (time.intersect_len_ns(&thread.syncs), time.intersect_len_ns(&thread.talks));
            causes.add(IdleCause::HostSync, sync_ns);
            causes.add(IdleCause::OtherRank, talk_ns);
            busy_ns -= sync_ns + talk_ns;
        }
        causes.add(IdleCause::HostBusy, busy_ns);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    Sync,
    Talk,
}

/// Names of runtime and driver calls that return only when the GPU is done, lower case, without `cuda`, `cu` and `hip`.
/// A copy without `Async` waits too.
const SYNCS: [&str; 4] =
    ["devicesynchronize", "streamsynchronize", "eventsynchronize", "ctxsynchronize"];

/// Host calls that talk to other ranks: Gloo and MPI collectives, the rendezvous store, barriers of PyTorch.
const TALKS: [&str; 6] =
    ["gloo:", "mpi_", "c10d::barrier", "tcpstore", "store::wait", "monitored_barrier"];

/// What a host call of this name waits for.
fn wait_of(name: &str) -> Option<Wait> {
    let lower = name.to_ascii_lowercase();
    let call = ["cuda", "hip", "cu"].iter().find_map(|prefix| lower.strip_prefix(prefix));
    if let Some(call) = call {
        let is_copy = call.starts_with("memcpy") && !call.contains("async");
        let is_sync = SYNCS.iter().any(|sync| call.starts_with(sync));
        return (is_copy || is_sync).then_some(Wait::Sync);
    }
    TALKS.iter().any(|talk| lower.contains(talk)).then_some(Wait::Talk)
}

fn thread(trace: &Trace, id: TrackId, waits: &[Option<Wait>]) -> Thread {
    let of = |wanted: Wait| -> IntervalSet {
        let lanes = trace.track(id).lanes.iter().map(|&lane| &trace.lane(lane).slices);
        let spans = lanes.flat_map(|slices| {
            let rows = 0..slices.len();
            let fits = move |row: &usize| waits[slices.label[*row].0 as usize] == Some(wanted);
            rows.filter(fits).map(|row| slices.span(row))
        });
        spans.collect()
    };
    let syncs = of(Wait::Sync);
    Thread { talks: of(Wait::Talk).subtract(&syncs), syncs }
}

/// By op, the host's call that launched it: the last of several.
pub(in crate::analysis) fn launch_calls(trace: &Trace) -> HashMap<SliceRef, SliceRef> {
    let is_of_host = |slice: SliceRef| {
        let track = trace.track(trace.lane(slice.lane).track);
        matches!(track.kind, TrackKind::HostThread { .. })
    };
    let launches = trace.flows.iter().filter(|flow| flow.kind == FlowKind::Launch);
    let mut calls: HashMap<SliceRef, SliceRef> = HashMap::new();
    for flow in launches.filter(|flow| is_of_host(flow.from)) {
        let call = calls.entry(flow.to).or_insert(flow.from);
        if trace.span_of(flow.from).end_ns > trace.span_of(*call).end_ns {
            *call = flow.from;
        }
    }
    calls
}

/// By op, where the last to end of those lies that it depends on.
fn producers(trace: &Trace) -> HashMap<SliceRef, Producer> {
    let mut last: HashMap<SliceRef, SliceRef> = HashMap::new();
    for flow in trace.flows.iter().filter(|flow| flow.kind == FlowKind::Dependency) {
        let from = last.entry(flow.to).or_insert(flow.from);
        if trace.span_of(flow.from).end_ns > trace.span_of(*from).end_ns {
            *from = flow.from;
        }
    }
    let row = |slice: SliceRef| &trace.track(trace.lane(slice.lane).track).kind;
    let place = |(to, from): (SliceRef, SliceRef)| {
        let producer = match (row(from), row(to)) {
            (from, to) if from == to => Producer::OwnStream,
            (from, to) if from.rank() == to.rank() => Producer::OtherStream,
            _ => Producer::OtherRank,
        };
        (to, producer)
    };
    last.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_wait_are_told_by_their_names() {
        let sync = ["cudaDeviceSynchronize", "cudaStreamSynchronize_v3020", "hipEventSynchronize"];
        for name in sync.into_iter().chain(["cuCtxSynchronize", "cudaMemcpy", "hipMemcpyDtoH"]) {
            assert!(wait_of(name) == Some(Wait::Sync), "{name}");
        }
        for name in ["cudaMemcpyAsync", "cudaLaunchKernel", "aten::copy_", "cudaStreamWaitEvent"] {
            assert!(wait_of(name).is_none(), "{name}");
        }
        assert!(wait_of("gloo:all_reduce") == Some(Wait::Talk));
    }
}
