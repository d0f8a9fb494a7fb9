//! Packets in: those of a file of ours straight into its lanes, any other's into the records of foreign files.

mod annotations;
mod clocks;
mod counters;
mod error;
mod flows;
mod interned;
mod own;
mod packets;
mod sheet;
mod stages;
#[cfg(test)]
mod tests;
mod tracks;

use std::io::Read;

pub use error::PerfettoError;

use self::own::Description;
use self::packets::Packets;
use self::sheet::Sheet;
use crate::format::Format;
use crate::interchange::foreign::build;
use crate::stream::Progress;
use crate::{OpenOptions, Trace};

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
    let mut description = Description::default();
    while let Some(mut packet) = packets.next(&mut sheet.tally)? {
        let at_byte = packets.at_byte();
        if progress(at_byte).is_break() {
            return Err(PerfettoError::Cancelled);
        }
        if description.takes(&mut packet, &mut sheet.tally) {
            continue;
        }
        match &mut description.own {
            Some(own) => own.packet(packet, at_byte, &mut sheet.tally),
            None => sheet.packet(packet, at_byte),
        }
    }
    if description.is_used() {
        let mut tally = sheet.tally;
        let trace = description.finish(&mut tally);
        return trace.ok_or_else(|| PerfettoError::NoEvents(tally.summary()));
    }
    let (collect, header, mut tally) = sheet.finish();
    build(collect, &header, options, &mut tally)
        .ok_or_else(|| PerfettoError::NoEvents(tally.summary()))
}
