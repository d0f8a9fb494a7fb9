//! What a process's object says beside its records: itself, processors, names.

use hashbrown::HashMap;

use super::fields::{elements, int, pairs, text};
use super::record::Record;
use crate::DeviceInfo;
use crate::interchange::json::Value;
use crate::interchange::recording::Recording;

/// A process while its object is read.
#[derive(Debug, Default)]
pub(super) struct Process {
    pub(super) pid: Option<i64>,
    pub(super) host: Option<String>,
    /// Its program, without the path.
    pub(super) program: Option<String>,
    /// GPUs' numbers by the handles of agents.
    pub(super) gpus: HashMap<i64, i64>,
    /// Services by their numbers.
    pub(super) kinds: Vec<Kind>,
    /// What programs said, by correlation id (roctx).
    pub(super) messages: HashMap<i64, u32>,
    /// What programs said around launches, by external correlation id.
    pub(super) regions: HashMap<i64, u32>,
    pub(super) symbols: HashMap<i64, Symbol>,
    pub(super) counters: HashMap<i64, String>,
    pub(super) kernels: Vec<Record>,
    pub(super) copies: Vec<Record>,
    pub(super) calls: Vec<Call>,
    /// Kernels as the counting of events tells them.
    pub(super) counted: Vec<Record>,
    /// Rows are queues, not streams.
    pub(super) by_queue: bool,
}

/// A service: what its records are called. Names as they are numbered in the collection.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) name: u32,
    pub(super) operations: Vec<u32>,
}

/// A kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol {
    pub(super) name: u32,
    pub(super) vector_registers: i64,
}

/// Something that a thread did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) kind: Option<i64>,
    pub(super) operation: Option<i64>,
    pub(super) thread: Option<i64>,
    pub(super) correlation: Option<i64>,
    pub(super) span: (i64, i64),
    pub(super) is_marker: bool,
    pub(super) bytes: Option<i64>,
}

impl Process {
    /// Takes in a pair that is no list of records; what is not understood tells nothing that is drawn.
    pub(super) fn fact(&mut self, key: &str, value: &Value<'_>, recording: &mut Recording) {
        let Value::Nested(raw) = value else { return };
        // What is whole as brackets go has no fault inside; if it had, the rest of it would be missing.
        let read = match key {
            "metadata" => pairs(raw, |key, value| self.about(key, value)),
            "agents" => elements(raw, |value| {
                if let Value::Nested(raw) = value {
                    self.agent(raw, recording);
                }
            }),
            "strings" => pairs(raw, |key, value| self.strings(key, &value, recording)),
            "counters" => elements(raw, |value| {
                if let Value::Nested(raw) = value {
                    self.counter(raw);
                }
            }),
            _ => Ok(()),
        };
        if read.is_err() {
            recording.tally.lost_where("facts that are not understood", || format!("is \"{key}\""));
        }
    }

    fn about(&mut self, key: &str, value: Value<'_>) {
        match (key, value) {
            ("pid", value) => self.pid = int(&value),
            ("command", Value::Nested(raw)) => {
                let mut words = Vec::new();
                _ = elements(raw, |value| words.extend(text(value)));
                let program = words.first().map(String::as_str).unwrap_or_default();
                let program = program.rsplit('/').next().unwrap_or(program);
                self.program = (!program.is_empty()).then(|| program.to_owned());
            }
            ("node", Value::Nested(raw)) => {
                _ = pairs(raw, |key, value| {
                    if key == "hostname" {
                        self.host = text(value);
                    }
                });
            }
            _ => {}
        }
    }

    fn agent(&mut self, raw: &[u8], recording: &mut Recording) {
        let (mut id, mut kind, mut number, mut node) = (None, None, None, None);
        let mut info = DeviceInfo::default();
        let (mut product, mut name) = (None, None);
        let read = pairs(raw, |key, value| match key {
            "id" => id = super::fields::handle(&value),
            "type" => kind = int(&value),
            "logical_node_type_id" => number = int(&value),
            "node_id" => node = int(&value),
            "cu_count" => info.sms = int(&value).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            "product_name" => product = text(value),
            "name" => name = text(value),
            "mem_banks" => info.memory_bytes = largest_bank(&value),
            _ => {}
        });
        let (Ok(()), Some(id), Some(GPU)) = (read, id, kind) else { return };
        let number = number.or(node).unwrap_or(id);
        self.gpus.insert(id, number);
        info.name = product.or(name).unwrap_or_default();
        let devices = &mut recording.header.devices;
        if devices.iter().all(|(known, _)| *known != number) {
            devices.push((number, info));
        }
    }

    fn strings(&mut self, key: &str, value: &Value<'_>, recording: &mut Recording) {
        let Value::Nested(raw) = value else { return };
        let names = &mut recording.collect.names;
        let read = match key {
            "buffer_records" => elements(raw, |value| {
                let mut kind = Kind { name: names.number(""), operations: Vec::new() };
                let Value::Nested(raw) = value else { return self.kinds.push(kind) };
                _ = pairs(raw, |key, value| match (key, value) {
                    ("kind", value) => kind.name = names.number(&text(value).unwrap_or_default()),
                    ("operations", Value::Nested(raw)) => {
                        _ = elements(raw, |value| {
                            kind.operations.push(names.number(&text(value).unwrap_or_default()));
                        });
                    }
                    _ => {}
                });
                self.kinds.push(kind);
            }),
            "marker_api" => map(raw, |id, text| _ = self.messages.insert(id, names.number(&text))),
            "correlation_id" => pairs(raw, |key, value| {
                if let ("external", Value::Nested(raw)) = (key, value) {
                    _ = map(raw, |id, text| _ = self.regions.insert(id, names.number(&text)));
                }
            }),
            _ => Ok(()),
        };
        if read.is_err() {
            let place = || format!("is \"{key}\"");
            recording.tally.lost_where("texts that are not understood", place);
        }
    }

    /// Takes in a kernel's names.
    pub(super) fn symbol(&mut self, raw: &[u8], recording: &mut Recording) {
        let (mut id, mut formatted, mut mangled, mut registers) = (None, None, None, 0);
        let read = pairs(raw, |key, value| match key {
            "kernel_id" => id = int(&value),
            "formatted_kernel_name" => formatted = text(value),
            "kernel_name" => mangled = text(value),
            "arch_vgpr_count" => registers = int(&value).unwrap_or(0),
            _ => {}
        });
        if let (Ok(()), Some(id), Some(name)) = (read, id, formatted.or(mangled)) {
            let name = recording.collect.names.number(&name);
            self.symbols.insert(id, Symbol { name, vector_registers: registers });
        }
    }

    fn counter(&mut self, raw: &[u8]) {
        let (mut id, mut name) = (None, None);
        let read = pairs(raw, |key, value| match key {
            "id" => id = super::fields::handle(&value),
            "name" => name = text(value),
            _ => {}
        });
        if let (Ok(()), Some(id), Some(name)) = (read, id, name) {
            self.counters.insert(id, name);
        }
    }
}

/// `rocprofiler_agent_type_t` of a GPU.
const GPU: i64 = 2;

fn largest_bank(value: &Value<'_>) -> u64 {
    let Value::Nested(raw) = value else { return 0 };
    let mut largest = 0;
    _ = elements(raw, |value| {
        let Value::Nested(raw) = value else { return };
        _ = pairs(raw, |key, value| {
            if key == "size_in_bytes" {
                largest = largest.max(int(&value).and_then(|n| u64::try_from(n).ok()).unwrap_or(0));
            }
        });
    });
    largest
}

/// A map with whole numbers as keys, which is written as a list of `{"key": 7, "value": "…"}`.
fn map(
    raw: &[u8],
    mut each: impl FnMut(i64, String),
) -> Result<(), crate::interchange::json::Fault> {
    elements(raw, |value| {
        let Value::Nested(raw) = value else { return };
        let (mut id, mut said) = (None, None);
        _ = pairs(raw, |key, value| match key {
            "key" => id = int(&value),
            "value" => said = text(value),
            _ => {}
        });
        if let (Some(id), Some(said)) = (id, said) {
            each(id, said);
        }
    })
}
