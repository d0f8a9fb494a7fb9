//! What a file format must say of itself to be opened.

use std::error::Error;
use std::io::Read;
use std::num::NonZero;

use crate::stream::Progress;
use crate::{Classifier, Trace};

/// How to read a file.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Title of the trace, usually the file's name; what the file calls itself when empty.
    pub title: String,
    /// Classes kernels by name; carries the user's own patterns of communication.
    pub classifier: Classifier,
    /// Threads that may work on one file at a time; they end with the call.
    pub threads: NonZero<usize>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        let threads = NonZero::<usize>::MIN;
        Self { title: String::new(), classifier: Classifier::default(), threads }
    }
}

/// Why a format's reader gave no trace: one line that says what is wrong and where.
pub type ReadError = Box<dyn Error + Send + Sync>;

/// Reads one file, already unpacked; progress counts its bytes.
pub type ReadFn = fn(&mut dyn Read, &OpenOptions, Progress<'_>) -> Result<Trace, ReadError>;

/// A file format: how it is recognised by its content, and what reads it.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// As errors and the window show it, e.g. `Chrome and PyTorch traces`.
    pub name: &'static str,
    /// Endings of its files, without the dot, e.g. `json.gz`; for file dialogs. Opening a file never looks at its name.
    pub endings: &'static [&'static str],
    /// True for the first bytes of such a file: up to [`Format::PROBE_BYTES`], unpacked, fewer only when the file is
    /// shorter.
    pub probe: fn(&[u8]) -> bool,
    /// The reader.
    pub read: ReadFn,
}

impl Format {
    /// Bytes that a probe may look at.
    pub const PROBE_BYTES: usize = 4096;

    /// Name and endings: `Chrome and PyTorch traces (.json, .json.gz)`.
    pub fn in_words(&self) -> String {
        let endings: Vec<String> = self.endings.iter().map(|ending| format!(".{ending}")).collect();
        format!("{} ({})", self.name, endings.join(", "))
    }
}
