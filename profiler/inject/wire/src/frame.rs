//! Messages over a byte stream: their length in four bytes, little endian, then the message in postcard's encoding.

use std::io::{self, Read, Write};

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

use crate::sized;

/// The longest message that is read, so that a stranger's bytes never ask for all memory.
pub const MAX_BYTES: usize = 64 << 20;

/// Why no message was read.
#[derive(Debug, Error)]
pub enum FrameError {
    /// The other side is gone, between two messages.
    #[error("the other side has hung up")]
    Closed,
    /// The stream failed or ended inside a message.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// Not a message of ours.
    #[error("a message of {0} bytes: the other side speaks something else")]
    TooLong(usize),
    /// Not a message of this version.
    #[error("a message that is not understood: {0}")]
    Foreign(#[from] postcard::Error),
}

/// Writes one message.
///
/// # Errors
/// [`FrameError`] of the stream; a message over [`MAX_BYTES`] is not written.
pub fn write<M: Serialize>(out: &mut impl Write, message: &M) -> Result<(), FrameError> {
    let mut bytes = postcard::to_extend(message, sized::ROOM.to_vec())?;
    sized::state_length(&mut bytes, 0, MAX_BYTES).map_err(FrameError::TooLong)?;
    out.write_all(&bytes)?;
    Ok(())
}

/// Reads one message, waiting for it.
///
/// # Errors
/// [`FrameError::Closed`] when the stream ends where a message would begin.
pub fn read<M: DeserializeOwned>(from: &mut impl Read) -> Result<M, FrameError> {
    let length = sized::length(from)?.ok_or(FrameError::Closed)?;
    if length > MAX_BYTES {
        return Err(FrameError::TooLong(length));
    }
    let bytes = sized::bytes(from, length)?;
    Ok(postcard::from_bytes(&bytes)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{BlockStamp, Command, Event, Reply};

    #[test]
    fn a_conversation_comes_through_and_ends() {
        let replies = [
            Reply::Events(vec![
                Event::Note("first".to_owned()),
                Event::Blocks {
                    launch: 7,
                    stamps: vec![BlockStamp {
                        start_device_ns: 1 << 62,
                        end_device_ns: u64::MAX,
                        sm: 131,
                    }],
                },
            ]),
            Reply::Stopped,
        ];
        let mut bytes = Vec::new();
        for reply in &replies {
            write(&mut bytes, reply).unwrap();
        }
        let mut from = bytes.as_slice();
        for reply in &replies {
            assert_eq!(&read::<Reply>(&mut from).unwrap(), reply);
        }
        assert!(matches!(read::<Reply>(&mut from), Err(FrameError::Closed)));
    }

    #[test]
    fn a_cut_message_is_told_from_the_end() {
        let mut bytes = Vec::new();
        write(&mut bytes, &Command::Record).unwrap();
        bytes.pop();
        assert!(matches!(read::<Command>(&mut bytes.as_slice()), Err(FrameError::Io(_))));
    }

    #[test]
    fn a_stranger_cannot_ask_for_memory() {
        let bytes = b"GET / HTTP/1.1\r\n\r\n";
        assert!(matches!(read::<Reply>(&mut bytes.as_slice()), Err(FrameError::TooLong(_))));
    }

    proptest! {
        /// Whatever bytes come: an answer or an error, and no panic.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut framed = u32::try_from(bytes.len()).unwrap().to_le_bytes().to_vec();
            framed.extend(&bytes);
            if let Ok(reply) = read::<Reply>(&mut framed.as_slice()) {
                let mut again = Vec::new();
                write(&mut again, &reply).unwrap();
                prop_assert_eq!(read::<Reply>(&mut again.as_slice()).unwrap(), reply);
            }
        }
    }
}
