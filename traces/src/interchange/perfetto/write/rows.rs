//! Tracks of processes, threads and counters, by numbers that two files of one job do not share.

use hashbrown::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;

use super::stream::Stream;
use crate::Trace;
use crate::interchange::ExportError;
use crate::interchange::own::{OTHER_PID, Process, RowId, Rows, processes};
use crate::interchange::perfetto::messages::{
    CounterDescriptor, Ours, ProcessDescriptor, ThreadDescriptor, TracePacket, TrackDescriptor,
};

/// The number of a row's track; that of a process is its row 0, which no thread has.
pub(super) fn uuid(row: RowId) -> u64 {
    (u64::from(row.pid) << 32 | u64::from(row.tid)).wrapping_add(1)
}

fn process_uuid(pid: u32) -> u64 {
    uuid(RowId { pid, tid: 0 })
}

/// Describes all processes and threads.
pub(super) fn describe<W: Write>(
    stream: &mut Stream<'_, W>,
    trace: &Trace,
    rows: &Rows,
) -> Result<(), ExportError> {
    for Process { pid, name, labels, order } in processes(trace, rows) {
        let process = ProcessDescriptor {
            pid: Some(pid as i32),
            process_name: Some(name),
            legacy_sort_index: i32::try_from(order).ok(),
            process_labels: labels,
        };
        described(
            stream,
            TrackDescriptor {
                uuid: Some(process_uuid(pid)),
                process: Some(process),
                ..TrackDescriptor::default()
            },
            None,
        )?;
    }
    for (order, (row, name)) in rows.threads.iter().enumerate() {
        let thread = ThreadDescriptor {
            pid: Some(row.pid as i32),
            tid: Some(row.tid as i32),
            thread_name: Some(name.clone()).filter(|name| !name.is_empty()),
            legacy_sort_index: i32::try_from(order).ok(),
            reference_timestamp_us: None,
        };
        described(
            stream,
            TrackDescriptor {
                uuid: Some(uuid(*row)),
                parent_uuid: Some(process_uuid(row.pid)),
                thread: Some(thread),
                ..TrackDescriptor::default()
            },
            None,
        )?;
    }
    Ok(())
}

/// Describes all counters; gives the number of each one's track.
pub(super) fn describe_counters<W: Write>(
    stream: &mut Stream<'_, W>,
    trace: &Trace,
) -> Result<Vec<u64>, ExportError> {
    let mut uuids = Vec::with_capacity(trace.counters.len());
    let mut alike: HashMap<u64, u32> = HashMap::new();
    for (index, counter) in trace.counters.iter().enumerate() {
        let mut hasher = DefaultHasher::new();
        (counter.rank, &counter.name, &counter.unit).hash(&mut hasher);
        let of_name = hasher.finish();
        let nth = alike.entry(of_name).or_default();
        let uuid = of_name.wrapping_add(u64::from(*nth)) | 1 << 63;
        *nth += 1;
        let unit_name = Some(counter.unit.clone()).filter(|unit| !unit.is_empty());
        let descriptor = TrackDescriptor {
            uuid: Some(uuid),
            parent_uuid: Some(process_uuid(counter.rank.unwrap_or(OTHER_PID))),
            name: Some(counter.name.clone()),
            counter: Some(CounterDescriptor { unit_name, ..CounterDescriptor::default() }),
            ..TrackDescriptor::default()
        };
        described(stream, descriptor, Some(index as u32))?;
        uuids.push(uuid);
    }
    Ok(uuids)
}

fn described<W: Write>(
    stream: &mut Stream<'_, W>,
    descriptor: TrackDescriptor,
    counter: Option<u32>,
) -> Result<(), ExportError> {
    stream.packet(TracePacket {
        track_descriptor: Some(descriptor),
        ours: counter.map(|counter| Ours { counter: Some(counter), ..Ours::default() }),
        ..TracePacket::default()
    })
}
