//! Something long that goes over a link in pieces, so that what is newer does not wait behind it.

use std::io;
#[cfg(not(target_arch = "wasm32"))]
use std::io::{Read, Write};

#[cfg(not(target_arch = "wasm32"))]
use flate2::{Compression, bufread::DeflateDecoder, write::DeflateEncoder};

/// Bytes of a piece: 20 ms of 20 Mbit/s.
const PIECE: usize = 48 << 10;
/// Pieces that may be under way at once: a link of 20 Mbit/s and 50 ms is full with them.
const MOST_UNDER_WAY: usize = 4;
/// Most bytes that all pieces unpack to.
#[cfg(not(target_arch = "wasm32"))]
const MOST_BYTES: u64 = 512 << 20;

/// What is sent.
pub(super) struct Pieces {
    packed: Vec<u8>,
    at: usize,
    under_way: usize,
}

impl Pieces {
    /// Packs it.
    pub(super) fn of(bytes: &[u8]) -> io::Result<Self> {
        Ok(Self { packed: packed(bytes)?, at: 0, under_way: 0 })
    }

    /// The other end has one more.
    pub(super) fn taken(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// The next, and whether it is the last; `None` while enough are under way, and at the end.
    pub(super) fn next(&mut self) -> Option<(Vec<u8>, bool)> {
        if self.under_way >= MOST_UNDER_WAY || self.at >= self.packed.len() {
            return None;
        }
        let end = (self.at + PIECE).min(self.packed.len());
        let piece = self.packed[self.at..end].to_vec();
        self.at = end;
        self.under_way += 1;
        Some((piece, end == self.packed.len()))
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn packed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// A page sends nothing over links.
#[cfg(target_arch = "wasm32")]
fn packed(_bytes: &[u8]) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What pieces that came make together.
///
/// # Errors
/// In words, when they are damaged or unpack to more than may be.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn joined(pieces: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut decoder = DeflateDecoder::new(pieces).take(MOST_BYTES + 1);
    decoder.read_to_end(&mut bytes).map_err(|error| format!("what came in pieces: {error}"))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err("what came in pieces is longer than may be".to_owned());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_whole_and_few_are_under_way() {
        // Noise, which does not become smaller.
        let mut state = 1_u64;
        let bytes: Vec<u8> = (0..300_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        let mut pieces = Pieces::of(&bytes).unwrap();
        let (mut came, mut under_way, mut most) = (Vec::new(), 0, 0);
        loop {
            let mut is_over = false;
            while let Some((piece, is_last)) = pieces.next() {
                came.extend(piece);
                under_way += 1;
                is_over |= is_last;
            }
            most = most.max(under_way);
            if is_over {
                break;
            }
            pieces.taken();
            under_way -= 1;
        }
        assert_eq!(most, MOST_UNDER_WAY);
        assert!(pieces.next().is_none());
        assert_eq!(joined(&came).unwrap(), bytes);
        assert!(joined(&came[..100]).is_err() && joined(b"nonsense").is_err());
    }
}
