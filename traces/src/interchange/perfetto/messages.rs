//! The messages of Perfetto's protos, as far as they are read and written. Fields keep the protos' numbers and names.

use prost::Message;

use crate::FlowKind;

/// `TrackEvent.Type`.
pub(crate) const BEGIN: i32 = 1;
pub(crate) const END: i32 = 2;
pub(crate) const INSTANT: i32 = 3;
pub(crate) const COUNTER: i32 = 4;

/// `SEQ_INCREMENTAL_STATE_CLEARED` and `SEQ_NEEDS_INCREMENTAL_STATE`.
pub(crate) const CLEARED: u32 = 1;
pub(crate) const NEEDS_STATE: u32 = 2;

/// `BuiltinClock`s.
pub(crate) const REALTIME: u32 = 1;
pub(crate) const BOOTTIME: u32 = 6;

/// What the protos have no field for, in a number that they do not give away: other readers pass over it.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Ours {
    /// Label of a slice.
    #[prost(uint32, optional, tag = "1")]
    pub(crate) label: Option<u32>,
    /// Its item.
    #[prost(uint32, optional, tag = "2")]
    pub(crate) item: Option<u32>,
    /// How many of its annotations are its own; those behind them repeat what the label says.
    #[prost(uint32, optional, tag = "3")]
    pub(crate) args: Option<u32>,
    /// Which of the lanes that share the row.
    #[prost(uint32, optional, tag = "4")]
    pub(crate) lane: Option<u32>,
    /// Which counter the described track is.
    #[prost(uint32, optional, tag = "5")]
    pub(crate) counter: Option<u32>,
    /// A piece of the description.
    #[prost(bytes = "vec", optional, tag = "6")]
    pub(crate) description: Option<Vec<u8>>,
    /// The description's last piece.
    #[prost(bool, optional, tag = "7")]
    pub(crate) is_last: Option<bool>,
}

/// The id of an arrow of a file of ours: the file's own half, the arrow's number, its kind.
pub(crate) fn flow_id(file: u32, index: usize, kind: FlowKind) -> u64 {
    u64::from(file) << 32 | (index as u64 + 1) << 2 & 0xffff_ffff | kind as u64
}

/// The kind of such an arrow.
pub(crate) fn flow_kind(id: u64) -> FlowKind {
    match id & 3 {
        0 => FlowKind::Dependency,
        1 => FlowKind::Launch,
        _ => FlowKind::Imported,
    }
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TracePacket {
    #[prost(uint64, optional, tag = "8")]
    pub(crate) timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "58")]
    pub(crate) timestamp_clock_id: Option<u32>,
    #[prost(uint32, optional, tag = "10")]
    pub(crate) trusted_packet_sequence_id: Option<u32>,
    #[prost(uint32, optional, tag = "13")]
    pub(crate) sequence_flags: Option<u32>,
    #[prost(bool, optional, tag = "41")]
    pub(crate) incremental_state_cleared: Option<bool>,
    #[prost(bool, optional, tag = "42")]
    pub(crate) previous_packet_dropped: Option<bool>,
    #[prost(message, optional, tag = "12")]
    pub(crate) interned_data: Option<InternedData>,
    #[prost(message, optional, tag = "59")]
    pub(crate) trace_packet_defaults: Option<TracePacketDefaults>,
    #[prost(message, optional, tag = "6")]
    pub(crate) clock_snapshot: Option<ClockSnapshot>,
    #[prost(message, optional, tag = "11")]
    pub(crate) track_event: Option<TrackEvent>,
    #[prost(message, optional, tag = "60")]
    pub(crate) track_descriptor: Option<TrackDescriptor>,
    #[prost(message, optional, tag = "43")]
    pub(crate) process_descriptor: Option<ProcessDescriptor>,
    #[prost(message, optional, tag = "44")]
    pub(crate) thread_descriptor: Option<ThreadDescriptor>,
    #[prost(message, optional, tag = "2")]
    pub(crate) process_tree: Option<ProcessTree>,
    #[prost(message, optional, tag = "53")]
    pub(crate) gpu_render_stage_event: Option<GpuRenderStageEvent>,
    #[prost(message, optional, tag = "52")]
    pub(crate) gpu_counter_event: Option<GpuCounterEvent>,
    #[prost(message, optional, tag = "45")]
    pub(crate) system_info: Option<SystemInfo>,
    /// Deflated packets.
    #[prost(bytes = "vec", optional, tag = "50")]
    pub(crate) compressed_packets: Option<Vec<u8>>,
    #[prost(message, optional, tag = "2040")]
    pub(crate) ours: Option<Ours>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SystemInfo {
    #[prost(string, optional, tag = "4")]
    pub(crate) tracing_service_version: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TracePacketDefaults {
    #[prost(uint32, optional, tag = "58")]
    pub(crate) timestamp_clock_id: Option<u32>,
    #[prost(message, optional, tag = "11")]
    pub(crate) track_event_defaults: Option<TrackEventDefaults>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TrackEventDefaults {
    #[prost(uint64, optional, tag = "11")]
    pub(crate) track_uuid: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ClockSnapshot {
    #[prost(message, repeated, tag = "1")]
    pub(crate) clocks: Vec<Clock>,
    #[prost(uint32, optional, tag = "2")]
    pub(crate) primary_trace_clock: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Clock {
    #[prost(uint32, optional, tag = "1")]
    pub(crate) clock_id: Option<u32>,
    #[prost(uint64, optional, tag = "2")]
    pub(crate) timestamp: Option<u64>,
    #[prost(bool, optional, tag = "3")]
    pub(crate) is_incremental: Option<bool>,
    #[prost(uint64, optional, tag = "4")]
    pub(crate) unit_multiplier_ns: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct InternedData {
    #[prost(message, repeated, tag = "1")]
    pub(crate) event_categories: Vec<InternedName>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) event_names: Vec<InternedName>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) debug_annotation_names: Vec<InternedName>,
    #[prost(message, repeated, tag = "29")]
    pub(crate) debug_annotation_string_values: Vec<InternedBytes>,
    #[prost(message, repeated, tag = "23")]
    pub(crate) graphics_contexts: Vec<InternedGraphicsContext>,
    #[prost(message, repeated, tag = "24")]
    pub(crate) gpu_specifications: Vec<InternedGpuSpecification>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct InternedName {
    #[prost(uint64, optional, tag = "1")]
    pub(crate) iid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    pub(crate) name: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct InternedBytes {
    #[prost(uint64, optional, tag = "1")]
    pub(crate) iid: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(crate) str: Option<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct InternedGraphicsContext {
    #[prost(uint64, optional, tag = "1")]
    pub(crate) iid: Option<u64>,
    #[prost(int32, optional, tag = "2")]
    pub(crate) pid: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct InternedGpuSpecification {
    #[prost(uint64, optional, tag = "1")]
    pub(crate) iid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    pub(crate) name: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TrackEvent {
    #[prost(uint64, repeated, packed = "false", tag = "3")]
    pub(crate) category_iids: Vec<u64>,
    #[prost(string, repeated, tag = "22")]
    pub(crate) categories: Vec<String>,
    #[prost(uint64, optional, tag = "10")]
    pub(crate) name_iid: Option<u64>,
    #[prost(string, optional, tag = "23")]
    pub(crate) name: Option<String>,
    #[prost(int32, optional, tag = "9")]
    pub(crate) r#type: Option<i32>,
    #[prost(uint64, optional, tag = "11")]
    pub(crate) track_uuid: Option<u64>,
    #[prost(int64, optional, tag = "30")]
    pub(crate) counter_value: Option<i64>,
    #[prost(double, optional, tag = "44")]
    pub(crate) double_counter_value: Option<f64>,
    #[prost(int64, repeated, tag = "12")]
    pub(crate) extra_counter_values: Vec<i64>,
    #[prost(double, repeated, tag = "46")]
    pub(crate) extra_double_counter_values: Vec<f64>,
    #[prost(uint64, repeated, tag = "36")]
    pub(crate) flow_ids_old: Vec<u64>,
    #[prost(fixed64, repeated, packed = "false", tag = "47")]
    pub(crate) flow_ids: Vec<u64>,
    #[prost(uint64, repeated, tag = "42")]
    pub(crate) terminating_flow_ids_old: Vec<u64>,
    #[prost(fixed64, repeated, packed = "false", tag = "48")]
    pub(crate) terminating_flow_ids: Vec<u64>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) debug_annotations: Vec<DebugAnnotation>,
    #[prost(int64, optional, tag = "1")]
    pub(crate) timestamp_delta_us: Option<i64>,
    #[prost(int64, optional, tag = "16")]
    pub(crate) timestamp_absolute_us: Option<i64>,
    #[prost(message, optional, tag = "6")]
    pub(crate) legacy_event: Option<LegacyEvent>,
}

/// Chrome's older events.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct LegacyEvent {
    #[prost(int32, optional, tag = "2")]
    pub(crate) phase: Option<i32>,
    #[prost(int64, optional, tag = "3")]
    pub(crate) duration_us: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct DebugAnnotation {
    #[prost(uint64, optional, tag = "1")]
    pub(crate) name_iid: Option<u64>,
    #[prost(string, optional, tag = "10")]
    pub(crate) name: Option<String>,
    #[prost(bool, optional, tag = "2")]
    pub(crate) bool_value: Option<bool>,
    #[prost(uint64, optional, tag = "3")]
    pub(crate) uint_value: Option<u64>,
    #[prost(int64, optional, tag = "4")]
    pub(crate) int_value: Option<i64>,
    #[prost(double, optional, tag = "5")]
    pub(crate) double_value: Option<f64>,
    #[prost(string, optional, tag = "6")]
    pub(crate) string_value: Option<String>,
    #[prost(uint64, optional, tag = "7")]
    pub(crate) pointer_value: Option<u64>,
    #[prost(string, optional, tag = "9")]
    pub(crate) legacy_json_value: Option<String>,
    #[prost(uint64, optional, tag = "17")]
    pub(crate) string_value_iid: Option<u64>,
    #[prost(message, repeated, tag = "11")]
    pub(crate) dict_entries: Vec<DebugAnnotation>,
    #[prost(message, repeated, tag = "12")]
    pub(crate) array_values: Vec<DebugAnnotation>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TrackDescriptor {
    #[prost(uint64, optional, tag = "1")]
    pub(crate) uuid: Option<u64>,
    #[prost(uint64, optional, tag = "5")]
    pub(crate) parent_uuid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    pub(crate) name: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub(crate) static_name: Option<String>,
    #[prost(message, optional, tag = "3")]
    pub(crate) process: Option<ProcessDescriptor>,
    #[prost(message, optional, tag = "4")]
    pub(crate) thread: Option<ThreadDescriptor>,
    #[prost(message, optional, tag = "8")]
    pub(crate) counter: Option<CounterDescriptor>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ProcessDescriptor {
    #[prost(int32, optional, tag = "1")]
    pub(crate) pid: Option<i32>,
    #[prost(string, optional, tag = "6")]
    pub(crate) process_name: Option<String>,
    #[prost(int32, optional, tag = "3")]
    pub(crate) legacy_sort_index: Option<i32>,
    #[prost(string, repeated, tag = "8")]
    pub(crate) process_labels: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ThreadDescriptor {
    #[prost(int32, optional, tag = "1")]
    pub(crate) pid: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(crate) tid: Option<i32>,
    #[prost(string, optional, tag = "5")]
    pub(crate) thread_name: Option<String>,
    #[prost(int64, optional, tag = "6")]
    pub(crate) reference_timestamp_us: Option<i64>,
    #[prost(int32, optional, tag = "3")]
    pub(crate) legacy_sort_index: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CounterDescriptor {
    #[prost(int32, optional, tag = "3")]
    pub(crate) unit: Option<i32>,
    #[prost(int64, optional, tag = "4")]
    pub(crate) unit_multiplier: Option<i64>,
    #[prost(bool, optional, tag = "5")]
    pub(crate) is_incremental: Option<bool>,
    #[prost(string, optional, tag = "6")]
    pub(crate) unit_name: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ProcessTree {
    #[prost(message, repeated, tag = "1")]
    pub(crate) processes: Vec<TreeProcess>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) threads: Vec<TreeThread>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TreeProcess {
    #[prost(int32, optional, tag = "1")]
    pub(crate) pid: Option<i32>,
    #[prost(string, repeated, tag = "3")]
    pub(crate) cmdline: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TreeThread {
    #[prost(int32, optional, tag = "1")]
    pub(crate) tid: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(crate) name: Option<String>,
    #[prost(int32, optional, tag = "3")]
    pub(crate) tgid: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GpuRenderStageEvent {
    #[prost(uint64, optional, tag = "2")]
    pub(crate) duration: Option<u64>,
    #[prost(int32, optional, tag = "3")]
    pub(crate) hw_queue_id: Option<i32>,
    #[prost(int32, optional, tag = "4")]
    pub(crate) stage_id: Option<i32>,
    #[prost(uint64, optional, tag = "5")]
    pub(crate) context: Option<u64>,
    #[prost(message, repeated, tag = "6")]
    pub(crate) extra_data: Vec<ExtraData>,
    #[prost(message, optional, tag = "7")]
    pub(crate) specifications: Option<Specifications>,
    #[prost(int32, optional, tag = "11")]
    pub(crate) gpu_id: Option<i32>,
    #[prost(uint64, optional, tag = "13")]
    pub(crate) hw_queue_iid: Option<u64>,
    #[prost(uint64, optional, tag = "14")]
    pub(crate) stage_iid: Option<u64>,
    #[prost(string, optional, tag = "17")]
    pub(crate) name: Option<String>,
    #[prost(uint64, optional, tag = "20")]
    pub(crate) name_iid: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExtraData {
    #[prost(string, optional, tag = "1")]
    pub(crate) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(crate) value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Specifications {
    #[prost(message, repeated, tag = "2")]
    pub(crate) hw_queue: Vec<ExtraData>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) stage: Vec<ExtraData>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GpuCounterEvent {
    #[prost(message, optional, tag = "1")]
    pub(crate) counter_descriptor: Option<GpuCounterDescriptor>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) counters: Vec<GpuCounter>,
    #[prost(int32, optional, tag = "3")]
    pub(crate) gpu_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GpuCounterDescriptor {
    #[prost(message, repeated, tag = "1")]
    pub(crate) specs: Vec<GpuCounterSpec>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GpuCounterSpec {
    #[prost(uint32, optional, tag = "1")]
    pub(crate) counter_id: Option<u32>,
    #[prost(string, optional, tag = "2")]
    pub(crate) name: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct GpuCounter {
    #[prost(uint32, optional, tag = "1")]
    pub(crate) counter_id: Option<u32>,
    #[prost(int64, optional, tag = "2")]
    pub(crate) int_value: Option<i64>,
    #[prost(double, optional, tag = "3")]
    pub(crate) double_value: Option<f64>,
}
