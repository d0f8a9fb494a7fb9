//! Pieces of a byte stream that say how long they are: four bytes, little endian, then so many. The frames of every protocol
//! between processes of this program are made of it: this crate's own, those of the ranks of a run, those of a window and
//! its server.

use std::io::{self, Read};

/// The length before a piece; `None` where the stream ended before it.
///
/// # Errors
/// Those of the stream; [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) where it ended within the length.
pub fn length(from: &mut impl Read) -> io::Result<Option<usize>> {
    let mut head = [0; 4];
    let mut filled = 0;
    while filled < head.len() {
        match from.read(&mut head[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(u32::from_le_bytes(head) as usize))
}

/// So many bytes, for which room is made as they come: a length that was only claimed takes none. What is too long is for
/// whoever read the length to say.
///
/// # Errors
/// Those of the stream; [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) where it ended before.
pub fn bytes(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut taken = Vec::new();
    from.by_ref().take(length as u64).read_to_end(&mut taken)?;
    if taken.len() < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(taken) }
}

/// Room for a length.
pub const ROOM: [u8; 4] = [0; 4];

/// Writes how much follows the [`ROOM`] that was left at `at` into it.
///
/// # Errors
/// How long that is, where it is longer than `most`.
pub fn state_length(piece: &mut [u8], at: usize, most: usize) -> Result<(), usize> {
    let behind = at + ROOM.len();
    let length = piece.len() - behind;
    let stated = u32::try_from(length).ok().filter(|_| length <= most).ok_or(length)?;
    piece[at..behind].copy_from_slice(&stated.to_le_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time, and is interrupted before each.
    struct Slow<'a>(&'a [u8], bool);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }

    #[test]
    fn pieces_come_through_however_slowly_and_their_end_is_told_from_a_cut() {
        let mut written = Vec::new();
        for piece in [&b"first"[..], b"", b"third"] {
            let at = written.len();
            written.extend(ROOM);
            written.extend(piece);
            assert_eq!(state_length(&mut written, at, 5), Ok(()));
        }
        let read = |written: &[u8]| {
            let mut from = Slow(written, false);
            let mut pieces = Vec::new();
            while let Some(length) = length(&mut from)? {
                pieces.push(bytes(&mut from, length)?);
            }
            Ok::<_, io::Error>(pieces)
        };
        assert_eq!(read(&written).unwrap(), [&b"first"[..], b"", b"third"]);
        let ends = [0, 9, 13];
        for cut in 0..written.len() {
            let whole = ends.iter().position(|&end| end == cut);
            match read(&written[..cut]) {
                Ok(pieces) => assert_eq!(Some(pieces.len()), whole, "{cut}"),
                Err(error) => {
                    assert_eq!(
                        (error.kind(), whole),
                        (io::ErrorKind::UnexpectedEof, None),
                        "{cut}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_length_that_is_only_claimed_takes_no_room() {
        let error = bytes(&mut &b"few"[..], u32::MAX as usize).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let mut piece = [&ROOM[..], b"sixsix"].concat();
        assert_eq!(state_length(&mut piece, 0, 5), Err(6));
        assert_eq!(piece[..4], ROOM, "and nothing is stated");
    }
}
