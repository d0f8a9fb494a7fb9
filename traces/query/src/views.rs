/// Perfetto's tables that are others seen from one side.
pub(crate) const VIEWS: &[(&str, &str)] = &[
    (
        "gpu_track",
        "select id, name, type, parent_id, rank, stream from track where type = 'gpu_track'",
    ),
    (
        "thread_track",
        "select id, name, type, parent_id, utid from track where type = 'thread_track'",
    ),
    (
        "process_track",
        "select id, name, type, parent_id, upid from track where type = 'process_track'",
    ),
    (
        "gpu_counter_track",
        "select id, name, unit, rank as gpu_id from counter_track where rank is not null",
    ),
    (
        "thread_slice",
        "select slice.id, ts, dur, category, slice.name, track_id, depth, slice.parent_id, arg_set_id, \
         thread.name as thread_name, thread.utid, thread.tid, process.upid, process.pid, slice.rank \
         from slice join track on slice.track_id = track.id join thread on track.utid = thread.utid \
         join process on thread.upid = process.upid",
    ),
    ("trace_bounds", "select trace_start() as start_ts, trace_end() as end_ts"),
];
