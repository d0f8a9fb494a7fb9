//! The ring of marks as it lies on the device.

use std::iter;

use weftscope_wire::{Mark, MarkKind};

/// Bytes of a mark, `WeftMark` of `kernels/own/weft.cuh`.
pub const BYTES: usize = 64;
/// Bytes before the first mark, `WeftRing`.
pub const HEADER_BYTES: usize = 64;
/// Marks that the ring holds, a power of two: 32 MiB.
pub const CAPACITY: u64 = 1 << 19;
/// Where the word lies that says whether somebody listens.
pub const LISTENS_AT: u64 = 8;
/// The variable of a module that leads its kernels to the ring.
pub const POINTER: &str = "weft_ring";
/// The longest name.
const NAME_BYTES: usize = 24;
/// A name as it was left: text, and zeros behind it.
pub type Name = [u8; NAME_BYTES];

/// A header of which nothing was taken yet and nobody listens.
pub fn header() -> Vec<u8> {
    let words = [0, 0, CAPACITY - 1, 0, 0, 0, 0, 0];
    words.into_iter().flat_map(u64::to_le_bytes).collect()
}

/// How many marks were taken since the ring is there, of a header.
pub fn taken(header: &[u8]) -> u64 {
    word(header, 0)
}

/// A mark as it was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// How many were taken before it, and one; anything else: it is not written to its end.
    pub number: u64,
    /// What it is called.
    pub name: Name,
    start_device_ns: u64,
    end_device_ns: u64,
    sm: u32,
    block: u32,
    warp: u32,
    kind: u32,
}

impl Left {
    fn of(bytes: &[u8]) -> Self {
        let half = |at: usize| (word(bytes, at / 8 * 8) >> (at % 8 * 8)) as u32;
        let mut name = [0; NAME_BYTES];
        name.copy_from_slice(&bytes[16..16 + NAME_BYTES]);
        Self {
            start_device_ns: word(bytes, 0),
            end_device_ns: word(bytes, 8),
            name,
            sm: half(40),
            block: half(44),
            warp: half(48),
            kind: half(52),
            number: word(bytes, 56),
        }
    }

    /// Its name as text.
    pub fn name(&self) -> String {
        let name = self.name.split(|&byte| byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(name).into_owned()
    }

    /// As it is told, its name by number. `None`: no kind is known by this number.
    pub fn mark(&self, device: u32, name: u32) -> Option<Mark> {
        let &Self { start_device_ns, end_device_ns, sm, block, warp, .. } = self;
        let kind = match self.kind {
            1 => MarkKind::Block,
            2 => MarkKind::Phase,
            3 => MarkKind::WarpPhase,
            4 => MarkKind::Moment,
            _ => return None,
        };
        Some(Mark { device, name, kind, start_device_ns, end_device_ns, sm, block, warp })
    }
}

/// Marks one behind the other.
pub fn marks(bytes: &[u8]) -> impl Iterator<Item = Left> {
    let mut rest = bytes;
    iter::from_fn(move || {
        let (mark, behind) = rest.split_at_checked(BYTES)?;
        rest = behind;
        Some(Left::of(mark))
    })
}

fn word(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A mark as a kernel would write it.
    pub(in crate::marks) fn written(number: u64, name: &str) -> Vec<u8> {
        let mut bytes: Vec<u8> = [number * 100, number * 100 + 7].map(u64::to_le_bytes).concat();
        let mut text = [0; NAME_BYTES];
        text[..name.len()].copy_from_slice(name.as_bytes());
        bytes.extend(text);
        bytes.extend([3, 5, 1, 2].map(u32::to_le_bytes).concat());
        bytes.extend(number.to_le_bytes());
        bytes
    }

    #[test]
    fn marks_are_read_as_they_lie() {
        let bytes = [written(1, "load"), written(2, &"x".repeat(NAME_BYTES))].concat();
        let left: Vec<Left> = marks(&bytes).collect();
        assert_eq!((left.len(), left[0].name(), left[1].name().len()), (2, "load".to_owned(), 24));
        let expected = Mark {
            device: 9,
            name: 4,
            kind: MarkKind::Phase,
            start_device_ns: 100,
            end_device_ns: 107,
            sm: 3,
            block: 5,
            warp: 1,
        };
        assert_eq!(left[0].mark(9, 4), Some(expected));
        assert_eq!(Left { kind: 7, ..left[0] }.mark(0, 0), None);
    }

    /// The numbers here are those of the header that kernels include.
    #[test]
    fn the_layout_is_that_of_the_kernels_header() {
        let source = include_str!("../../../../kernels/own/weft.cuh");
        for line in [
            "unsigned long long start, end, name[3];",
            "unsigned int sm, block, warp, kind;  // kind: 1 block, 2 phase, 3 phase of a warp, 4 moment",
            "unsigned long long number;",
            "unsigned long long taken, listens, mask, unused[5];",
        ] {
            assert!(source.contains(line), "{line}");
        }
        assert!(source.contains(&format!("WeftRing* {POINTER};")));
        assert_eq!(header().len(), HEADER_BYTES);
        assert_eq!((taken(&header()), word(&header(), 16)), (0, CAPACITY - 1));
    }
}
