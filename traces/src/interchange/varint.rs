use std::io::{self, Read};

/// Reads a number as protocol buffers write them and counts its bytes; `None` at the end of the input. One that is longer
/// than 64 bits reads as the highest.
pub(crate) fn varint(input: &mut impl Read, at_byte: &mut u64) -> io::Result<Option<u64>> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        if input.read(&mut byte)? == 0 {
            return Ok(None);
        }
        *at_byte += 1;
        value |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return Ok(Some(value));
        }
    }
    Ok(Some(u64::MAX))
}
