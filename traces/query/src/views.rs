/// Tables that are others seen from one side: Perfetto's, then ours.
pub(crate) const VIEWS: &[(&str, &str)] = &[
    (
        "gpu_track",
        "select id, name, type, parent_id, rank, stream, source_arg_set_id, dimension_arg_set_id, machine_id, \
         null as scope, null as description, null as context_id from track where type = 'gpu_track'",
    ),
    (
        "thread_track",
        "select id, name, type, parent_id, utid, source_arg_set_id, machine_id from track where type = 'thread_track'",
    ),
    (
        "process_track",
        "select id, name, type, parent_id, upid, source_arg_set_id, machine_id from track where type = 'process_track'",
    ),
    (
        "gpu_counter_track",
        "select id, name, type, parent_id, unit, rank as gpu_id, source_arg_set_id, machine_id, description \
         from counter_track where rank is not null",
    ),
    (
        "thread_slice",
        "select slice.id, ts, dur, category, slice.name, track_id, track.name as track_name, \
         thread.name as thread_name, thread.utid, thread.tid, thread.is_main_thread, process.name as process_name, \
         process.upid, process.pid, depth, slice.parent_id, slice.arg_set_id, thread_ts, thread_dur, slice.rank \
         from slice join track on slice.track_id = track.id join thread on track.utid = thread.utid \
         join process on thread.upid = process.upid",
    ),
    (
        "process_slice",
        "select slice.id, ts, dur, category, slice.name, track_id, track.name as track_name, \
         process.name as process_name, process.upid, process.pid, depth, slice.parent_id, slice.arg_set_id, thread_ts, \
         thread_dur, slice.rank \
         from slice join process_track as track on slice.track_id = track.id join process on track.upid = process.upid",
    ),
    (
        "op",
        "select id, ts, dur, track_id, rank, stream, name, kind, layer, split, phase, correlation_id, arg_set_id \
         from gpu_slice",
    ),
    (
        "iteration",
        "select rank, iteration, name, start_ns as ts, duration_ns as dur, compute_ns, comm_ns, hidden_ns, \
         exposed_comm_ns, exposed_memcpy_ns, idle_ns, wait_ns from iterations",
    ),
    (
        "overlap",
        "select rank, iteration, start_ns as ts, duration_ns as dur, comm_ns, hidden_ns, exposed_comm_ns, hidden_pct, \
         sm_weighted_hidden_pct from iterations",
    ),
    (
        "collective",
        "select collective, name, rank, first_ns as ts, spread_ns, late_ns from collectives",
    ),
    ("trace_bounds", "select trace_start() as start_ts, trace_end() as end_ts"),
];
