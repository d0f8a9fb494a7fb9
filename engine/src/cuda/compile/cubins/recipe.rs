//! What machine code depends on.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Part of every key, so that a later format leaves the files of this one as they are.
pub(super) const FORMAT: u32 = 1;

/// Everything that decides what comes out of the compiler.
#[derive(Clone, Debug)]
pub(in crate::cuda::compile) struct Recipe<'a> {
    /// File name; line tables carry it.
    pub(in crate::cuda::compile) file: &'a str,
    pub(in crate::cuda::compile) source: &'a str,
    /// Name and text of each header that the program may include.
    pub(in crate::cuda::compile) headers: &'a [(&'a str, &'a str)],
    /// Architecture, definitions and stamps among them.
    pub(in crate::cuda::compile) options: Vec<String>,
    /// Major and minor version of the compiler.
    pub(in crate::cuda::compile) nvrtc: (i32, i32),
}

/// SHA-256 of a [`Recipe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::cuda::compile) struct Key(pub(super) [u8; 32]);

impl Recipe<'_> {
    /// Equal only for equal recipes: every text goes in with its length, every list with its count.
    pub(in crate::cuda::compile) fn key(&self) -> Key {
        let mut hash = Sha256::new();
        hash.update(FORMAT.to_le_bytes());
        hash.update(self.nvrtc.0.to_le_bytes());
        hash.update(self.nvrtc.1.to_le_bytes());
        let mut text = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        text(self.file);
        text(self.source);
        text(&self.headers.len().to_string());
        for (name, header) in self.headers {
            text(name);
            text(header);
        }
        text(&self.options.len().to_string());
        self.options.iter().for_each(|option| text(option));
        Key(hash.finalize().into())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
