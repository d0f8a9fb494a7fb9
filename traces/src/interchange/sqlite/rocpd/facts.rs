//! What a set says of the whole: texts, processors, queues and streams, kernels, counters.

use serde::Deserialize;

use super::set::{Agent, Counter, Place, Rocpd, Symbol};
use crate::DeviceInfo;
use crate::interchange::recording::rocm::{Ran, Streams};
use crate::interchange::sqlite::sheet::Sheet;
use crate::stream::Progress;

/// What is read of an agent's description.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Description {
    cu_count: u32,
    mem_banks: Vec<Bank>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Bank {
    size_in_bytes: u64,
}

impl Sheet<'_, Rocpd> {
    /// Reads the tables that tell of the whole.
    pub(super) fn facts(&mut self, progress: Progress<'_>) {
        self.recorder(progress);
        for (table, column, of) in
            [("rocpd_string", "string", 0), ("rocpd_info_category", "name", 1)]
        {
            self.rows(table, &["id", column], progress, |sheet, cells| {
                if let (Some(id), Some(text)) = (cells.int(0), cells.text(1)) {
                    let name = sheet.recording.collect.names.number(&text);
                    let set = &mut sheet.own.set;
                    let texts = if of == 0 { &mut set.strings } else { &mut set.categories };
                    texts.insert(id, name);
                }
            });
        }
        self.processes(progress);
        self.agents(progress);
        self.tracks(progress);
        self.symbols(progress);
        self.counters(progress);
        self.queues_or_streams(progress);
    }

    fn recorder(&mut self, progress: Progress<'_>) {
        let mut version = None;
        let mut compression = None;
        self.rows("rocpd_metadata", &["tag", "value"], progress, |_, cells| {
            match cells.text(0).as_deref() {
                Some("schema_version") => version = cells.text(1),
                Some("compression") => compression = cells.text(1),
                _ => {}
            }
        });
        let version = version.map_or(String::new(), |version| format!(", schema {version}"));
        self.recording.header.profiler = Some(format!("ROCprofiler-SDK (rocpd{version})"));
        if let Some(compression) = compression.filter(|how| how != "none") {
            self.recording
                .tally
                .diagnostics
                .note(format!("messages of markers are packed by {compression} and are not read"));
        }
    }

    fn agents(&mut self, progress: Progress<'_>) {
        let columns =
            ["id", "type", "type_index", "absolute_index", "product_name", "name", "extdata"];
        self.rows("rocpd_info_agent", &columns, progress, |sheet, cells| {
            let Some(id) = cells.int(0) else { return };
            let is_gpu = cells.text(1).is_some_and(|kind| kind == "GPU");
            let number = cells.int(2).or(cells.int(3)).unwrap_or(id);
            let gpu = is_gpu.then_some(number);
            sheet.own.set.agents.insert(id, Agent { gpu });
            let header = &mut sheet.recording.header;
            if is_gpu && header.devices.iter().all(|(known, _)| *known != number) {
                let given = |at: usize| cells.text(at).filter(|name| !name.is_empty());
                let described = cells.text(6).and_then(|text| serde_json::from_str(&text).ok());
                let Description { cu_count, mem_banks } = described.unwrap_or_default();
                let bytes = mem_banks.iter().map(|bank| bank.size_in_bytes).max();
                let info = DeviceInfo {
                    name: given(4).or(given(5)).unwrap_or_default(),
                    sms: cu_count,
                    memory_bytes: bytes.unwrap_or(0),
                    ..DeviceInfo::default()
                };
                header.devices.push((number, info));
            }
        });
    }

    fn tracks(&mut self, progress: Progress<'_>) {
        let columns = ["id", "pid", "tid", "agent_id", "queue_id", "stream_id", "name_id"];
        self.rows("rocpd_track", &columns, progress, |sheet, cells| {
            let Some(id) = cells.int(0) else { return };
            sheet.own.set.tracks.insert(id, Place::of(cells, 1));
            if let Some(name) = sheet.string(cells.int(6)) {
                sheet.own.set.track_names.insert(id, name);
            }
        });
    }

    fn symbols(&mut self, progress: Progress<'_>) {
        let columns = ["id", "display_name", "kernel_name", "arch_vgpr_count"];
        self.rows("rocpd_info_kernel_symbol", &columns, progress, |sheet, cells| {
            let given = |at: usize| cells.text(at).filter(|name| !name.is_empty());
            if let (Some(id), Some(name)) = (cells.int(0), given(1).or(given(2))) {
                let name = sheet.recording.collect.names.number(&name);
                let symbol = Symbol { name, vector_registers: cells.int(3).unwrap_or(0) };
                sheet.own.set.symbols.insert(id, symbol);
            }
        });
    }

    fn counters(&mut self, progress: Progress<'_>) {
        let columns = ["id", "name", "units", "agent_id"];
        self.rows("rocpd_info_pmc", &columns, progress, |sheet, cells| {
            let Some(id) = cells.int(0) else { return };
            let agent = cells.int(3).and_then(|agent| sheet.own.set.agents.get(&agent));
            let counter = Counter {
                name: cells.text(1).unwrap_or_else(|| format!("counter {id}")),
                unit: cells.text(2).unwrap_or_default(),
                gpu: agent.and_then(|agent| agent.gpu),
            };
            sheet.own.set.counters.insert(id, counter);
        });
    }

    /// Whether rows are streams or, where these tell nothing apart or are too many, queues.
    fn queues_or_streams(&mut self, progress: Progress<'_>) {
        let mut streams = Streams::default();
        let columns = ["agent_id", "queue_id", "stream_id", "track_id"];
        self.rows("rocpd_kernel_dispatch", &columns, progress, |sheet, cells| {
            let track = cells.int(3).and_then(|id| sheet.own.set.tracks.get(&id)).copied();
            let track = track.unwrap_or_default();
            streams.add(Ran {
                device: cells.int(0).or(track.agent),
                queue: cells.int(1).or(track.queue),
                stream: cells.int(2).or(track.stream),
            });
        });
        self.own.set.by_queue = streams.by_queue();
        if let Some(note) = streams.note() {
            self.recording.tally.diagnostics.note(note);
        }
        self.name_streams(progress);
    }

    /// Names that programs gave to streams; those that only number them say nothing.
    fn name_streams(&mut self, progress: Progress<'_>) {
        let columns = ["id", "pid", "name"];
        self.rows("rocpd_info_stream", &columns, progress, |sheet, cells| {
            let (Some(id), Some(process), Some(name)) = (cells.int(0), cells.int(1), cells.text(2))
            else {
                return;
            };
            let is_number = name.strip_prefix("Stream ").is_some_and(|n| n.parse::<u64>().is_ok());
            if sheet.own.set.by_queue || is_number || name.is_empty() || name == "Default Stream" {
                return;
            }
            let pid = sheet.own.set.pids.get(&process).copied().unwrap_or(process);
            let stream = sheet.recording.collect.rows.id_of_int(id);
            sheet.recording.collect.thread_names.entry((pid, stream)).or_insert(name);
        });
    }
}
