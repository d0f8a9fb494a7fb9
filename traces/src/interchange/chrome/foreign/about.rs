//! What a file says of itself: the ranks it tells of, its title and clock, names of processes.

use std::collections::BTreeMap;

use super::collect::{Class, Collect};
use super::header::Header;
use super::intern::RowKey;
use crate::{Meta, OpenOptions, Provenance, RankInfo};

/// Ranks of the devices that ran something: the file's rank if it is one device, else the device numbers.
pub(super) fn ranks(collect: &Collect, header: &Header) -> BTreeMap<i64, u32> {
    let mut devices: Vec<i64> = collect
        .events
        .iter()
        .filter(|event| matches!(event.class, Class::Kernel | Class::Memcpy))
        .filter_map(|event| match collect.rows.keys[event.row as usize] {
            RowKey::Stream { device, .. } => Some(device),
            RowKey::Thread { .. } | RowKey::Async { .. } => None,
        })
        .collect();
    devices.sort_unstable();
    devices.dedup();
    match (header.rank, devices.as_slice()) {
        (Some(rank), [device]) => BTreeMap::from([(*device, rank)]),
        _ => {
            let number = |(index, &device): (usize, &i64)| {
                let small = u32::try_from(device).ok().filter(|&device| device < 1 << 20);
                (device, small.unwrap_or(index as u32))
            };
            devices.iter().enumerate().map(number).collect()
        }
    }
}

/// Title, clock, ranks and devices.
pub(super) fn meta(
    header: &Header,
    options: &OpenOptions,
    rank_of_device: &BTreeMap<i64, u32>,
    origin_ns: i64,
) -> Meta {
    let cupti = header.run.iter().find(|(key, _)| key == "CUPTI").map(|(_, version)| version);
    let measured = |source| Provenance::Measured { source };
    let provenance = match (header.is_kineto, cupti) {
        (true, Some(version)) => measured(format!("PyTorch profiler (CUPTI {version})")),
        (true, None) => measured("PyTorch profiler".to_owned()),
        (false, _) => Provenance::Unknown { source: header.recorder.clone().unwrap_or_default() },
    };
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
    let ranks: Vec<u32> = rank_of_device.values().copied().collect();
    let highest = ranks.iter().max().map_or(1, |rank| rank + 1);
    meta.world_size = header.world_size.unwrap_or(highest).max(1);
    meta.ranks = rank_of_device
        .iter()
        .map(|(device, &rank)| RankInfo {
            rank,
            device: header
                .devices
                .iter()
                .find(|(id, _)| id == device)
                .map(|(_, info)| info.clone())
                .unwrap_or_default(),
        })
        .collect();
    meta.ranks.sort_by_key(|info| info.rank);
    meta.lines.clone_from(&header.run);
    meta
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
