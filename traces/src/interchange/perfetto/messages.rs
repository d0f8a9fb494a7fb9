//! The messages of Perfetto's protos, as far as they are read. Fields keep the protos' numbers and names.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(super) struct TracePacket {
    #[prost(uint64, optional, tag = "8")]
    pub(super) timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "58")]
    pub(super) timestamp_clock_id: Option<u32>,
    #[prost(uint32, optional, tag = "10")]
    pub(super) trusted_packet_sequence_id: Option<u32>,
    #[prost(uint32, optional, tag = "13")]
    pub(super) sequence_flags: Option<u32>,
    #[prost(bool, optional, tag = "41")]
    pub(super) incremental_state_cleared: Option<bool>,
    #[prost(bool, optional, tag = "42")]
    pub(super) previous_packet_dropped: Option<bool>,
    #[prost(message, optional, tag = "12")]
    pub(super) interned_data: Option<InternedData>,
    #[prost(message, optional, tag = "59")]
    pub(super) trace_packet_defaults: Option<TracePacketDefaults>,
    #[prost(message, optional, tag = "6")]
    pub(super) clock_snapshot: Option<ClockSnapshot>,
    #[prost(message, optional, tag = "11")]
    pub(super) track_event: Option<TrackEvent>,
    #[prost(message, optional, tag = "60")]
    pub(super) track_descriptor: Option<TrackDescriptor>,
    #[prost(message, optional, tag = "43")]
    pub(super) process_descriptor: Option<ProcessDescriptor>,
    #[prost(message, optional, tag = "44")]
    pub(super) thread_descriptor: Option<ThreadDescriptor>,
    #[prost(message, optional, tag = "2")]
    pub(super) process_tree: Option<ProcessTree>,
    #[prost(message, optional, tag = "53")]
    pub(super) gpu_render_stage_event: Option<GpuRenderStageEvent>,
    #[prost(message, optional, tag = "52")]
    pub(super) gpu_counter_event: Option<GpuCounterEvent>,
    #[prost(message, optional, tag = "45")]
    pub(super) system_info: Option<SystemInfo>,
    /// Deflated packets.
    #[prost(bytes = "vec", optional, tag = "50")]
    pub(super) compressed_packets: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SystemInfo {
    #[prost(string, optional, tag = "4")]
    pub(super) tracing_service_version: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TracePacketDefaults {
    #[prost(uint32, optional, tag = "58")]
    pub(super) timestamp_clock_id: Option<u32>,
    #[prost(message, optional, tag = "11")]
    pub(super) track_event_defaults: Option<TrackEventDefaults>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TrackEventDefaults {
    #[prost(uint64, optional, tag = "11")]
    pub(super) track_uuid: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ClockSnapshot {
    #[prost(message, repeated, tag = "1")]
    pub(super) clocks: Vec<Clock>,
    #[prost(uint32, optional, tag = "2")]
    pub(super) primary_trace_clock: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Clock {
    #[prost(uint32, optional, tag = "1")]
    pub(super) clock_id: Option<u32>,
    #[prost(uint64, optional, tag = "2")]
    pub(super) timestamp: Option<u64>,
    #[prost(bool, optional, tag = "3")]
    pub(super) is_incremental: Option<bool>,
    #[prost(uint64, optional, tag = "4")]
    pub(super) unit_multiplier_ns: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct InternedData {
    #[prost(message, repeated, tag = "1")]
    pub(super) event_categories: Vec<InternedName>,
    #[prost(message, repeated, tag = "2")]
    pub(super) event_names: Vec<InternedName>,
    #[prost(message, repeated, tag = "3")]
    pub(super) debug_annotation_names: Vec<InternedName>,
    #[prost(message, repeated, tag = "29")]
    pub(super) debug_annotation_string_values: Vec<InternedBytes>,
    #[prost(message, repeated, tag = "23")]
    pub(super) graphics_contexts: Vec<InternedGraphicsContext>,
    #[prost(message, repeated, tag = "24")]
    pub(super) gpu_specifications: Vec<InternedGpuSpecification>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct InternedName {
    #[prost(uint64, optional, tag = "1")]
    pub(super) iid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    pub(super) name: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct InternedBytes {
    #[prost(uint64, optional, tag = "1")]
    pub(super) iid: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(super) str: Option<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct InternedGraphicsContext {
    #[prost(uint64, optional, tag = "1")]
    pub(super) iid: Option<u64>,
    #[prost(int32, optional, tag = "2")]
    pub(super) pid: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct InternedGpuSpecification {
    #[prost(uint64, optional, tag = "1")]
    pub(super) iid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    pub(super) name: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TrackEvent {
    #[prost(uint64, repeated, tag = "3")]
    pub(super) category_iids: Vec<u64>,
    #[prost(string, repeated, tag = "22")]
    pub(super) categories: Vec<String>,
    #[prost(uint64, optional, tag = "10")]
    pub(super) name_iid: Option<u64>,
    #[prost(string, optional, tag = "23")]
    pub(super) name: Option<String>,
    #[prost(int32, optional, tag = "9")]
    pub(super) r#type: Option<i32>,
    #[prost(uint64, optional, tag = "11")]
    pub(super) track_uuid: Option<u64>,
    #[prost(int64, optional, tag = "30")]
    pub(super) counter_value: Option<i64>,
    #[prost(double, optional, tag = "44")]
    pub(super) double_counter_value: Option<f64>,
    #[prost(int64, repeated, tag = "12")]
    pub(super) extra_counter_values: Vec<i64>,
    #[prost(double, repeated, tag = "46")]
    pub(super) extra_double_counter_values: Vec<f64>,
    #[prost(uint64, repeated, tag = "36")]
    pub(super) flow_ids_old: Vec<u64>,
    #[prost(fixed64, repeated, tag = "47")]
    pub(super) flow_ids: Vec<u64>,
    #[prost(uint64, repeated, tag = "42")]
    pub(super) terminating_flow_ids_old: Vec<u64>,
    #[prost(fixed64, repeated, tag = "48")]
    pub(super) terminating_flow_ids: Vec<u64>,
    #[prost(message, repeated, tag = "4")]
    pub(super) debug_annotations: Vec<DebugAnnotation>,
    #[prost(int64, optional, tag = "1")]
    pub(super) timestamp_delta_us: Option<i64>,
    #[prost(int64, optional, tag = "16")]
    pub(super) timestamp_absolute_us: Option<i64>,
    #[prost(message, optional, tag = "6")]
    pub(super) legacy_event: Option<LegacyEvent>,
}

/// Chrome's older events.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct LegacyEvent {
    #[prost(int32, optional, tag = "2")]
    pub(super) phase: Option<i32>,
    #[prost(int64, optional, tag = "3")]
    pub(super) duration_us: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct DebugAnnotation {
    #[prost(uint64, optional, tag = "1")]
    pub(super) name_iid: Option<u64>,
    #[prost(string, optional, tag = "10")]
    pub(super) name: Option<String>,
    #[prost(bool, optional, tag = "2")]
    pub(super) bool_value: Option<bool>,
    #[prost(uint64, optional, tag = "3")]
    pub(super) uint_value: Option<u64>,
    #[prost(int64, optional, tag = "4")]
    pub(super) int_value: Option<i64>,
    #[prost(double, optional, tag = "5")]
    pub(super) double_value: Option<f64>,
    #[prost(string, optional, tag = "6")]
    pub(super) string_value: Option<String>,
    #[prost(uint64, optional, tag = "7")]
    pub(super) pointer_value: Option<u64>,
    #[prost(string, optional, tag = "9")]
    pub(super) legacy_json_value: Option<String>,
    #[prost(uint64, optional, tag = "17")]
    pub(super) string_value_iid: Option<u64>,
    #[prost(message, repeated, tag = "11")]
    pub(super) dict_entries: Vec<DebugAnnotation>,
    #[prost(message, repeated, tag = "12")]
    pub(super) array_values: Vec<DebugAnnotation>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TrackDescriptor {
    #[prost(uint64, optional, tag = "1")]
    pub(super) uuid: Option<u64>,
    #[prost(uint64, optional, tag = "5")]
    pub(super) parent_uuid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub(super) static_name: Option<String>,
    #[prost(message, optional, tag = "3")]
    pub(super) process: Option<ProcessDescriptor>,
    #[prost(message, optional, tag = "4")]
    pub(super) thread: Option<ThreadDescriptor>,
    #[prost(message, optional, tag = "8")]
    pub(super) counter: Option<CounterDescriptor>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ProcessDescriptor {
    #[prost(int32, optional, tag = "1")]
    pub(super) pid: Option<i32>,
    #[prost(string, optional, tag = "6")]
    pub(super) process_name: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ThreadDescriptor {
    #[prost(int32, optional, tag = "1")]
    pub(super) pid: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(super) tid: Option<i32>,
    #[prost(string, optional, tag = "5")]
    pub(super) thread_name: Option<String>,
    #[prost(int64, optional, tag = "6")]
    pub(super) reference_timestamp_us: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct CounterDescriptor {
    #[prost(int32, optional, tag = "3")]
    pub(super) unit: Option<i32>,
    #[prost(int64, optional, tag = "4")]
    pub(super) unit_multiplier: Option<i64>,
    #[prost(bool, optional, tag = "5")]
    pub(super) is_incremental: Option<bool>,
    #[prost(string, optional, tag = "6")]
    pub(super) unit_name: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ProcessTree {
    #[prost(message, repeated, tag = "1")]
    pub(super) processes: Vec<TreeProcess>,
    #[prost(message, repeated, tag = "2")]
    pub(super) threads: Vec<TreeThread>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TreeProcess {
    #[prost(int32, optional, tag = "1")]
    pub(super) pid: Option<i32>,
    #[prost(string, repeated, tag = "3")]
    pub(super) cmdline: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TreeThread {
    #[prost(int32, optional, tag = "1")]
    pub(super) tid: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(super) name: Option<String>,
    #[prost(int32, optional, tag = "3")]
    pub(super) tgid: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct GpuRenderStageEvent {
    #[prost(uint64, optional, tag = "2")]
    pub(super) duration: Option<u64>,
    #[prost(int32, optional, tag = "3")]
    pub(super) hw_queue_id: Option<i32>,
    #[prost(int32, optional, tag = "4")]
    pub(super) stage_id: Option<i32>,
    #[prost(uint64, optional, tag = "5")]
    pub(super) context: Option<u64>,
    #[prost(message, repeated, tag = "6")]
    pub(super) extra_data: Vec<ExtraData>,
    #[prost(message, optional, tag = "7")]
    pub(super) specifications: Option<Specifications>,
    #[prost(int32, optional, tag = "11")]
    pub(super) gpu_id: Option<i32>,
    #[prost(uint64, optional, tag = "13")]
    pub(super) hw_queue_iid: Option<u64>,
    #[prost(uint64, optional, tag = "14")]
    pub(super) stage_iid: Option<u64>,
    #[prost(string, optional, tag = "17")]
    pub(super) name: Option<String>,
    #[prost(uint64, optional, tag = "20")]
    pub(super) name_iid: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ExtraData {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Specifications {
    #[prost(message, repeated, tag = "2")]
    pub(super) hw_queue: Vec<ExtraData>,
    #[prost(message, repeated, tag = "3")]
    pub(super) stage: Vec<ExtraData>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct GpuCounterEvent {
    #[prost(message, optional, tag = "1")]
    pub(super) counter_descriptor: Option<GpuCounterDescriptor>,
    #[prost(message, repeated, tag = "2")]
    pub(super) counters: Vec<GpuCounter>,
    #[prost(int32, optional, tag = "3")]
    pub(super) gpu_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct GpuCounterDescriptor {
    #[prost(message, repeated, tag = "1")]
    pub(super) specs: Vec<GpuCounterSpec>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct GpuCounterSpec {
    #[prost(uint32, optional, tag = "1")]
    pub(super) counter_id: Option<u32>,
    #[prost(string, optional, tag = "2")]
    pub(super) name: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct GpuCounter {
    #[prost(uint32, optional, tag = "1")]
    pub(super) counter_id: Option<u32>,
    #[prost(int64, optional, tag = "2")]
    pub(super) int_value: Option<i64>,
    #[prost(double, optional, tag = "3")]
    pub(super) double_value: Option<f64>,
}
