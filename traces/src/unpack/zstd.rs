//! zstd of any number of frames (RFC 8878).

use std::io::{self, Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{Packing, Said};
use crate::source::Source;

/// Largest window: what `zstd` itself unpacks without being asked to.
const MAX_WINDOW_BYTES: u64 = 1 << 27;
/// Bytes unpacked in one go.
const PIECE_BYTES: usize = 1 << 16;

/// Unpacks zstd; ends where the file does or is damaged, and says so.
pub(crate) struct Unzstd<R> {
    source: Source<R>,
    decoder: FrameDecoder,
    state: State,
    said: Said,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before a frame.
    Head,
    Frame,
    Done,
}

impl<R: Read> Unzstd<R> {
    pub(crate) fn new(input: R, said: Said) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW_BYTES);
        Self { source: Source::new(input), decoder, state: State::Head, said }
    }

    fn head(&mut self) -> io::Result<State> {
        let at = self.source.at();
        let head = self.source.ahead(8)?;
        if Packing::of(head) != Some(Packing::Zstd) {
            let zeros = self.source.skip_zeros()?;
            let rest = self.source.skip(u64::MAX)?;
            if rest > 0 {
                self.said.note(format!(
                    "{rest} bytes behind the zstd stream, from byte {} on, are no zstd and were not read",
                    at + zeros
                ));
            }
            return Ok(State::Done);
        }
        if let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] = *head {
            self.source.consume(8);
            self.source.skip(u64::from(u32::from_le_bytes([a, b, c, d])))?;
            return Ok(State::Head);
        }
        match self.decoder.reset(&mut self.source) {
            Ok(()) => Ok(State::Frame),
            Err(error) => Ok(self.damaged(&error.to_string())),
        }
    }

    /// Unpacks some more of the frame.
    fn blocks(&mut self) -> State {
        let piece = BlockDecodingStrategy::UptoBytes(PIECE_BYTES);
        match self.decoder.decode_blocks(&mut self.source, piece) {
            Ok(_) => State::Frame,
            Err(error) => self.damaged(&error.to_string()),
        }
    }

    fn damaged(&mut self, why: &str) -> State {
        let at = self.source.at();
        let is_end = self.source.ahead(1).is_ok_and(<[u8]>::is_empty);
        self.said.note(if is_end {
            format!("the file is cut off: its zstd stream ends at byte {at}")
        } else {
            let why = why.lines().next().unwrap_or_default();
            format!(
                "its zstd stream is damaged at byte {at} ({why}); what was packed before is read"
            )
        });
        State::Done
    }

    fn check(&mut self) {
        let stated = self.decoder.get_checksum_from_data();
        if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
            let at = self.source.at();
            self.said.note(format!(
                "the checksum of its zstd frame at byte {at} is wrong: what it holds may be damaged"
            ));
        }
    }
}

impl<R: Read> Read for Unzstd<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !out.is_empty() {
            match self.state {
                State::Head => self.state = self.head()?,
                State::Frame => {
                    let n = self.decoder.read(out)?;
                    if n > 0 {
                        return Ok(n);
                    }
                    self.state = if self.decoder.is_finished() {
                        self.check();
                        State::Head
                    } else {
                        self.blocks()
                    };
                }
                State::Done => {
                    // What a damaged frame had given before.
                    return self.decoder.read(out);
                }
            }
        }
        Ok(0)
    }
}
