//! Everything before the first event: Kineto's header, our description, names and sort orders of rows.

use std::io::Write;

use serde::Serialize;

use super::text::{Text, quoted};
use crate::Trace;
use crate::edit::ranks;
use crate::interchange::ExportError;
use crate::interchange::own::{self, OWN_VERSION, Process, RowId, Rows, processes};

/// Writes the head up to and with the opening bracket of the events, then the metadata events.
///
/// Line breaks and the blank after each colon are not decoration: Holistic Trace Analysis finds the rank by a
/// pattern that needs them, line by line.
pub(crate) fn head<W: Write>(
    text: &mut Text<'_, W>,
    trace: &Trace,
    rows: &Rows,
) -> Result<(), ExportError> {
    kineto(text, trace);
    description(text, trace, rows)?;
    text.raw("  \"traceEvents\": [");
    names(text, trace, rows)
}

fn kineto<W: Write>(text: &mut Text<'_, W>, trace: &Trace) {
    let meta = &trace.meta;
    let rank = ranks(trace).first().copied().unwrap_or(0);
    text.raw("{\n  \"schemaVersion\": 1,\n");
    text.raw(&format!(
        "  \"distributedInfo\": {{\n    \"backend\": \"nccl\",\n    \"rank\": {rank},\n    \"world_size\": {}",
        meta.world_size
    ));
    for (key, value) in told_of_job(trace) {
        text.raw(&format!(",\n    {}: {value}", quoted(&key)));
    }
    text.raw("\n  },\n");
    text.raw("  \"deviceProperties\": [\n");
    for (index, info) in meta.ranks.iter().enumerate() {
        let device = &info.device;
        let (major, minor) = device.compute_capability;
        text.raw(if index > 0 { ",\n" } else { "" });
        text.raw(&format!(
            "    {{\"id\": {}, \"name\": {}, \"totalGlobalMem\": {}, \"computeMajor\": {major}, \"computeMinor\": {minor}, \"numSms\": {}}}",
            info.rank,
            quoted(&device.name),
            device.memory_bytes,
            device.sms
        ));
    }
    text.raw("\n  ],\n  \"displayTimeUnit\": \"ns\",\n");
    text.raw(&format!(
        "  \"baseTimeNanoseconds\": {},\n",
        meta.base_time_unix_ns.saturating_add(text.origin_ns)
    ));
    text.raw(&format!("  \"traceName\": {},\n", quoted(&meta.title)));
    for (key, json) in meta.beside.iter().filter(|(key, _)| key != JOB_KEY) {
        text.raw(&format!("  {}: {json},\n", quoted(key)));
    }
}

/// The key of what a file says of the job that its rank belongs to.
const JOB_KEY: &str = "distributedInfo";

/// What the file that a trace came from said of its job beside what every export says, e.g. `pg_config`.
fn told_of_job(trace: &Trace) -> serde_json::Map<String, serde_json::Value> {
    let told = trace.meta.beside.iter().find(|(key, _)| key == JOB_KEY);
    let told = told.and_then(|(_, json)| serde_json::from_str(json).ok());
    let mut told: serde_json::Map<_, _> = told.unwrap_or_default();
    told.retain(|key, _| !matches!(key.as_str(), "backend" | "rank" | "world_size"));
    told
}

/// The `weftscope` object; compact, so that no pattern of other tools finds ranks in it.
fn description<W: Write>(
    text: &mut Text<'_, W>,
    trace: &Trace,
    rows: &Rows,
) -> Result<(), ExportError> {
    let mut diagnostics = trace.diagnostics.clone();
    let labels = own::labels(trace, &mut diagnostics);
    let lost: usize =
        trace.counters.iter().map(|c| c.value.iter().filter(|v| !v.is_finite()).count()).sum();
    diagnostics.count("counter samples that are no finite number, not exported", lost as u64);
    text.raw("  \"weftscope\": {\n    \"version\": ");
    text.int(i64::from(OWN_VERSION));
    text.raw(",\n    \"origin_ns\": ");
    text.int(text.origin_ns);
    text.raw(",\n    \"generator\": ");
    text.raw(&quoted(concat!("weftscope ", env!("CARGO_PKG_VERSION"))));
    text.raw(",\n    \"provenance\": ");
    text.raw(&quoted(trace.meta.provenance.name()));
    text.raw(",\n    \"meta\": ");
    json(text, &trace.meta)?;
    text.raw(",\n    \"diagnostics\": ");
    json(text, &diagnostics)?;
    text.raw(",\n    \"counters\": ");
    json(text, &own::counters(trace))?;
    text.raw(",\n    \"tracks\": [");
    lines(text, own::tracks(trace, rows))?;
    text.raw("],\n    \"labels\": [");
    lines(text, labels.into_iter())?;
    text.raw("]\n  },\n");
    Ok(())
}

fn lines<W: Write, T: Serialize>(
    text: &mut Text<'_, W>,
    items: impl Iterator<Item = T>,
) -> Result<(), ExportError> {
    for (index, item) in items.enumerate() {
        text.raw(if index > 0 { ",\n" } else { "\n" });
        json(text, &item)?;
        text.end_event()?;
    }
    Ok(())
}

fn json<W: Write, T: Serialize>(text: &mut Text<'_, W>, value: &T) -> Result<(), ExportError> {
    serde_json::to_writer(&mut text.buffer, value)
        .map_err(|error| ExportError::Io { at_byte: 0, source: error.into() })
}

/// Names and sort orders: ranks with their SMs first, then host processes.
fn names<W: Write>(text: &mut Text<'_, W>, trace: &Trace, rows: &Rows) -> Result<(), ExportError> {
    for Process { pid, name, labels, order } in processes(trace, rows) {
        let row = RowId { pid, tid: 0 };
        metadata(text, ["process_name", "name"], row, &quoted(&name))?;
        for label in labels {
            metadata(text, ["process_labels", "labels"], row, &quoted(&label))?;
        }
        metadata(text, ["process_sort_index", "sort_index"], row, &order.to_string())?;
    }
    for (order, (row, name)) in rows.threads.iter().enumerate() {
        metadata(text, ["thread_name", "name"], *row, &quoted(name))?;
        metadata(text, ["thread_sort_index", "sort_index"], *row, &order.to_string())?;
    }
    Ok(())
}

fn metadata<W: Write>(
    text: &mut Text<'_, W>,
    [what, key]: [&str; 2],
    RowId { pid, tid }: RowId,
    value: &str,
) -> Result<(), ExportError> {
    if value == "\"\"" {
        // Perfetto counts an empty name as an error.
        return Ok(());
    }
    text.begin_event();
    text.raw(&format!(
        "{{\"ph\": \"M\", \"name\": \"{what}\", \"pid\": {pid}, \"tid\": {tid}, \"ts\": 0, \"args\": {{\"{key}\": {value}}}}}"
    ));
    text.end_event()
}
