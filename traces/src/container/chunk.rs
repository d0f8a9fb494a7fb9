//! Framing: chunk heads, checksums, compression.

use std::io::{self, Read, Write};

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
    /// A head that fails its own checksum: where the next chunk begins is not known.
    Lost,
    /// The file ends inside a chunk.
    CutOff,
    /// The file ends between chunks.
    End,
}

/// Reads one chunk; never holds more bytes than the file has, before unpacking.
pub(super) fn read_chunk(input: &mut impl Read) -> io::Result<Found> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    input.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    if head.is_empty() {
        return Ok(Found::End);
    }
    let Ok(head) = <[u8; HEAD_BYTES]>::try_from(head) else { return Ok(Found::CutOff) };
    let u32_at =
        |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    if crc32fast::hash(&head[..28]) != u32_at(28) {
        return Ok(Found::Lost);
    }
    let (kind, flags, stored, raw) = (u32_at(0), u32_at(4), u64_at(8), u64_at(16));
    let mut payload = Vec::new();
    input.take(stored).read_to_end(&mut payload)?;
    if (payload.len() as u64) < stored {
        return Ok(Found::CutOff);
    }
    if crc32fast::hash(&payload) != u32_at(24) || flags & !FLAG_LZ4 != 0 {
        return Ok(Found::Damaged { kind });
    }
    if flags & FLAG_LZ4 != 0 {
        if raw > stored.saturating_mul(LZ4_MAX_RATIO) {
            return Ok(Found::Damaged { kind });
        }
        match lz4_flex::block::decompress(&payload, raw as usize) {
            Ok(unpacked) if unpacked.len() as u64 == raw => payload = unpacked,
            _ => return Ok(Found::Damaged { kind }),
        }
    }
    Ok(Found::Chunk { kind, payload })
}
