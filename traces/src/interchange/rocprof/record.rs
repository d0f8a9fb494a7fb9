//! One record, whatever it is of: fields that it lacks stay empty.

use super::fields::{elements, handle, int, pairs, real};
use crate::interchange::json::{Fault, Value};
use crate::interchange::recording::rocm::Launch;

/// A record of any list.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    /// What service it is of, and what happened there, as the document's strings number them.
    pub(super) kind: Option<i64>,
    pub(super) operation: Option<i64>,
    pub(super) thread: Option<i64>,
    pub(super) correlation: Option<i64>,
    /// What the program said it belongs to.
    pub(super) external: Option<i64>,
    pub(super) start_ns: Option<i64>,
    pub(super) end_ns: Option<i64>,
    pub(super) agent: Option<i64>,
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
    pub(super) queue: Option<i64>,
    pub(super) stream: Option<i64>,
    pub(super) kernel: Option<i64>,
    pub(super) dispatch: Option<i64>,
    pub(super) launch: Launch,
    pub(super) bytes: Option<i64>,
    /// Counter and value.
    pub(super) counts: Vec<(i64, f64)>,
}

impl Record {
    /// Of an object as written.
    pub(super) fn read(raw: &[u8]) -> Result<Self, Fault> {
        let mut record = Self::default();
        record.fields(raw)?;
        Ok(record)
    }

    fn fields(&mut self, raw: &[u8]) -> Result<(), Fault> {
        let mut inner = Ok(());
        pairs(raw, |key, value| {
            if let Err(fault) = self.field(key, &value) {
                inner = Err(fault);
            }
        })?;
        inner
    }

    fn field(&mut self, key: &str, value: &Value<'_>) -> Result<(), Fault> {
        match key {
            "kind" => self.kind = int(value),
            "operation" => self.operation = int(value),
            "thread_id" => self.thread = int(value),
            "start_timestamp" => self.start_ns = int(value),
            "end_timestamp" => self.end_ns = int(value),
            "agent_id" => self.agent = handle(value),
            "src_agent_id" => self.from = handle(value),
            "dst_agent_id" => self.to = handle(value),
            "queue_id" => self.queue = handle(value),
            "stream_id" => self.stream = handle(value),
            "kernel_id" => self.kernel = int(value),
            "dispatch_id" => self.dispatch = int(value),
            "bytes" | "allocation_size" => self.bytes = int(value),
            "private_segment_size" => self.launch.private_bytes = int(value).unwrap_or(0),
            "group_segment_size" => self.launch.group_bytes = int(value).unwrap_or(0),
            "arch_vgpr_count" => self.launch.vector_registers = int(value).unwrap_or(0),
            _ => return self.nested(key, value),
        }
        Ok(())
    }

    fn nested(&mut self, key: &str, value: &Value<'_>) -> Result<(), Fault> {
        let Value::Nested(raw) = value else { return Ok(()) };
        match key {
            "dispatch_info" | "dispatch_data" => self.fields(raw)?,
            "correlation_id" => pairs(raw, |key, value| match key {
                "internal" => self.correlation = int(&value).filter(|&id| id != 0),
                "external" => self.external = external(&value),
                _ => {}
            })?,
            "grid_size" => self.launch.grid = triple(raw)?,
            "workgroup_size" => self.launch.workgroup = triple(raw)?,
            "records" => elements(raw, |value| self.counts.extend(count(&value)))?,
            _ => {}
        }
        Ok(())
    }
}

/// A number, or one in `{"value": …}`.
fn external(value: &Value<'_>) -> Option<i64> {
    let Value::Nested(raw) = value else { return int(value) };
    let mut found = None;
    pairs(raw, |key, value| {
        if key == "value" {
            found = int(&value);
        }
    })
    .ok()?;
    found
}

fn triple(raw: &[u8]) -> Result<[i64; 3], Fault> {
    let mut sizes = [0; 3];
    pairs(raw, |key, value| {
        let at = ["x", "y", "z"].iter().position(|axis| *axis == key);
        if let (Some(at), Some(size)) = (at, int(&value)) {
            sizes[at] = size;
        }
    })?;
    Ok(sizes)
}

fn count(value: &Value<'_>) -> Option<(i64, f64)> {
    let Value::Nested(raw) = value else { return None };
    let (mut counter, mut number) = (None, None);
    pairs(raw, |key, value| match key {
        "counter_id" => counter = handle(&value),
        "value" | "counter_value" => number = real(&value),
        _ => {}
    })
    .ok()?;
    counter.zip(number)
}
