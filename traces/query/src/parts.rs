//! Small tables of what stands around slices: tracks, threads, processes, counters' tracks, arrows, arguments.

use std::collections::BTreeMap;

use weftscope_traces::{ArgValue, ArgsId, FlowKind, Trace, TrackKind};

use crate::counters::track_id;
use crate::listed::{Kept, Make};
use crate::relation::Column;
use crate::slice_rows::Numbered;

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
        ],
        threads,
    ),
    (
        "process",
        &[("upid", "BIGINT"), ("id", "BIGINT"), ("pid", "BIGINT"), ("rank", "BIGINT")],
        processes,
    ),
    (
        "counter_track",
        &[("id", "BIGINT"), ("name", "TEXT"), ("unit", "TEXT"), ("rank", "BIGINT")],
        counter_tracks,
    ),
    (
        "args",
        &[
            ("id", "BIGINT"),
            ("arg_set_id", "BIGINT"),
            ("flat_key", "TEXT"),
            ("key", "TEXT"),
            ("int_value", "BIGINT"),
            ("string_value", "TEXT"),
            ("real_value", "DOUBLE"),
            ("value_type", "TEXT"),
            ("display_value", "TEXT"),
        ],
        args,
    ),
    (
        "flow",
        &[
            ("id", "BIGINT"),
            ("slice_out", "BIGINT"),
            ("slice_in", "BIGINT"),
            ("kind", "TEXT"),
            ("arg_set_id", "BIGINT"),
        ],
        flows,
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
            TrackKind::Driver { .. } => ("driver_track", None, None, None),
            TrackKind::Marks { .. } => ("mark_track", None, None, None),
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
    let rank_of = |of: u32| {
        trace.tracks.iter().find_map(|track| match track.kind {
            TrackKind::HostThread { pid, rank, .. } if pid == of => rank,
            _ => None,
        })
    };
    let row = |(&pid, &upid): (&u32, &i64)| {
        vec![Kept::Int(upid), Kept::Int(upid), Kept::Int(i64::from(pid)), Kept::int(rank_of(pid))]
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

fn args(trace: &Trace) -> Vec<Vec<Kept>> {
    let mut rows = Vec::new();
    for set in 0..trace.args.len() {
        for (key, value) in trace.args.get(ArgsId(set as u32)) {
            let (kind, int, text) = match &value {
                ArgValue::Int(int) => ("int", Kept::Int(*int), int.to_string()),
                ArgValue::Float(real) => ("real", Kept::Null, real.to_string()),
                ArgValue::Text(text) => ("string", Kept::Null, text.clone()),
                ArgValue::Json(text) => ("json", Kept::Null, text.clone()),
            };
            let string = if value.as_str().is_some() { Kept::text(&text) } else { Kept::Null };
            let real = match value {
                ArgValue::Float(real) => Kept::Real(real),
                _ => Kept::Null,
            };
            rows.push(vec![
                Kept::Int(rows.len() as i64),
                Kept::Int(set as i64),
                Kept::text(&key),
                Kept::text(&key),
                int,
                string,
                real,
                Kept::text(kind),
                Kept::text(&text),
            ]);
        }
    }
    rows
}

fn flows(trace: &Trace) -> Vec<Vec<Kept>> {
    // Numbers of slices only; the trace itself is not copied.
    let firsts = Numbered::firsts_of(trace);
    let number = |slice: weftscope_traces::SliceRef| {
        Kept::Int((firsts[slice.lane.0 as usize] + slice.index as usize) as i64)
    };
    let row = |(id, flow): (i64, &weftscope_traces::Flow)| {
        let kind = match flow.kind {
            FlowKind::Dependency => "dependency",
            FlowKind::Launch => "launch",
            FlowKind::Imported => "imported",
        };
        vec![Kept::Int(id), number(flow.from), number(flow.to), Kept::text(kind), Kept::Null]
    };
    (0..).zip(&trace.flows).map(row).collect()
}
