//! A trace as Perfetto's packets: clocks, the description, tracks, then the events, row by row.

mod arrows;
mod rows;
mod slices;
mod stream;
mod told;

use std::io::{self, Write};

use self::slices::Slices;
use self::stream::Stream;
use super::messages::{
    BOOTTIME, CLEARED, COUNTER, Clock, ClockSnapshot, Ours, REALTIME, TracePacket, TrackEvent,
};
use crate::Trace;
use crate::interchange::ExportError;
use crate::interchange::own::{Own, Rows};
use crate::stream::Progress;

/// Most bytes of the description in one packet.
const DESCRIPTION_BYTES: usize = 1 << 16;

/// Writes a whole trace as a Perfetto trace, packet by packet; `progress` counts slices.
///
/// Times are whole nanoseconds: Unix times where the trace knows its base time, so that files of several ranks stand on one
/// clock. Ranks, their SMs and host processes are processes with threads, as in Chrome JSON; processes of modelled ranks
/// are labelled so. What this format has no words for stands in fields that other readers pass over, so that
/// [`open`](crate::open()) gives the same trace back.
///
/// # Errors
/// [`ExportError`]; what was written until then is not a whole file.
pub fn write(trace: &Trace, out: impl Write, progress: Progress<'_>) -> Result<(), ExportError> {
    let rows = Rows::new(trace);
    let file_ns = file_ns(trace);
    let mut stream = Stream::new(out, progress);
    clocks(&mut stream, trace, file_ns)?;
    description(&mut stream, &Own::of(trace, &rows, -file_ns))?;
    rows::describe(&mut stream, trace, &rows)?;
    let counters = rows::describe_counters(&mut stream, trace)?;
    Slices::new(&mut stream, trace, &rows, file_ns).write()?;
    for (counter, uuid) in trace.counters.iter().zip(counters) {
        for (&at_ns, &value) in counter.at_ns.iter().zip(&counter.value) {
            let event = TrackEvent {
                r#type: Some(COUNTER),
                track_uuid: Some(uuid),
                double_counter_value: Some(value),
                ..TrackEvent::default()
            };
            stream.packet(TracePacket {
                timestamp: Some((at_ns + file_ns) as u64),
                track_event: Some(event),
                ..TracePacket::default()
            })?;
        }
    }
    stream.finish()
}

/// What the file's times are later than the trace's: the base time, or as much as keeps them from being negative.
fn file_ns(trace: &Trace) -> i64 {
    let slices = trace.lanes.iter().filter_map(|lane| lane.slices.start_ns.first());
    let samples = trace.counters.iter().filter_map(|counter| counter.at_ns.first());
    let first_ns = slices.chain(samples).copied().min().unwrap_or(0);
    let base_ns = trace.meta.base_time_unix_ns;
    let last_ns = base_ns.checked_add(crate::model::MAX_TIME_NS);
    match first_ns.checked_add(base_ns) {
        Some(first_ns) if base_ns > 0 && first_ns >= 0 && last_ns.is_some() => base_ns,
        _ => first_ns.min(0).saturating_neg(),
    }
}

/// The first packet: what the clocks read at the trace's time 0.
fn clocks<W: Write>(
    stream: &mut Stream<'_, W>,
    trace: &Trace,
    file_ns: i64,
) -> Result<(), ExportError> {
    let base_ns = trace.meta.base_time_unix_ns;
    let clock = |id: u32, at_ns: i64| {
        let timestamp = u64::try_from(at_ns).ok();
        Clock { clock_id: Some(id), timestamp, ..Clock::default() }
    };
    let snapshot = (base_ns > 0).then(|| ClockSnapshot {
        clocks: vec![clock(BOOTTIME, file_ns), clock(REALTIME, base_ns)],
        primary_trace_clock: None,
    });
    stream.packet(TracePacket {
        sequence_flags: Some(CLEARED),
        clock_snapshot: snapshot,
        ..TracePacket::default()
    })
}

/// The description as JSON, in pieces.
fn description<W: Write>(stream: &mut Stream<'_, W>, own: &Own) -> Result<(), ExportError> {
    let mut pieces = Pieces { stream, piece: Vec::new(), failed: None };
    let written = serde_json::to_writer(&mut pieces, own);
    if let Some(error) = pieces.failed.take() {
        return Err(error);
    }
    written.map_err(|error| ExportError::Io { at_byte: 0, source: error.into() })?;
    let last = std::mem::take(&mut pieces.piece);
    piece(stream, last, true)
}

/// Text that goes out in packets.
struct Pieces<'s, 'p, W> {
    stream: &'s mut Stream<'p, W>,
    piece: Vec<u8>,
    /// Why a packet could not be written.
    failed: Option<ExportError>,
}

impl<W: Write> Write for Pieces<'_, '_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= DESCRIPTION_BYTES {
            let full = std::mem::take(&mut self.piece);
            if let Err(error) = piece(self.stream, full, false) {
                self.failed = Some(error);
                return Err(io::ErrorKind::Other.into());
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn piece<W: Write>(
    stream: &mut Stream<'_, W>,
    text: Vec<u8>,
    is_last: bool,
) -> Result<(), ExportError> {
    let ours =
        Ours { description: Some(text), is_last: is_last.then_some(true), ..Ours::default() };
    stream.packet(TracePacket { ours: Some(ours), ..TracePacket::default() })
}
