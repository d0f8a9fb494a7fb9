//! Frames: what goes over a connection once both ends have greeted each other.
//!
//! ```text
//! frame := size u32               bytes behind it, at most MOST_BYTES
//!          kind u8                0 letter, 1 close, 2 ping, 3 pong, 4 greeting, 5 role, 6 take control
//!          packing u8             0 none, 1 deflate; of the body
//!          channel u32
//!          head u32               bytes of the head, at most MOST_HEAD
//!          body u32               bytes of the body once unpacked, at most MOST_BODY
//!          head[head]             UTF-8
//!          body[rest]
//! ```
//!
//! All numbers are little-endian. Both ends refuse what exceeds a limit before they make room for it.

use std::io::{self, Read, Write};

use flate2::{Compression, bufread::DeflateDecoder, write::DeflateEncoder};
use thiserror::Error;
use weftscope_profiler::sized;

/// Most bytes of a frame behind its size.
pub(super) const MOST_BYTES: u32 = 96 << 20;
/// Most bytes of a head: a spec with its machine has ten thousand, a plan of eighty layers two million.
pub(super) const MOST_HEAD: u32 = 32 << 20;
/// Most bytes of a body once unpacked.
pub(super) const MOST_BODY: u32 = 512 << 20;
/// Bytes between the size and the head.
const FIXED: u32 = 14;
/// Bodies below this are not worth packing.
const WORTH_PACKING: usize = 512;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A letter of a channel; the first opens it.
    Letter,
    /// Nothing more comes on this channel.
    Close,
    /// To be answered with the same head.
    Ping,
    /// The answer.
    Pong,
    /// Who is there.
    Greeting,
    /// What a window is to a run that several see; the head has it in JSON.
    Role,
    /// The window wants to control that run.
    Take,
}

/// One frame, unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) channel: u32,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// Why a frame cannot be read.
#[derive(Debug, Error)]
pub(crate) enum FrameError {
    /// The connection failed or ended within a frame.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// What came is no frame.
    #[error("what came is no frame: {0}")]
    NoFrame(&'static str),
}

impl Frame {
    pub(super) fn letter(channel: u32, head: String, body: Vec<u8>) -> Self {
        Self { kind: Kind::Letter, channel, head, body }
    }

    pub(super) fn bare(kind: Kind, channel: u32) -> Self {
        Self { kind, channel, head: String::new(), body: Vec::new() }
    }

    /// Writes it, its body packed where that makes it smaller; gives the bytes written. `out` is not flushed.
    ///
    /// # Errors
    /// Those of `out`; a frame that exceeds a limit is [`io::ErrorKind::InvalidInput`], and nothing was written.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<u64> {
        let too_long = |what| io::Error::new(io::ErrorKind::InvalidInput, what);
        let head = u32::try_from(self.head.len()).ok().filter(|&head| head <= MOST_HEAD);
        let head = head.ok_or_else(|| too_long("the head of a frame is too long"))?;
        let body = u32::try_from(self.body.len()).ok().filter(|&body| body <= MOST_BODY);
        let body = body.ok_or_else(|| too_long("the body of a frame is too long"))?;
        let packed = if self.body.len() < WORTH_PACKING { None } else { pack(&self.body)? };
        let (packing, sent) = match &packed {
            Some(packed) => (1, &packed[..]),
            None => (0, &self.body[..]),
        };
        let size = u64::from(FIXED) + u64::from(head) + sent.len() as u64;
        let size = u32::try_from(size).ok().filter(|&size| size <= MOST_BYTES);
        let size = size.ok_or_else(|| too_long("a frame is too long"))?;
        let mut fixed = Vec::with_capacity(4 + FIXED as usize);
        fixed.extend(size.to_le_bytes());
        fixed.extend([self.kind as u8, packing]);
        fixed.extend([self.channel, head, body].iter().flat_map(|number| number.to_le_bytes()));
        out.write_all(&fixed)?;
        out.write_all(self.head.as_bytes())?;
        out.write_all(sent)?;
        Ok(u64::from(size) + 4)
    }

    /// Reads the next one and the bytes that it had; `None` where the connection ended between two.
    ///
    /// # Errors
    /// [`FrameError`]; after one nothing that follows can be read.
    pub(super) fn read(input: &mut impl Read) -> Result<Option<(Self, u64)>, FrameError> {
        let Some(size) = sized::length(input)? else { return Ok(None) };
        let size = u32::try_from(size).ok().filter(|size| (FIXED..=MOST_BYTES).contains(size));
        let size = size.ok_or(FrameError::NoFrame("its size is out of bounds"))?;
        let mut fixed = [0; FIXED as usize];
        input.read_exact(&mut fixed)?;
        let number = |at: usize| {
            u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]])
        };
        let kind = Kind::of(fixed[0]).ok_or(FrameError::NoFrame("its kind is unknown"))?;
        let (channel, head, body) = (number(2), number(6), number(10));
        let sent = (size - FIXED).checked_sub(head);
        let sent = sent.filter(|_| head <= MOST_HEAD && body <= MOST_BODY);
        let sent = sent.ok_or(FrameError::NoFrame("its parts are out of bounds"))?;
        let head = String::from_utf8(sized::bytes(input, head as usize)?);
        let head = head.map_err(|_| FrameError::NoFrame("its head is not UTF-8"))?;
        let packed = sized::bytes(input, sent as usize)?;
        let body = match fixed[1] {
            0 if body == sent => packed,
            1 => unpack(&packed, body)?,
            _ => return Err(FrameError::NoFrame("its packing is unknown")),
        };
        Ok(Some((Self { kind, channel, head, body }, u64::from(size) + 4)))
    }
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        let all = [
            Self::Letter,
            Self::Close,
            Self::Ping,
            Self::Pong,
            Self::Greeting,
            Self::Role,
            Self::Take,
        ];
        all.into_iter().find(|kind| *kind as u8 == byte)
    }
}

fn pack(body: &[u8]) -> io::Result<Option<Vec<u8>>> {
    // The fastest level: a slower one takes longer than it saves on any link that a picture is looked at over.
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    let packed = encoder.finish()?;
    Ok((packed.len() < body.len()).then_some(packed))
}

fn unpack(packed: &[u8], body: u32) -> Result<Vec<u8>, FrameError> {
    let mut bytes = Vec::new();
    let mut decoder = DeflateDecoder::new(packed).take(u64::from(body) + 1);
    decoder.read_to_end(&mut bytes).map_err(|_| FrameError::NoFrame("its body is damaged"))?;
    if bytes.len() == body as usize {
        Ok(bytes)
    } else {
        Err(FrameError::NoFrame("its body has another size than it says"))
    }
}
