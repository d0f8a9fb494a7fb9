//! Unpacks LZMA in a browser, which knows gzip alone: of the page's program it leaves two thirds of what gzip does.
//! A program of its own, a hundredth of that size, which the page loads first.

use std::io::{self, Read};

use lzma_rust2::LzmaReader;
use wasm_bindgen::prelude::wasm_bindgen;

/// The most memory that unpacking may take beside what comes out, KiB: `xz -9` looks back over 64 MiB.
const MOST_MEMORY_KIB: u32 = 96 << 10;
/// The most that comes out: ten times the program.
const MOST_BYTES: u64 = 128 << 20;

/// What a file of the old `.lzma` format holds.
///
/// # Errors
/// A string: it is damaged, or larger than the page's program can be.
#[wasm_bindgen]
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>, String> {
    unpacked(packed).map_err(|error| error.to_string())
}

fn unpacked(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut reader = LzmaReader::new_mem_limit(packed, MOST_MEMORY_KIB, None)?.take(MOST_BYTES + 1);
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other(format!("more than {MOST_BYTES} bytes come out")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use lzma_rust2::{LzmaOptions, LzmaWriter};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let options = LzmaOptions::with_preset(6);
        let mut writer =
            LzmaWriter::new_use_header(Vec::new(), &options, Some(bytes.len() as u64)).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn what_was_packed_comes_back() {
        let text = include_bytes!("lib.rs").repeat(40);
        let packed = packed(&text);
        assert!(packed.len() * 10 < text.len());
        assert!(unpack(&packed).unwrap() == text);
    }

    #[test]
    fn damage_is_told() {
        let packed = packed(include_bytes!("lib.rs"));
        for cut in [0, 5, 13, packed.len() / 2, packed.len() - 1] {
            assert!(unpack(&packed[..cut]).is_err(), "{cut}");
        }
        let mut twisted = packed;
        twisted[0] = 255;
        assert!(unpack(&twisted).is_err());
    }
}
