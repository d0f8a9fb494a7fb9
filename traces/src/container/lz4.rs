//! The beginning of an LZ4 block of which not all is there.

use super::PIECE;

/// Its first `len` bytes unpacked; `None` where that cannot be told.
///
/// The block format: a token with the lengths of literals and of a match, the literals, the match's distance.
pub(super) fn lz4_prefix(mut block: &[u8], len: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(len);
    let longer = |block: &mut &[u8], nibble: u8| {
        let mut sum = usize::from(nibble);
        if nibble == 15 {
            loop {
                let (&more, rest) = block.split_first()?;
                *block = rest;
                sum += usize::from(more);
                if more != 255 || sum > PIECE {
                    break;
                }
            }
        }
        Some(sum)
    };
    while out.len() < len {
        let (&token, rest) = block.split_first()?;
        block = rest;
        let literals = longer(&mut block, token >> 4)?;
        let wanted = literals.min(len - out.len());
        out.extend_from_slice(block.get(..wanted)?);
        if out.len() == len {
            break;
        }
        let (distance, rest) = block.get(literals..)?.split_first_chunk()?;
        block = rest;
        let distance = usize::from(u16::from_le_bytes(*distance));
        let length = longer(&mut block, token & 15)? + 4;
        if distance == 0 || distance > out.len() {
            return None;
        }
        for _ in 0..length.min(len - out.len()) {
            out.push(out[out.len() - distance]);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_beginning_of_a_block_is_that_of_what_was_packed(
            pattern in prop::collection::vec(0_u8..4, 1..20),
            repeats in 1_usize..40,
            len in 1_usize..64,
        ) {
            let raw = pattern.repeat(repeats);
            let packed = lz4_flex::block::compress(&raw);
            let len = len.min(raw.len());
            prop_assert_eq!(lz4_prefix(&packed, len), Some(raw[..len].to_vec()));
            for end in 0..packed.len() {
                if let Some(prefix) = lz4_prefix(&packed[..end], len) {
                    prop_assert_eq!(prefix, raw[..len].to_vec());
                }
            }
        }
    }
}
