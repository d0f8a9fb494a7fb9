//! The frame of a trace: packets one after another, each with its length before it.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read};

use flate2::read::ZlibDecoder;
use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::PerfettoError;
use crate::interchange::perfetto::messages::TracePacket;
use crate::interchange::tally::Tally;
use crate::interchange::varint::varint;

/// `Trace.packet`, length-delimited: the byte before every packet.
const PACKET: u8 = 0x0a;
/// A packet longer than this is taken for damage; recorders cut their packets at a few hundred kB.
const MAX_PACKET_BYTES: u64 = 1 << 26;
/// Most bytes that compressed packets may unpack to at once.
const MAX_UNPACKED_BYTES: u64 = 1 << 28;

/// Most bytes of a length.
const MAX_VARINT_BYTES: usize = 10;

/// Whether a file begins with packets: whole ones as far as the head goes, and none of them text.
pub(super) fn are_packets(head: &[u8]) -> bool {
    let mut rest = head;
    let mut whole = 0;
    while let [PACKET, body @ ..] = rest {
        let mut body = body;
        let Ok(len) = decode_varint(&mut body) else {
            // Cut by the end of the head.
            return whole > 0 && rest.len() <= MAX_VARINT_BYTES;
        };
        if len == 0 || len > MAX_PACKET_BYTES {
            return false;
        }
        match body.split_at_checked(len as usize) {
            Some((packet, after)) if is_message(packet) => {
                whole += 1;
                rest = after;
            }
            Some(_) => return false,
            // Cut by the end of the head: its first field has to be one of a packet.
            None => {
                return whole > 0
                    || decode_key(&mut body)
                        .is_ok_and(|(field, wire)| is_first_field(field, wire));
            }
        }
    }
    whole > 0 && rest.is_empty()
}

/// Fields that packets begin with: time, sequence, snapshots, descriptors, events and the service's own.
fn is_first_field(field: u32, wire: WireType) -> bool {
    match wire {
        WireType::Varint => matches!(field, 3 | 8 | 10 | 13 | 41 | 42 | 58 | 79 | 87 | 88),
        WireType::LengthDelimited => {
            matches!(field, 2 | 6 | 11 | 12 | 33 | 35 | 36 | 43..=45 | 50 | 52 | 53 | 59 | 60 | 89)
        }
        _ => false,
    }
}

/// Whether bytes are fields of a message to their end.
fn is_message(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let Ok((field, wire)) = decode_key(&mut bytes) else { return false };
        let is_plain = !matches!(wire, WireType::StartGroup | WireType::EndGroup);
        let skipped = skip_field(wire, field, &mut bytes, DecodeContext::default());
        if !is_plain || skipped.is_err() {
            return false;
        }
    }
    true
}

/// Packets in the order of the file, those in compressed ones where these stand.
pub(super) struct Packets<R> {
    input: BufReader<R>,
    at_byte: u64,
    unpacked: VecDeque<TracePacket>,
    buffer: Vec<u8>,
    is_over: bool,
}

impl<R: Read> Packets<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input: BufReader::with_capacity(1 << 16, input),
            at_byte: 0,
            unpacked: VecDeque::new(),
            buffer: Vec::new(),
            is_over: false,
        }
    }

    /// Bytes read.
    pub(super) fn at_byte(&self) -> u64 {
        self.at_byte
    }

    /// The next packet; a damaged one is counted and passed over, a cut one ends the trace with a note.
    pub(super) fn next(&mut self, tally: &mut Tally) -> Result<Option<TracePacket>, PerfettoError> {
        loop {
            if let Some(packet) = self.unpacked.pop_front() {
                return Ok(Some(packet));
            }
            let at_byte = self.at_byte;
            if self.is_over || !self.frame(tally)? {
                return Ok(None);
            }
            match TracePacket::decode(&self.buffer[..]) {
                Ok(TracePacket { compressed_packets: Some(deflated), .. }) => {
                    self.unpack(&deflated, at_byte, tally);
                }
                Ok(packet) => return Ok(Some(packet)),
                Err(_) => tally.lost("packets that are damaged", at_byte),
            }
        }
    }

    /// Reads the bytes of the next packet; false at the end.
    fn frame(&mut self, tally: &mut Tally) -> Result<bool, PerfettoError> {
        let at_byte = self.at_byte;
        let Some(key) = self.varint()? else { return Ok(false) };
        let (field, wire) = (key >> 3, key & 7);
        let len = match (wire, self.varint()?) {
            (_, None) => return Ok(self.cut(at_byte, tally)),
            (2, Some(len)) => len,
            (0, Some(_)) if field > 0 => {
                self.buffer.clear();
                return Ok(true);
            }
            _ if at_byte == 0 => return Err(PerfettoError::NotAPacket { at_byte }),
            _ => {
                tally
                    .diagnostics
                    .note(format!("damaged at byte {at_byte}: what is behind is lost"));
                tally.diagnostics.count("damaged frames", 1);
                self.is_over = true;
                return Ok(false);
            }
        };
        if len > MAX_PACKET_BYTES {
            tally.lost("packets of more than 64 MiB, taken for damage", at_byte);
            self.is_over = true;
            return Ok(false);
        }
        self.buffer.clear();
        let got = (&mut self.input).take(len).read_to_end(&mut self.buffer)? as u64;
        self.at_byte += got;
        if got < len {
            return Ok(self.cut(at_byte, tally));
        }
        if field != 1 {
            self.buffer.clear();
        }
        Ok(true)
    }

    fn cut(&mut self, at_byte: u64, tally: &mut Tally) -> bool {
        tally.diagnostics.note(format!("the file is cut off inside the packet at byte {at_byte}"));
        tally.diagnostics.count("packets cut off", 1);
        self.is_over = true;
        false
    }

    fn varint(&mut self) -> io::Result<Option<u64>> {
        varint(&mut self.input, &mut self.at_byte)
    }

    fn unpack(&mut self, deflated: &[u8], at_byte: u64, tally: &mut Tally) {
        let mut bytes = Vec::new();
        let unpacked = ZlibDecoder::new(deflated).take(MAX_UNPACKED_BYTES).read_to_end(&mut bytes);
        if unpacked.is_err() {
            tally.lost("compressed packets that are damaged", at_byte);
        }
        let mut inner = Packets::new(&bytes[..]);
        // A compressed packet inside a compressed one is written by nobody.
        while matches!(inner.frame(tally), Ok(true)) {
            match TracePacket::decode(&inner.buffer[..]) {
                Ok(packet) if packet.compressed_packets.is_none() => {
                    self.unpacked.push_back(packet);
                }
                _ => tally.lost("packets that are damaged", at_byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_told_from_text() {
        let packet = TracePacket { timestamp: Some(5), ..TracePacket::default() }.encode_to_vec();
        let mut trace = vec![PACKET, packet.len() as u8];
        trace.extend(&packet);
        assert!(are_packets(&trace));
        assert!(are_packets(&trace[..trace.len() - 1]), "cut");
        let first = trace.len();
        trace.extend([PACKET, 0x80, 0x02, 0x40]);
        (first..=trace.len()).for_each(|end| assert!(are_packets(&trace[..end]), "cut at {end}"));
        for text in ["\n{\n  \"traceEvents\": []}", "\n[1, 2, 3]", "", "\n", "\n\n\n\n"] {
            assert!(!are_packets(text.as_bytes()), "{text:?}");
        }
    }
}
