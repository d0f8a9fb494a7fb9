//! What a file says of itself: its title and clock, its devices, names of processes.

use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::class::Class;
use super::collect::Collect;
use super::header::Header;
use super::identity::{Context, Identity};
use super::records::Event;
use super::rows::RowKey;
use crate::{
    DeviceInfo, Labelled, Meta, OpenOptions, Origin, Overhead, ProcessLabel, Provenance, RankInfo,
    RankProvenance,
};

/// Title, clock, ranks and devices.
pub(super) fn meta(
    header: &Header,
    options: &OpenOptions,
    ranks: &[(u32, Option<i64>)],
    modelled: &BTreeMap<i64, String>,
    origin_ns: i64,
) -> Meta {
    let cupti = header.run.iter().find(|(key, _)| key == "CUPTI").map(|(_, version)| version);
    let measured = |source| Provenance::Measured { source };
    let provenance = match (header.is_kineto, cupti) {
        (true, Some(version)) => measured(format!("PyTorch profiler (CUPTI {version})")),
        (true, None) => measured("PyTorch profiler".to_owned()),
        (false, _) if header.profiler.is_some() => {
            measured(header.profiler.clone().unwrap_or_default())
        }
        (false, _) => Provenance::Unknown { source: header.recorder.clone().unwrap_or_default() },
    };
    let provenance = with_labels(provenance, ranks, modelled);
    let title = if options.title.is_empty() {
        let named = || match &*provenance.source() {
            "" => "Chrome trace events".to_owned(),
            source => source.to_owned(),
        };
        header.trace_name.clone().unwrap_or_else(named)
    } else {
        options.title.clone()
    };
    let mut meta = Meta::new(title, provenance);
    // Without a base, times from about 2001 on are microseconds of the Unix epoch.
    let is_epoch = origin_ns > 1_000_000_000_000_000_000;
    meta.base_time_unix_ns = match header.base_time_ns {
        Some(base_ns) => base_ns.saturating_add(origin_ns),
        None if is_epoch => origin_ns,
        None => 0,
    };
    let highest = ranks.last().map_or(1, |(rank, _)| rank + 1);
    meta.world_size = header.world_size.unwrap_or(highest).max(highest);
    // The first of several of one number.
    let devices: HashMap<i64, &DeviceInfo> =
        header.devices.iter().rev().map(|(id, info)| (*id, info)).collect();
    let device = |number: Option<i64>| {
        let listed = number.and_then(|number| devices.get(&number).copied());
        listed.cloned().unwrap_or_default()
    };
    let info = |&(rank, number): &(u32, Option<i64>)| RankInfo {
        rank,
        device: device(number),
        server: None,
    };
    meta.ranks = ranks.iter().map(info).collect();
    meta.lines.clone_from(&header.run);
    meta.beside.clone_from(&header.beside);
    meta
}

/// What processes that are labelled as modelled make of it: those ranks are, whatever the file says beside.
fn with_labels(
    told: Provenance,
    ranks: &[(u32, Option<i64>)],
    modelled: &BTreeMap<i64, String>,
) -> Provenance {
    let Some(source) = modelled.values().next() else { return told };
    let source_of = |rank: u32| modelled.get(&i64::from(rank));
    if ranks.iter().all(|&(rank, _)| source_of(rank).is_none()) {
        // Another tool has changed the numbers of processes: which rank it is cannot be told, so none is measured.
        return Provenance::Modelled { source: source.clone() };
    }
    let of_rank = |&(rank, _): &(u32, Option<i64>)| match source_of(rank) {
        Some(source) => {
            RankProvenance { rank: Some(rank), origin: Origin::Modelled, source: source.clone() }
        }
        None => RankProvenance {
            rank: Some(rank),
            origin: told.origin().unwrap_or(Origin::Unknown),
            source: told.source().into_owned(),
        },
    };
    Provenance::of_ranks(ranks.iter().map(of_rank).collect()).unwrap_or(told)
}

/// Labels of the processes whose rows are drawn, by what stands for them.
pub(super) fn labels(collect: &Collect, identity: &Identity, used: &[bool]) -> Vec<ProcessLabel> {
    let told = collect.labels();
    if told.is_empty() {
        return Vec::new();
    }
    let mut drawn: BTreeSet<(i64, Labelled)> = BTreeSet::new();
    for (&key, _) in collect.rows.keys.iter().zip(used).filter(|(_, used)| **used) {
        let stands_for = match key {
            RowKey::Stream { pid, device, .. } => {
                identity.seat(Context { pid, device }).map(|seat| Labelled::Rank(seat.rank))
            }
            RowKey::Thread { pid, .. } | RowKey::Async { pid, .. } => {
                Some(Labelled::Process(pid as u32))
            }
        };
        drawn.extend(stands_for.map(|of| (key.pid(), of)));
    }
    let mut labels: Vec<ProcessLabel> = Vec::new();
    for (pid, text) in told {
        let of_process = drawn.range((pid, Labelled::Rank(0))..).take_while(|(of, _)| *of == pid);
        labels.extend(of_process.map(|&(_, of)| ProcessLabel { of, text: text.to_owned() }));
    }
    labels
}

/// A process as its track is called.
pub(super) fn process_name(collect: &Collect, pid: i64) -> String {
    let shown = match collect.rows.text_of_id(pid) {
        Some(text) => text.to_owned(),
        None => pid.to_string(),
    };
    match collect.process_names.get(&pid).filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} ({shown})"),
        None => format!("process {shown}"),
    }
}

/// What recording cost: Kineto reports its own work as events, whose sum is what it knows of it.
pub(super) fn overhead(events: &[Event]) -> Option<Overhead> {
    let own = events.iter().filter(|event| event.class == Class::Overhead);
    let durations = own.map(|event| event.end_ns - event.start_ns);
    let total_ns = durations.fold(0, i64::saturating_add);
    (total_ns > 0).then(|| Overhead {
        recording_host_ns: Some(total_ns),
        note: "sum of the profiler's own overhead events".to_owned(),
        slowdown: None,
    })
}
