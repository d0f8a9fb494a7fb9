//! Perfetto's own traces (`.pftrace`, `.perfetto-trace`): track events, counters, flows and GPU render stages.
//!
//! Packets are read one by one into the records that foreign files are collected in; ranks, rows and lanes are then built
//! as for any of them. What other data sources wrote (scheduling, heap profiles, Android's) is counted. Field numbers are
//! facts of Perfetto's published protos.

mod annotations;
mod clocks;
mod counters;
mod error;
mod flows;
mod interned;
mod messages;
mod packets;
mod sheet;
mod stages;
#[cfg(test)]
mod tests;
mod tracks;

use std::io::Read;

pub use error::PerfettoError;

use crate::format::Format;
use crate::interchange::foreign::build;
use crate::stream::Progress;
use crate::{OpenOptions, Trace};
use packets::Packets;
use sheet::Sheet;

pub(crate) const FORMAT: Format = Format {
    name: "Perfetto traces",
    endings: &["pftrace", "perfetto-trace"],
    probe: packets::are_packets,
    read: |input, options, progress| Ok(read(input, options, progress)?),
};

/// Reads a trace, packet by packet; one that is cut off gives what stands before the cut.
fn read(
    input: &mut dyn Read,
    options: &OpenOptions,
    progress: Progress<'_>,
) -> Result<Trace, PerfettoError> {
    let mut packets = Packets::new(input);
    let mut sheet = Sheet::default();
    while let Some(packet) = packets.next(&mut sheet.tally)? {
        if progress(packets.at_byte()).is_break() {
            return Err(PerfettoError::Cancelled);
        }
        sheet.packet(packet, packets.at_byte());
    }
    let (collect, header, mut tally) = sheet.finish();
    build(collect, &header, options, &mut tally)
        .ok_or_else(|| PerfettoError::NoEvents(tally.summary()))
}
