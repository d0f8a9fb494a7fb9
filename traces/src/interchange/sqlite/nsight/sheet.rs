//! What the reader of exports keeps in mind, and what its parts have in common.

use hashbrown::HashMap;

use super::ids::GlobalId;
use super::messages::Messages;
use crate::interchange::foreign::RowKey;
use crate::interchange::sqlite::sheet::Sheet;
use crate::stream::Progress;

/// Tables whose rows say how something else is to be read, or what the machine is: nothing to draw.
const TELLING: [&str; 12] = [
    "StringIds",
    "PROCESSES",
    "ThreadNames",
    "ProcessStreams",
    "EXPORT_META_DATA",
    "NVTX_PAYLOAD_SCHEMAS",
    "NVTX_PAYLOAD_SCHEMA_ENTRIES",
    "NVTX_PAYLOAD_ENUMS",
    "NVTX_PAYLOAD_ENUM_ENTRIES",
    "NVTX_PAYLOAD_TYPE_INFO",
    "DIAGNOSTIC_EVENT",
    "GENERIC_EVENT_SOURCES",
];

/// What rows refer to.
#[derive(Debug, Default)]
pub(super) struct Nsight {
    /// Texts by their ids, numbered as the collected names are.
    strings: HashMap<i64, u32>,
    /// The machine of the first process; those of others are told apart.
    machine: Option<i64>,
    /// GPU number by process and the process's own number of it, where the export says.
    pub(super) gpus: HashMap<(i64, i64), i64>,
    /// What NCCL's calls say of their kernels.
    pub(super) messages: Messages,
}

impl Sheet<'_, Nsight> {
    /// Numbers all texts.
    pub(super) fn strings(&mut self, progress: Progress<'_>) {
        self.each("StringIds", &["id", "value"], progress, |sheet, cells| {
            if let (Some(id), Some(text)) = (cells.int(0), cells.text(1)) {
                let name = sheet.recording.collect.names.number(&text);
                sheet.own.strings.insert(id, name);
            }
        });
    }

    /// The text behind an id.
    pub(super) fn string(&self, id: Option<i64>) -> Option<&str> {
        Some(self.recording.collect.names.get(*self.own.strings.get(&id?)?))
    }

    /// The number of a text behind an id, as names are numbered.
    pub(super) fn name(&self, id: Option<i64>) -> Option<u32> {
        self.own.strings.get(&id?).copied()
    }

    /// The process of an id, by its number; one of a second machine by a text.
    pub(super) fn process(&mut self, id: Option<i64>) -> i64 {
        let Some(id) = id.map(GlobalId) else { return 0 };
        let machine = *self.own.machine.get_or_insert(id.machine());
        if machine == id.machine() {
            return id.pid();
        }
        let text = format!("{} on machine {}", id.pid(), id.machine());
        self.recording.collect.rows.id_of_text(&text)
    }

    /// The row of a thread.
    pub(super) fn thread(&mut self, id: Option<i64>) -> u32 {
        let pid = self.process(id);
        let tid = id.map_or(0, |id| GlobalId(id).tid());
        self.recording.collect.rows.id(RowKey::Thread { pid, tid })
    }
}

/// Whether a table's rows are nothing to draw.
pub(super) fn tells(name: &str) -> bool {
    TELLING.contains(&name)
        || ["ENUM_", "TARGET_INFO_", "META_DATA_", "ANALYSIS_", "sqlite_"]
            .iter()
            .any(|start| name.starts_with(start))
}
