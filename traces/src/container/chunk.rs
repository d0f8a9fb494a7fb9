//! Framing: chunk heads, checksums, compression.

use std::io::{self, Read, Write};

use super::lz4::lz4_prefix;
use crate::source::Source;

/// Chunk kinds.
pub(super) mod kind {
    pub(in super::super) const TOTALS: u32 = 1;
    pub(in super::super) const META: u32 = 2;
    pub(in super::super) const TRACKS: u32 = 3;
    pub(in super::super) const LABELS: u32 = 4;
    pub(in super::super) const STRINGS: u32 = 5;
    pub(in super::super) const ARGS: u32 = 6;
    pub(in super::super) const COUNTER: u32 = 7;
    pub(in super::super) const SLICES: u32 = 8;
    pub(in super::super) const FLOWS: u32 = 9;
    pub(in super::super) const END: u32 = 10;
}

const FLAG_LZ4: u32 = 1;
const HEAD_BYTES: usize = 32;
/// LZ4 cannot expand a block by more than this factor.
const LZ4_MAX_RATIO: u64 = 255;

/// Writes one chunk; small payloads and such as do not shrink stay as they are.
pub(super) fn write_chunk(out: &mut impl Write, kind: u32, payload: &[u8]) -> io::Result<u64> {
    let packed = (payload.len() > 64).then(|| lz4_flex::block::compress(payload));
    let (flags, stored) = match &packed {
        Some(packed) if packed.len() < payload.len() => (FLAG_LZ4, packed.as_slice()),
        _ => (0, payload),
    };
    let mut head = [0; HEAD_BYTES];
    head[0..4].copy_from_slice(&kind.to_le_bytes());
    head[4..8].copy_from_slice(&flags.to_le_bytes());
    head[8..16].copy_from_slice(&(stored.len() as u64).to_le_bytes());
    head[16..24].copy_from_slice(&(payload.len() as u64).to_le_bytes());
    head[24..28].copy_from_slice(&crc32fast::hash(stored).to_le_bytes());
    let head_crc = crc32fast::hash(&head[..28]);
    head[28..32].copy_from_slice(&head_crc.to_le_bytes());
    out.write_all(&head)?;
    out.write_all(stored)?;
    Ok((HEAD_BYTES + stored.len()) as u64)
}

/// What was found at a chunk's place.
#[derive(Debug)]
pub(super) enum Found {
    /// A whole chunk.
    Chunk { kind: u32, payload: Vec<u8> },
    /// A chunk whose payload fails its checksum or does not unpack; it was skipped.
    Damaged { kind: u32 },
    /// A head that fails its own checksum, and where the next good one stands, if any does.
    Lost { next_at: Option<u64> },
    /// The file ends inside a chunk.
    CutOff,
    /// The file ends between chunks.
    End,
}

/// What stands before a payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) kind: u32,
    flags: u32,
    /// Bytes of the payload in the file.
    pub(super) stored: u64,
    /// Bytes of it unpacked.
    raw: u64,
    crc: u32,
}

impl Head {
    pub(super) const BYTES: usize = HEAD_BYTES;

    /// `None` when it fails its checksum.
    pub(super) fn of(head: &[u8; HEAD_BYTES]) -> Option<Self> {
        let u64_at =
            |at: usize| u64::from(u32_at(head, at)) | u64::from(u32_at(head, at + 4)) << 32;
        is_head(head).then(|| Self {
            kind: u32_at(head, 0),
            flags: u32_at(head, 4),
            stored: u64_at(8),
            raw: u64_at(16),
            crc: u32_at(head, 24),
        })
    }

    /// What was found, once the payload is read as far as the file goes.
    pub(super) fn found(self, mut payload: Vec<u8>) -> Found {
        let Self { kind, flags, stored, raw, crc } = self;
        if (payload.len() as u64) < stored {
            return Found::CutOff;
        }
        if crc32fast::hash(&payload) != crc || flags & !FLAG_LZ4 != 0 {
            return Found::Damaged { kind };
        }
        if flags & FLAG_LZ4 != 0 {
            if raw > stored.saturating_mul(LZ4_MAX_RATIO) {
                return Found::Damaged { kind };
            }
            match lz4_flex::block::decompress(&payload, raw as usize) {
                Ok(unpacked) if unpacked.len() as u64 == raw => payload = unpacked,
                _ => return Found::Damaged { kind },
            }
        }
        Found::Chunk { kind, payload }
    }

    /// The first `len` bytes of the payload, of which `start` is there.
    pub(super) fn prefix(self, start: &[u8], len: usize) -> Option<Vec<u8>> {
        if self.flags & FLAG_LZ4 != 0 {
            lz4_prefix(start, len)
        } else {
            start.get(..len).map(<[u8]>::to_vec)
        }
    }
}

/// Reads one chunk; never holds more bytes than the file has, before unpacking.
pub(super) fn read_chunk<R: Read>(input: &mut Source<R>) -> io::Result<Found> {
    let Some(head) = input.chunk::<HEAD_BYTES>()? else {
        let is_end = input.ahead(1)?.is_empty();
        return Ok(if is_end { Found::End } else { Found::CutOff });
    };
    let Some(head) = Head::of(&head) else {
        return Ok(Found::Lost { next_at: find_head(input)? });
    };
    let mut payload = Vec::new();
    input.take(head.stored).read_to_end(&mut payload)?;
    Ok(head.found(payload))
}

fn u32_at(head: &[u8; HEAD_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

fn is_head(head: &[u8; HEAD_BYTES]) -> bool {
    crc32fast::hash(&head[..28]) == u32_at(head, 28)
}

/// Goes on to the next head of a known kind; gives its place. One pass: kinds are small numbers, so nearly every byte
/// is told to begin none without a checksum.
fn find_head<R: Read>(input: &mut Source<R>) -> io::Result<Option<u64>> {
    loop {
        let ahead = input.ahead(HEAD_BYTES)?;
        let heads = ahead.windows(HEAD_BYTES).position(|bytes| {
            bytes.first_chunk().is_some_and(|head| {
                (1..=kind::END).contains(&u32_at(head, 0))
                    && u32_at(head, 4) & !FLAG_LZ4 == 0
                    && is_head(head)
            })
        });
        if let Some(at) = heads {
            input.consume(at);
            return Ok(Some(input.at()));
        }
        let passed = (ahead.len() + 1).saturating_sub(HEAD_BYTES);
        if passed == 0 {
            return Ok(None);
        }
        input.consume(passed);
    }
}
