//! What a file format must say of itself to be opened.

use std::error::Error;
use std::fmt;
use std::io::Read;
use std::num::NonZero;
use std::sync::Arc;

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
    /// Who looks at large files while they are read.
    pub preview: Option<Preview>,
}

/// Is shown a large file while it is read: what stands in its first 16 MiB, then in eight times as much, and so on, so
/// that all previews together cost about a seventh of the whole.
///
/// JSON is shown so. Each trace says in its notes how far it goes.
#[derive(Clone)]
pub struct Preview(Arc<dyn Fn(Trace) + Send + Sync>);

impl Preview {
    /// Hands traces to `show`, on the thread that reads.
    pub fn new(show: impl Fn(Trace) + Send + Sync + 'static) -> Self {
        Self(Arc::new(show))
    }

    pub(crate) fn show(&self, trace: Trace) {
        (self.0)(trace);
    }
}

impl fmt::Debug for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Preview")
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        let threads = NonZero::<usize>::MIN;
        Self { title: String::new(), classifier: Classifier::default(), threads, preview: None }
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
