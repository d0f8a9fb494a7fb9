//! What the host's threads did: launches, with an arrow to what each launched, and waits for the GPU.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use weftscope_traces::{ArgsId, FlowKind, Kind, Label, SliceRef, Span, TraceBuilder, TrackKind};

use super::Process;

/// A call of a host thread's.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    tid: u32,
    span: Span,
    name: String,
    /// Numbers of what it launched.
    launches: Vec<u64>,
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
            calls.push(Call {
                tid: launch.tid,
                span: Span::new(launch.at_host_ns, returned_ns).shifted(shift_ns),
                name: "cuLaunchKernel".to_owned(),
                launches: vec![launch.id],
            });
        }
        for graph in &process.graphs {
            let Some(launches) = by_graph.remove(&graph.number) else { continue };
            calls.push(Call {
                tid: graph.tid,
                span: Span::new(graph.at_host_ns, graph.returned_host_ns).shifted(shift_ns),
                name: "cuGraphLaunch".to_owned(),
                launches,
            });
        }
        let waits = process.waits.iter().filter(|wait| threads.contains(&wait.tid));
        calls.extend(waits.map(|wait| Call {
            tid: wait.tid,
            span: Span::new(wait.at_host_ns, wait.returned_host_ns).shifted(shift_ns),
            name: wait.call.clone(),
            launches: Vec::new(),
        }));
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
            let label = *labels.entry(&call.name).or_insert_with(|| {
                builder.label(Label {
                    name: call.name.clone(),
                    kind: Kind::Host,
                    ..Label::default()
                })
            });
            let from = builder.push_packed(track, call.span, label, ArgsId::NONE, 0);
            // Of ops in a row that are drawn as one, several launches lead to the same.
            let ops: BTreeSet<SliceRef> =
                call.launches.iter().filter_map(|launch| slices.get(launch)).copied().collect();
            ops.into_iter().for_each(|op| builder.flow(from, op, FlowKind::Launch));
        }
    }
}

#[cfg(test)]
mod tests {
    use weftscope_wire::{GraphLaunch, Launch};

    use super::{
        super::testing::{launch, wait},
        *,
    };

    #[test]
    fn launches_graphs_and_waits_stand_in_order() {
        let made = |id, at_host_ns, graph| Launch { tid: 7, graph, ..launch(id, at_host_ns) };
        let process = Process {
            launches: vec![made(1, 100, None), made(2, 200, Some(5)), made(3, 201, Some(5))],
            returned_host_ns: [(1, 104)].into(),
            graphs: vec![GraphLaunch { number: 5, tid: 7, at_host_ns: 198, returned_host_ns: 210 }],
            // Another thread's waits are not about this device's launches.
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
                ("cuLaunchKernel", 0, 4, &[1][..]),
                ("cudaStreamSynchronize", 20, 70, &[]),
                ("cuGraphLaunch", 98, 110, &[2, 3]),
            ]
        );
        assert_eq!(Calls::of(&process, 1, 0).0, []);
    }
}
