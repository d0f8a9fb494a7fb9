//! Traces made of packets here: what is read of them, what is counted, and that damage costs a packet.

use std::collections::BTreeMap;

use prost::Message;

use super::*;
use crate::analysis::{Config, Ops, Reports};
use crate::interchange::perfetto::messages::*;
use crate::stream::silent;
use crate::{ArgValue, TrackKind, open};

/// A packet of sequence 1, whose names were interned before.
fn packet(timestamp: u64) -> TracePacket {
    TracePacket {
        timestamp: Some(timestamp),
        trusted_packet_sequence_id: Some(1),
        ..TracePacket::default()
    }
}

fn event(timestamp: u64, kind: i32, track: u64, name_iid: u64) -> TracePacket {
    let event = TrackEvent {
        r#type: Some(kind),
        track_uuid: Some(track),
        name_iid: Some(name_iid).filter(|&iid| iid > 0),
        ..TrackEvent::default()
    };
    TracePacket { track_event: Some(event), ..packet(timestamp) }
}

fn named(iid: u64, name: &str) -> InternedName {
    InternedName { iid: Some(iid), name: Some(name.to_owned()) }
}

fn descriptor(uuid: u64, parent: u64, name: &str) -> TrackDescriptor {
    TrackDescriptor {
        uuid: Some(uuid),
        parent_uuid: Some(parent),
        name: Some(name.to_owned()),
        ..TrackDescriptor::default()
    }
}

fn described(descriptor: TrackDescriptor) -> TracePacket {
    TracePacket {
        track_descriptor: Some(descriptor),
        trusted_packet_sequence_id: Some(1),
        ..TracePacket::default()
    }
}

/// Clocks and names, which later packets lean on.
fn told() -> Vec<TracePacket> {
    let clock = |id, at| Clock { clock_id: Some(id), timestamp: Some(at), ..Clock::default() };
    let snapshot = ClockSnapshot {
        clocks: vec![clock(6, 1_000), clock(3, 400), clock(1, 1_700_000_000_000_001_000)],
        primary_trace_clock: None,
    };
    let specification =
        |iid, name: &str| InternedGpuSpecification { iid: Some(iid), name: Some(name.to_owned()) };
    let data = InternedData {
        event_names: vec![
            named(1, "forward"),
            named(2, "gemm_kernel"),
            named(3, "ncclDevKernel_AllReduce"),
        ],
        event_categories: vec![named(1, "kernel_dispatch")],
        debug_annotation_names: vec![named(1, "tokens")],
        gpu_specifications: vec![specification(5, "Compute 0"), specification(6, "Kernel")],
        graphics_contexts: vec![InternedGraphicsContext { iid: Some(9), pid: Some(40) }],
        ..InternedData::default()
    };
    vec![
        TracePacket { clock_snapshot: Some(snapshot), ..packet(1_000) },
        TracePacket { interned_data: Some(data), sequence_flags: Some(1), ..packet(1_000) },
    ]
}

/// A process with a thread, two queues of a GPU and a counter.
fn tracks() -> Vec<TracePacket> {
    let process = ProcessDescriptor {
        pid: Some(40),
        process_name: Some("python".to_owned()),
        ..ProcessDescriptor::default()
    };
    let thread = ThreadDescriptor {
        pid: Some(40),
        tid: Some(41),
        thread_name: Some("main".to_owned()),
        ..ThreadDescriptor::default()
    };
    let counter = CounterDescriptor {
        is_incremental: Some(true),
        unit_name: Some("tokens".to_owned()),
        ..CounterDescriptor::default()
    };
    vec![
        described(TrackDescriptor { process: Some(process), ..descriptor(1, 0, "python") }),
        described(TrackDescriptor { thread: Some(thread), ..descriptor(2, 1, "main") }),
        described(descriptor(3, 1, "queue 0")),
        described(descriptor(4, 1, "queue 1")),
        described(TrackDescriptor { counter: Some(counter), ..descriptor(5, 1, "done") }),
    ]
}

/// An event of the host with annotations, from which a flow goes to a kernel.
fn forward() -> TracePacket {
    let mut forward = event(2_000, 1, 2, 1);
    let kind = DebugAnnotation {
        name: Some("kind".to_owned()),
        string_value: Some("prefill".to_owned()),
        ..DebugAnnotation::default()
    };
    let batch = DebugAnnotation {
        name: Some("batch".to_owned()),
        dict_entries: vec![kind],
        ..DebugAnnotation::default()
    };
    let tokens =
        DebugAnnotation { name_iid: Some(1), int_value: Some(8192), ..DebugAnnotation::default() };
    if let Some(event) = &mut forward.track_event {
        event.flow_ids = vec![77];
        event.debug_annotations = vec![tokens, batch];
    }
    forward
}

fn on_gpu(timestamp: u64, track: u64, name_iid: u64, ends_flow: bool) -> TracePacket {
    let mut kernel = event(timestamp, 1, track, name_iid);
    if let Some(event) = &mut kernel.track_event {
        event.category_iids = vec![1];
        event.terminating_flow_ids = if ends_flow { vec![77] } else { Vec::new() };
    }
    kernel
}

fn packets() -> Vec<TracePacket> {
    let count = |at, value| {
        let mut packet = event(at, 4, 5, 0);
        if let Some(event) = &mut packet.track_event {
            event.counter_value = Some(value);
        }
        packet
    };
    let stage = GpuRenderStageEvent {
        duration: Some(250),
        context: Some(9),
        gpu_id: Some(1),
        hw_queue_iid: Some(5),
        stage_iid: Some(6),
        name: Some("attention_fwd".to_owned()),
        ..GpuRenderStageEvent::default()
    };
    let mut packets = told();
    packets.extend(tracks());
    packets.extend([
        forward(),
        on_gpu(3_000, 3, 2, true),
        on_gpu(3_500, 4, 3, false),
        event(4_000, 2, 3, 0),
        event(4_500, 2, 4, 0),
        // In the clock of CPU time: 4,600 of the trace's.
        TracePacket { timestamp_clock_id: Some(3), ..event(4_000, 2, 2, 0) },
        count(2_000, 5),
        count(3_000, 7),
        TracePacket { gpu_render_stage_event: Some(stage), ..packet(5_000) },
        packet(6_000),
    ]);
    packets
}

fn bytes(packets: &[TracePacket]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for packet in packets {
        let message = packet.encode_to_vec();
        prost::encoding::encode_key(1, prost::encoding::WireType::LengthDelimited, &mut bytes);
        prost::encoding::encode_varint(message.len() as u64, &mut bytes);
        bytes.extend(message);
    }
    bytes
}

fn opened(bytes: &[u8]) -> Trace {
    open(bytes, &OpenOptions::default(), &mut silent).expect("a Perfetto trace")
}

fn rows(trace: &Trace) -> BTreeMap<String, Vec<(i64, i64, String)>> {
    let mut rows: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for lane in &trace.lanes {
        let track = trace.track(lane.track);
        let slices = &lane.slices;
        let row = |row: usize| {
            let span = slices.span(row);
            (span.start_ns, span.end_ns, trace.label(slices.label[row]).name.clone())
        };
        rows.entry(track.name.clone()).or_default().extend((0..slices.len()).map(row));
    }
    rows
}

#[test]
fn tracks_kernels_and_stages_are_read() {
    let trace = opened(&bytes(&packets()));
    let at = |start, end, name: &str| vec![(start, end, name.to_owned())];
    let rows = rows(&trace);
    assert_eq!(rows["main"], at(0, 2_600, "forward"));
    assert_eq!(rows["queue 0"], at(1_000, 2_000, "gemm_kernel"));
    assert_eq!(rows["queue 1"], at(1_500, 2_500, "ncclDevKernel_AllReduce"));
    assert_eq!(rows["Compute 0"], at(3_000, 3_250, "attention_fwd"));
    assert_eq!(trace.meta.base_time_unix_ns, 1_700_000_000_000_002_000);
    let streams = trace.tracks.iter().filter(|it| matches!(it.kind, TrackKind::Stream { .. }));
    assert_eq!(streams.count(), 3);
    assert_eq!(trace.flows.len(), 1);
    let counter = &trace.counters[0];
    assert_eq!((counter.name.as_str(), counter.unit.as_str()), ("done", "tokens"));
    assert_eq!(counter.value, [5.0, 12.0]);
    assert!(trace.diagnostics.is_clean(), "{:?}", trace.diagnostics);
    assert_eq!(trace.diagnostics.remarks["packets of other data sources, not read"], 1);
}

#[test]
fn figures_and_arguments() {
    let trace = opened(&bytes(&packets()));
    let reports = Reports::of(&Ops::of(&trace, &Config::default()));
    let hidden: i64 = reports.overlap.ranks.iter().map(|it| it.total.overlap_ns).sum();
    assert_eq!(hidden, 500);
    let flow = trace.flows[0];
    let args = trace.args_of(flow.from);
    assert!(args.contains(&("tokens".into(), ArgValue::Int(8192))), "{args:?}");
    assert!(args.contains(&("batch.kind".into(), ArgValue::Text("prefill".into()))), "{args:?}");
}

/// Of two kernels without a flow the one that names its call's id was launched by it; what synchronises has it too.
#[test]
fn correlation_ids_tell_launches() {
    let of = |at_ns: u64, track: u64, (name, category): (u64, &str), correlation: Option<i64>| {
        let mut begin = event(at_ns, 1, track, name);
        let annotation = |id| DebugAnnotation {
            name: Some("correlation".to_owned()),
            int_value: Some(id),
            ..DebugAnnotation::default()
        };
        if let Some(event) = &mut begin.track_event {
            event.categories = vec![category.to_owned()];
            event.debug_annotations = correlation.map(annotation).into_iter().collect();
        }
        [begin, event(at_ns + 100, 2, track, 0)]
    };
    let mut all = told();
    all.extend(tracks());
    all.extend(of(2_000, 2, (1, "cuda_runtime"), Some(7)));
    all.extend(of(2_200, 2, (1, "cuda_sync"), Some(7)));
    all.extend(of(2_300, 3, (2, "kernel_dispatch"), Some(7)));
    all.extend(of(2_500, 3, (2, "kernel_dispatch"), None));
    let trace = opened(&bytes(&all));
    let start = |slice| trace.span_of(slice).start_ns;
    let launches: Vec<_> =
        trace.flows.iter().map(|it| (it.kind, start(it.from), start(it.to))).collect();
    assert_eq!(launches, [(crate::FlowKind::Launch, 0, 300)]);
}

#[test]
fn compressed_packets_are_unpacked_where_they_stand() {
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut deflated, &bytes(&packets())).expect("memory");
    let deflated = deflated.finish().expect("memory");
    let whole = TracePacket { compressed_packets: Some(deflated), ..TracePacket::default() };
    assert_eq!(rows(&opened(&bytes(&[whole]))), rows(&opened(&bytes(&packets()))));
}

#[test]
fn what_stands_before_a_cut_is_read_and_the_place_is_said() {
    let whole = bytes(&packets());
    let tail = packets().last().map_or(0, |packet| packet.encode_to_vec().len());
    let trace = opened(&whole[..whole.len() - tail - 30]);
    assert!(
        trace.diagnostics.notes[0].contains("cut off inside the packet at byte"),
        "{:?}",
        trace.diagnostics
    );
    assert_eq!(rows(&trace)["queue 0"].len(), 1);
}

#[test]
fn names_lost_with_a_packet_are_counted() {
    let mut packets = packets();
    packets.remove(1);
    let trace = opened(&bytes(&packets));
    assert_eq!(trace.diagnostics.counts["events whose name is not in the file"], 3);
}

/// Any flipped bytes: never a panic.
#[test]
fn damage_never_panics() {
    let whole = bytes(&packets());
    let mut random = 7_u64;
    for _ in 0..3_000 {
        let mut damaged = whole.clone();
        for _ in 0..4 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (random >> 33) as usize % damaged.len();
            damaged[at] = (random >> 24) as u8;
        }
        let mut input = &damaged[..];
        if let Ok(trace) = read(&mut input, &OpenOptions::default(), &mut silent) {
            let _asked = Reports::of(&Ops::of(&trace, &Config::default()));
        }
    }
}
