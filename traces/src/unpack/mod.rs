//! Files within files: gzip, zstd, tar and zip, told by their content and unpacked as streams.
//!
//! Nothing is held but a buffer a layer (64 KiB; with zstd its window, 128 MiB at most), and no size that a file states
//! is believed: it only says where to stop. What is damaged gives what stands before the damage, and [`Said`] keeps the
//! words for it. A zip archive is read from its front by its local heads, so it can come through a pipe; its directory
//! at the end is not needed.

mod gzip;
mod inflate;
mod said;
mod tar;
mod zip;
mod zstd;

use std::io::{self, Read};

pub(crate) use gzip::Gunzip;
pub(crate) use said::Said;
pub(crate) use tar::Tar;
pub(crate) use zip::Zip;
pub(crate) use zstd::Unzstd;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
    Tar,
    Zip,
}

impl Packing {
    /// By the first bytes of a file, 512 of them for tar.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Zip),
            _ if tar::is_head(head) => Some(Self::Tar),
            _ => None,
        }
    }
}

/// Several files in one, one after another; reads the present one.
pub(crate) trait Archive: Read {
    /// Goes on to the next file, whatever was read of the present one; gives its name.
    ///
    /// # Errors
    /// The input's own; an archive that is damaged or cut off ends there, with words.
    fn next(&mut self) -> io::Result<Option<String>>;
}

/// A name of an archive as text, without what a terminal would take for a command.
fn name(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
