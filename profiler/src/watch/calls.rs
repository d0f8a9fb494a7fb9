//! What the host's threads did: launches, with an arrow to what each launched, waits for the GPU, and NVTX ranges around them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use weftscope_traces::{
    ArgValue, ArgsId, FlowKind, Kind, Label, SliceRef, Span, TraceBuilder, TrackKind,
};

use super::Process;

/// A call of a host thread's.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    tid: u32,
    span: Span,
    name: String,
    kind: Kind,
    /// Of a range; empty: none.
    domain: String,
    /// Numbers of what it launched.
    launches: Vec<u64>,
}

impl Call {
    fn of(tid: u32, (start_ns, end_ns): (i64, i64), name: String) -> Self {
        let (kind, domain, launches) = (Kind::Host, String::new(), Vec::new());
        Self { tid, span: Span::new(start_ns, end_ns), name, kind, domain, launches }
    }
}

/// The calls of a process that concern one of its devices, in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Calls(Vec<Call>);

impl Calls {
    /// Times are shifted by `shift_ns`.
    pub(super) fn of(process: &Process, device: u32, shift_ns: i64) -> Self {
        let mut by_graph: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut calls = Vec::new();
        let mut threads = BTreeSet::new();
        for launch in process.launches.iter().filter(|launch| launch.device == device) {
            threads.insert(launch.tid);
            if let Some(graph) = launch.graph {
                by_graph.entry(graph).or_default().push(launch.id);
                continue;
            }
            // A call that never returned ended with the program.
            let returned_ns =
                process.returned_host_ns.get(&launch.id).copied().unwrap_or(launch.at_host_ns);
            let span_ns = (launch.at_host_ns, returned_ns);
            let call = Call::of(launch.tid, span_ns, "cuLaunchKernel".to_owned());
            calls.push(Call { launches: vec![launch.id], ..call });
        }
        for graph in &process.graphs {
            let Some(launches) = by_graph.remove(&graph.number) else { continue };
            let span_ns = (graph.at_host_ns, graph.returned_host_ns);
            let call = Call::of(graph.tid, span_ns, "cuGraphLaunch".to_owned());
            calls.push(Call { launches, ..call });
        }
        let waits = process.waits.iter().filter(|wait| threads.contains(&wait.tid));
        calls.extend(waits.map(|wait| {
            Call::of(wait.tid, (wait.at_host_ns, wait.returned_host_ns), wait.call.clone())
        }));
        let ranges = process.host_ranges.iter().filter(|range| threads.contains(&range.tid));
        calls.extend(ranges.map(|range| Call {
            kind: Kind::Mark,
            domain: range.domain.clone(),
            ..Call::of(range.tid, (range.start_host_ns, range.end_host_ns), range.name.clone())
        }));
        calls.iter_mut().for_each(|call| call.span = call.span.shifted(shift_ns));
        // Of two that begin together the longer has the other inside.
        calls.sort_by_key(|call| (call.span.start_ns, -call.span.end_ns));
        Self(calls)
    }

    /// Draws a row a thread; `slices` are the ops of launches.
    pub(super) fn draw(
        &self,
        builder: &mut TraceBuilder,
        rank: u32,
        pid: u32,
        slices: &HashMap<u64, SliceRef>,
    ) {
        let (mut tracks, mut labels) = (BTreeMap::new(), HashMap::new());
        for call in &self.0 {
            let tid = call.tid;
            let kind = TrackKind::HostThread { rank: Some(rank), pid, tid };
            let track = *tracks
                .entry(tid)
                .or_insert_with(|| builder.track(None, format!("thread {tid}"), kind));
            let label = *labels.entry((&call.name, call.kind)).or_insert_with(|| {
                let (name, kind) = (call.name.clone(), call.kind);
                builder.label(Label { name, kind, ..Label::default() })
            });
            let domain = ArgValue::Text(call.domain.clone());
            let args = match call.domain.as_str() {
                "" => ArgsId::NONE,
                _ => builder.args_mut().push([("domain", domain)]),
            };
            let from = builder.push_packed(track, call.span, label, args, 0);
            // Of ops in a row that are drawn as one, several launches lead to the same.
            let ops: BTreeSet<SliceRef> =
                call.launches.iter().filter_map(|launch| slices.get(launch)).copied().collect();
            ops.into_iter().for_each(|op| builder.flow(from, op, FlowKind::Launch));
        }
    }
}

#[cfg(test)]
mod tests {
    use weftscope_wire::{GraphLaunch, HostRange, Launch};

    use super::{
        super::made::{launch, wait},
        *,
    };

    fn range(tid: u32, name: &str, start_host_ns: i64, end_host_ns: i64) -> HostRange {
        let (name, domain) = (name.to_owned(), "model".to_owned());
        HostRange { name, domain, tid, start_host_ns, end_host_ns }
    }

    #[test]
    fn launches_graphs_waits_and_ranges_stand_in_order() {
        let made = |id, at_host_ns, graph| Launch { tid: 7, graph, ..launch(id, at_host_ns) };
        let process = Process {
            launches: vec![made(1, 100, None), made(2, 200, Some(5)), made(3, 201, Some(5))],
            returned_host_ns: [(1, 104)].into(),
            graphs: vec![GraphLaunch { number: 5, tid: 7, at_host_ns: 198, returned_host_ns: 210 }],
            host_ranges: vec![range(7, "step", 90, 230), range(8, "elsewhere", 90, 230)],
            // Another thread's waits and ranges are not about this device's launches.
            waits: vec![wait(7, 120, 50), wait(8, 130, 50)],
            ..Process::default()
        };
        let calls = Calls::of(&process, 0, -100).0;
        let told: Vec<_> = calls
            .iter()
            .map(|call| {
                (call.name.as_str(), call.span.start_ns, call.span.end_ns, call.launches.as_slice())
            })
            .collect();
        assert_eq!(
            told,
            [
                ("step", -10, 130, &[][..]),
                ("cuLaunchKernel", 0, 4, &[1]),
                ("cudaStreamSynchronize", 20, 70, &[]),
                ("cuGraphLaunch", 98, 110, &[2, 3]),
            ]
        );
        let kinds: Vec<_> = calls.iter().map(|call| (call.kind, call.domain.as_str())).collect();
        let host = (Kind::Host, "");
        assert_eq!(kinds, [(Kind::Mark, "model"), host, host, host]);
        assert_eq!(Calls::of(&process, 1, 0).0, []);
    }
}
