//! What `rocprofv3 --output-format json` writes: a `rocprofiler-sdk-tool` document with one object a process.
//!
//! The text is read through a window, record by record; records are kept in short form until their process ends, because
//! what they refer to may stand behind them. Times are whole ns of the clock that runs since the machine was booted. Keys
//! are facts of the tool's published sources.

mod emit;
mod error;
mod facts;
mod fields;
mod record;
mod walk;

use std::io::Read;

pub use error::RocprofError;

use crate::format::Format;
use crate::interchange::json::Window;
use crate::stream::{BytesRead, Counting, Progress};
use crate::{OpenOptions, Trace};
use walk::Reader;

/// The one key of the document.
const DOCUMENT: &str = "rocprofiler-sdk-tool";

pub(crate) const FORMAT: Format = Format {
    name: "rocprofv3 JSON",
    endings: &["json", "json.gz"],
    probe: is_document,
    read: |input, options, progress| Ok(read(input, options, progress)?),
};

/// Whether a file's first key is the document's.
fn is_document(start: &[u8]) -> bool {
    let text = start.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(start).trim_ascii_start();
    let key = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    key.and_then(|key| key.strip_prefix(b"\"")).is_some_and(|key| {
        key.strip_prefix(DOCUMENT.as_bytes()).is_some_and(|rest| rest.starts_with(b"\""))
    })
}

/// Reads a document; one that is cut off gives what stands before the cut.
fn read(
    input: &mut dyn Read,
    options: &OpenOptions,
    progress: Progress<'_>,
) -> Result<Trace, RocprofError> {
    let count = BytesRead::default();
    let input = Counting::new(input, count.clone());
    Reader::new(Window::new(input, count, progress)).run(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_by_the_first_key() {
        for text in
            [&b"{\"rocprofiler-sdk-tool\":[{"[..], b"\xef\xbb\xbf{\n  \"rocprofiler-sdk-tool\": ["]
        {
            assert!(is_document(text), "{text:?}");
        }
        for text in
            [&b"{\"traceEvents\":[]}"[..], b"{\"rocprofiler-sdk-tool-2\":1}", b"[", b"{", b""]
        {
            assert!(!is_document(text), "{text:?}");
        }
    }
}
