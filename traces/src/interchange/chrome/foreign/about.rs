//! What a file says of itself: its title and clock, its devices, names of processes.

use super::collect::Collect;
use super::header::Header;
use crate::{Meta, OpenOptions, Provenance, RankInfo};

/// Title, clock, ranks and devices.
pub(super) fn meta(
    header: &Header,
    options: &OpenOptions,
    ranks: &[(u32, Option<i64>)],
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
    let device = |number: Option<i64>| {
        let listed = header.devices.iter().find(|(id, _)| Some(*id) == number);
        listed.map(|(_, info)| info.clone()).unwrap_or_default()
    };
    let info = |&(rank, number): &(u32, Option<i64>)| RankInfo { rank, device: device(number) };
    meta.ranks = ranks.iter().map(info).collect();
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
