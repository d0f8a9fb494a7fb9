//! What stands beside `traceEvents`.

use serde::Deserialize;

use crate::DeviceInfo;
use crate::interchange::chrome::{event, time};
use crate::interchange::foreign::Header;
use crate::interchange::json::{Value, compact};
use crate::interchange::own::Own;

/// Most bytes kept of what is not understood.
const MAX_BESIDE_BYTES: usize = 1 << 18;

/// Top-level pairs of a file.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    pub(crate) header: Header,
    /// Bytes of what is kept though not understood.
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

impl Beside {
    /// Takes in one top-level pair; `false` when a key of interest has a value of no use.
    pub(crate) fn take(&mut self, key: &str, value: Value<'_>) -> bool {
        match key {
            "baseTimeNanoseconds" => {
                self.header.is_kineto = true;
                self.header.base_time_ns = base_time(&value);
                self.header.base_time_ns.is_some()
            }
            "deviceProperties" => {
                self.header.is_kineto = true;
                parsed::<Vec<Device>>(&value).is_some_and(|devices| {
                    self.header.devices.extend(devices.into_iter().map(|d| (d.id, device_info(d))));
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
                self.header.trace_name = event::text(value).map(std::borrow::Cow::into_owned);
                true
            }
            "viztracer_metadata" => {
                let version = parsed::<Recorder>(&value).and_then(|told| told.version);
                self.header.recorder = Some(format!("VizTracer {}", version.unwrap_or_default()));
                self.keep(key, value)
            }
            // As the trace event format has it: what else a writer has to tell.
            "otherData" | "metadata" => {
                let told = parsed::<Recorder>(&value);
                let told = told.and_then(|told| told.product_version.or(told.version));
                self.header.recorder = self.header.recorder.take().or(told);
                self.keep(key, value)
            }
            "cupti_version" => self.version("CUPTI", key, value),
            "cuda_driver_version" => self.version("CUDA driver", key, value),
            "schemaVersion" => {
                self.header.is_kineto = true;
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
            Value::Nested(raw) => compact(raw),
        };
        self.beside_bytes += key.len() + text.len();
        let is_kept = self.beside_bytes <= MAX_BESIDE_BYTES
            && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        if is_kept {
            self.header.beside.push((key.to_owned(), text));
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
                    self.header
                        .notes
                        .push(format!("distributedInfo names {key} {value}, which is none"));
                }
                number
            }
        };
        let (rank, world_size) = (number("rank"), number("world_size"));
        self.header.rank = rank;
        self.header.world_size = world_size;
        for (what, key) in [("backend", "backend"), ("NCCL", "nccl_version")] {
            if let Some(serde_json::Value::String(text)) = info.remove(key) {
                self.header.fact(what, Some(text));
            }
        }
    }

    fn version(&mut self, what: &str, key: &str, value: Value<'_>) -> bool {
        self.header.is_kineto = true;
        let text = event::text(value.clone()).map(std::borrow::Cow::into_owned);
        self.header.fact(what, text);
        self.keep(key, value)
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
