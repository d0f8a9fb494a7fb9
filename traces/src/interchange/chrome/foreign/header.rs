//! What stands beside `traceEvents`.

use serde::Deserialize;

use crate::DeviceInfo;
use crate::interchange::chrome::own::Own;
use crate::interchange::chrome::{event, time};
use crate::interchange::json::Value;

/// Most bytes kept of what is not understood.
const MAX_BESIDE_BYTES: usize = 1 << 18;

/// Top-level facts of a file.
#[derive(Debug, Default)]
pub(crate) struct Header {
    /// `baseTimeNanoseconds`: Unix time of ts 0.
    pub(crate) base_time_ns: Option<i64>,
    /// GPUs of the node with their index.
    pub(crate) devices: Vec<(i64, DeviceInfo)>,
    pub(crate) rank: Option<u32>,
    pub(crate) world_size: Option<u32>,
    /// Written by Kineto, or by a tool that writes what Kineto does.
    pub(crate) is_kineto: bool,
    pub(crate) trace_name: Option<String>,
    /// The profiler that measured it, where the file is no trace events.
    pub(crate) profiler: Option<String>,
    /// Who says to have written it, where it was not Kineto.
    pub(crate) recorder: Option<String>,
    /// What of it is odd, a sentence each.
    pub(crate) notes: Vec<String>,
    /// Version facts worth showing: CUPTI, CUDA driver, NCCL.
    pub(crate) run: Vec<(String, String)>,
    /// What is not understood, as JSON by key, in order.
    pub(crate) beside: Vec<(String, String)>,
    /// Bytes of it.
    beside_bytes: usize,
    /// Our own description of the trace, when we wrote the file.
    pub(crate) own: Option<Box<Own>>,
}

/// `distributedInfo` as written.
type Distributed = serde_json::Map<String, serde_json::Value>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Device {
    id: i64,
    name: String,
    total_global_mem: u64,
    compute_major: u32,
    compute_minor: u32,
    num_sms: u32,
}

/// What writers say of themselves.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Recorder {
    version: Option<String>,
    #[serde(rename = "product-version")]
    product_version: Option<String>,
}

impl Header {
    /// Takes in one top-level pair; `false` when a key of interest has a value of no use.
    pub(crate) fn take(&mut self, key: &str, value: Value<'_>) -> bool {
        match key {
            "baseTimeNanoseconds" => {
                self.is_kineto = true;
                self.base_time_ns = base_time(&value);
                self.base_time_ns.is_some()
            }
            "deviceProperties" => {
                self.is_kineto = true;
                parsed::<Vec<Device>>(&value).is_some_and(|devices| {
                    self.devices.extend(devices.into_iter().map(|d| (d.id, device_info(d))));
                    true
                })
            }
            "distributedInfo" => parsed::<Distributed>(&value).is_some_and(|info| {
                self.keep(key, value.clone());
                self.distributed(info);
                true
            }),
            "weftscope" => parsed::<Own>(&value).is_some_and(|own| {
                self.own = Some(Box::new(own));
                true
            }),
            "traceName" => {
                self.trace_name = event::text(value).map(std::borrow::Cow::into_owned);
                true
            }
            "viztracer_metadata" => {
                let version = parsed::<Recorder>(&value).and_then(|told| told.version);
                self.recorder = Some(format!("VizTracer {}", version.unwrap_or_default()));
                self.keep(key, value)
            }
            // As the trace event format has it: what else a writer has to tell.
            "otherData" | "metadata" => {
                let told = parsed::<Recorder>(&value);
                let told = told.and_then(|told| told.product_version.or(told.version));
                self.recorder = self.recorder.take().or(told);
                self.keep(key, value)
            }
            "cupti_version" => self.version("CUPTI", key, value),
            "cuda_driver_version" => self.version("CUDA driver", key, value),
            "schemaVersion" => {
                self.is_kineto = true;
                true
            }
            // Ours, and for viewers only.
            "displayTimeUnit" => true,
            _ => self.keep(key, value),
        }
    }

    /// Keeps what is not understood; `false` when it is too long, or would not be JSON.
    fn keep(&mut self, key: &str, value: Value<'_>) -> bool {
        let text = match value {
            Value::Text(text) => serde_json::Value::from(text).to_string(),
            Value::Number(text) => text.to_owned(),
            Value::Word(text) => text.to_owned(),
            Value::Nested(raw) => event::compact(raw),
        };
        self.beside_bytes += key.len() + text.len();
        let is_kept = self.beside_bytes <= MAX_BESIDE_BYTES
            && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        if is_kept {
            self.beside.push((key.to_owned(), text));
        }
        is_kept
    }

    /// The rank and the job.
    fn distributed(&mut self, mut info: Distributed) {
        let mut number = |key: &str| match info.get(key) {
            None | Some(serde_json::Value::Null) => None,
            Some(value) => {
                let number = number_of(value);
                if number.is_none() {
                    self.notes.push(format!("distributedInfo names {key} {value}, which is none"));
                }
                number
            }
        };
        let (rank, world_size) = (number("rank"), number("world_size"));
        self.rank = rank;
        self.world_size = world_size;
        for (what, key) in [("backend", "backend"), ("NCCL", "nccl_version")] {
            if let Some(serde_json::Value::String(text)) = info.remove(key) {
                self.fact(what, Some(text));
            }
        }
    }

    fn version(&mut self, what: &str, key: &str, value: Value<'_>) -> bool {
        self.is_kineto = true;
        let text = event::text(value.clone()).map(std::borrow::Cow::into_owned);
        self.fact(what, text);
        self.keep(key, value)
    }

    fn fact(&mut self, what: &str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.run.push((what.to_owned(), value));
        }
    }
}

/// A rank or a count in any form that leaves no doubt: `3`, `3.0`, `"3"`.
fn number_of(value: &serde_json::Value) -> Option<u32> {
    let number = match value {
        serde_json::Value::Number(number) => number.as_f64()?,
        serde_json::Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    let is_whole = number.fract() == 0.0 && (0.0..f64::from(1_u32 << 31)).contains(&number);
    is_whole.then_some(number as u32)
}

fn base_time(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Number(text) => time::scaled(text, 0),
        Value::Text(text) => time::scaled(text, 0),
        Value::Word(_) | Value::Nested(_) => None,
    }
}

fn parsed<T: serde::de::DeserializeOwned>(value: &Value<'_>) -> Option<T> {
    match value {
        Value::Nested(raw) => serde_json::from_slice(raw).ok(),
        _ => None,
    }
}

fn device_info(device: Device) -> DeviceInfo {
    DeviceInfo {
        name: device.name,
        sms: device.num_sms,
        memory_bytes: device.total_global_mem,
        compute_capability: (device.compute_major, device.compute_minor),
    }
}
