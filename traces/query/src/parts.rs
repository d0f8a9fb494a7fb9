//! Small tables of what stands around slices: tracks, threads, processes, counters' tracks.
//!
//! Hidden columns are Perfetto's that no recording of ours has: queries may name them, `*` leaves them out.

use std::collections::BTreeMap;

use weftscope_traces::{Trace, TrackId, TrackKind};

use crate::counters::track_id;
use crate::listed::{Kept, Make};
use crate::relation::Column;

/// Small tables by name: columns, and what makes the rows.
pub(crate) const TABLES: &[(&str, &[Column], Make)] = &[
    (
        "track",
        &[
            ("id", "BIGINT"),
            ("name", "TEXT"),
            ("type", "TEXT"),
            ("parent_id", "BIGINT"),
            ("rank", "BIGINT"),
            ("stream", "BIGINT"),
            ("utid", "BIGINT"),
            ("upid", "BIGINT"),
            ("source_arg_set_id", "BIGINT HIDDEN"),
            ("dimension_arg_set_id", "BIGINT HIDDEN"),
            ("machine_id", "BIGINT HIDDEN"),
            ("track_group_id", "BIGINT HIDDEN"),
        ],
        tracks,
    ),
    (
        "thread",
        &[
            ("utid", "BIGINT"),
            ("id", "BIGINT"),
            ("tid", "BIGINT"),
            ("name", "TEXT"),
            ("upid", "BIGINT"),
            ("is_main_thread", "BIGINT"),
            ("start_ts", "BIGINT HIDDEN"),
            ("end_ts", "BIGINT HIDDEN"),
            ("is_idle", "BIGINT HIDDEN"),
            ("machine_id", "BIGINT HIDDEN"),
        ],
        threads,
    ),
    (
        "process",
        &[
            ("upid", "BIGINT"),
            ("id", "BIGINT"),
            ("pid", "BIGINT"),
            ("rank", "BIGINT"),
            ("name", "TEXT"),
            ("start_ts", "BIGINT HIDDEN"),
            ("end_ts", "BIGINT HIDDEN"),
            ("parent_upid", "BIGINT HIDDEN"),
            ("uid", "BIGINT HIDDEN"),
            ("android_appid", "BIGINT HIDDEN"),
            ("android_user_id", "BIGINT HIDDEN"),
            ("cmdline", "TEXT HIDDEN"),
            ("arg_set_id", "BIGINT HIDDEN"),
            ("machine_id", "BIGINT HIDDEN"),
        ],
        processes,
    ),
    (
        "counter_track",
        &[
            ("id", "BIGINT"),
            ("name", "TEXT"),
            ("unit", "TEXT"),
            ("rank", "BIGINT"),
            ("type", "TEXT HIDDEN"),
            ("parent_id", "BIGINT HIDDEN"),
            ("source_arg_set_id", "BIGINT HIDDEN"),
            ("dimension_arg_set_id", "BIGINT HIDDEN"),
            ("description", "TEXT HIDDEN"),
            ("machine_id", "BIGINT HIDDEN"),
        ],
        counter_tracks,
    ),
];

/// Processes that have threads, by number in order; then the same of threads.
fn numbers(trace: &Trace) -> (BTreeMap<u32, i64>, BTreeMap<(u32, u32), i64>) {
    let (mut processes, mut threads) = (BTreeMap::new(), BTreeMap::new());
    for track in &trace.tracks {
        if let TrackKind::HostThread { pid, tid, .. } = track.kind {
            processes.insert(pid, 0);
            threads.insert((pid, tid), 0);
        }
    }
    // 0 is nobody's, as in Perfetto.
    processes.values_mut().zip(1..).for_each(|(upid, number)| *upid = number);
    threads.values_mut().zip(1..).for_each(|(utid, number)| *utid = number);
    (processes, threads)
}

fn tracks(trace: &Trace) -> Vec<Vec<Kept>> {
    let (processes, threads) = numbers(trace);
    let row = |(id, track): (i64, &weftscope_traces::Track)| {
        let (kind, stream, utid, upid) = match track.kind {
            TrackKind::Stream { stream, .. } => ("gpu_track", Some(stream), None, None),
            TrackKind::HostThread { pid, tid, .. } => {
                ("thread_track", None, threads.get(&(pid, tid)), processes.get(&pid))
            }
            TrackKind::Sm { .. } => ("sm_track", None, None, None),
            TrackKind::Inside { .. } => ("inside_track", None, None, None),
            TrackKind::Driver { .. } => ("driver_track", None, None, None),
            TrackKind::Marks { .. } => ("mark_track", None, None, None),
            TrackKind::Answer { .. } => ("answer_track", None, None, None),
            TrackKind::Rank { .. } => ("rank", None, None, None),
            TrackKind::Group => ("group", None, None, None),
        };
        vec![
            Kept::Int(id),
            Kept::text(&track.name),
            Kept::text(kind),
            Kept::int(track.parent.map(|parent| parent.0)),
            Kept::int(track.kind.rank()),
            Kept::int(stream),
            Kept::int(utid.copied()),
            Kept::int(upid.copied()),
        ]
    };
    (0..).zip(&trace.tracks).map(row).collect()
}

fn threads(trace: &Trace) -> Vec<Vec<Kept>> {
    let (processes, threads) = numbers(trace);
    let mut names = BTreeMap::new();
    for track in &trace.tracks {
        if let TrackKind::HostThread { pid, tid, .. } = track.kind {
            names.entry((pid, tid)).or_insert(track.name.as_str());
        }
    }
    let row = |(&(pid, tid), &utid): (&(u32, u32), &i64)| {
        vec![
            Kept::Int(utid),
            Kept::Int(utid),
            Kept::Int(i64::from(tid)),
            names.get(&(pid, tid)).map_or(Kept::Null, |name| Kept::text(name)),
            Kept::int(processes.get(&pid).copied()),
            Kept::Int(i64::from(pid == tid)),
        ]
    };
    threads.iter().map(row).collect()
}

fn processes(trace: &Trace) -> Vec<Vec<Kept>> {
    let (processes, _) = numbers(trace);
    let rank_and_parent = |of: u32| {
        trace.tracks.iter().find_map(|track| match track.kind {
            TrackKind::HostThread { pid, rank, .. } if pid == of => Some((rank, track.parent)),
            _ => None,
        })
    };
    // The heading over its threads, where they have one of their own: `python3 (589)`.
    let name_of = |parent: TrackId, pid: u32| {
        let heading = trace.track(parent);
        let name = heading.name.strip_suffix(&format!(" ({pid})")).unwrap_or(&heading.name);
        matches!(heading.kind, TrackKind::Group).then(|| Kept::text(name))
    };
    let row = |(&pid, &upid): (&u32, &i64)| {
        let (rank, parent) = rank_and_parent(pid).unwrap_or_default();
        vec![
            Kept::Int(upid),
            Kept::Int(upid),
            Kept::Int(i64::from(pid)),
            Kept::int(rank),
            parent.and_then(|parent| name_of(parent, pid)).unwrap_or(Kept::Null),
        ]
    };
    processes.iter().map(row).collect()
}

fn counter_tracks(trace: &Trace) -> Vec<Vec<Kept>> {
    let row = |(number, counter): (usize, &weftscope_traces::CounterSeries)| {
        let unit = Some(&counter.unit).filter(|unit| !unit.is_empty());
        vec![
            Kept::Int(track_id(trace, number)),
            Kept::text(&counter.name),
            unit.map_or(Kept::Null, |unit| Kept::text(unit)),
            Kept::int(counter.rank),
        ]
    };
    trace.counters.iter().enumerate().map(row).collect()
}
