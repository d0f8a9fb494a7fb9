//! A `.weft` file in a form that a fuzzer can change without breaking its checksums.

use weftscope_traces::container::{MAGIC, VERSION};

/// Bytes of a chunk's head in a file.
const HEAD_BYTES: usize = 32;

/// The file that `open` stands for: version, then chunks, each kind (1 byte), length (2 bytes), payload as it is before
/// compression. The last one may be cut short. Every checksum is right.
pub(crate) fn sealed(open: &[u8]) -> Vec<u8> {
    let mut file = MAGIC.to_vec();
    let (version, mut rest) = match open {
        [version, rest @ ..] => (u16::from(*version) % (VERSION + 1), rest),
        [] => (VERSION, open),
    };
    file.extend(version.to_le_bytes());
    file.extend([0; 6]);
    while let [kind, low, high, after @ ..] = rest {
        let len = usize::from(u16::from_le_bytes([*low, *high])).min(after.len());
        let (payload, others) = after.split_at(len);
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend(u32::from(*kind).to_le_bytes());
        head.extend(0_u32.to_le_bytes());
        head.extend((len as u64).to_le_bytes());
        head.extend((len as u64).to_le_bytes());
        head.extend(crc32fast::hash(payload).to_le_bytes());
        head.extend(crc32fast::hash(&head).to_le_bytes());
        file.extend(head);
        file.extend(payload);
        rest = others;
    }
    file
}
