//! Packets on their way out, handed on in large pieces.

use std::io::Write;

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};

use crate::interchange::ExportError;
use crate::interchange::perfetto::messages::TracePacket;
use crate::stream::Progress;

/// Bytes kept before they are handed on.
const BUFFER_BYTES: usize = 1 << 18;
/// `Trace.packet`.
const PACKET: u32 = 1;
/// All packets are of one sequence: what it interns is said once.
const SEQUENCE: u32 = 1;

pub(super) struct Stream<'p, W> {
    out: W,
    buffer: Vec<u8>,
    at_byte: u64,
    slices: u64,
    progress: Progress<'p>,
}

impl<'p, W: Write> Stream<'p, W> {
    pub(super) fn new(out: W, progress: Progress<'p>) -> Self {
        Self { out, buffer: Vec::new(), at_byte: 0, slices: 0, progress }
    }

    /// Writes one packet.
    pub(super) fn packet(&mut self, packet: TracePacket) -> Result<(), ExportError> {
        let packet = TracePacket { trusted_packet_sequence_id: Some(SEQUENCE), ..packet };
        encode_key(PACKET, WireType::LengthDelimited, &mut self.buffer);
        encode_varint(packet.encoded_len() as u64, &mut self.buffer);
        packet.encode_raw(&mut self.buffer);
        if self.buffer.len() >= BUFFER_BYTES { self.hand_over() } else { Ok(()) }
    }

    /// Counts one slice for whatever shows progress.
    pub(super) fn slice_done(&mut self) -> Result<(), ExportError> {
        self.slices += 1;
        if self.slices.is_multiple_of(1 << 16) && (self.progress)(self.slices).is_break() {
            return Err(ExportError::Cancelled);
        }
        Ok(())
    }

    /// Hands on what is left.
    pub(super) fn finish(mut self) -> Result<(), ExportError> {
        self.hand_over()?;
        self.out.flush().map_err(|source| ExportError::Io { at_byte: self.at_byte, source })
    }

    fn hand_over(&mut self) -> Result<(), ExportError> {
        let written = self.out.write_all(&self.buffer);
        written.map_err(|source| ExportError::Io { at_byte: self.at_byte, source })?;
        self.at_byte += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
