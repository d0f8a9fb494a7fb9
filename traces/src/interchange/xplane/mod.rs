//! XPlanes (`.xplane.pb`), what JAX's, TensorFlow's and PyTorch/XLA's profiler writes: planes of GPUs, TPUs and hosts.
//!
//! Planes are read one by one into the records that foreign files are collected in; what their lines are is told by the
//! table of dialects, as for the JSON that is made of the same planes. Times are ps: start and end are each rounded to whole
//! ns, so that what does not overlap in the file does not overlap here. Field numbers are facts of the published proto.

mod error;
mod events;
mod facts;
mod plane;
mod space;
mod wire;

use std::io::Read;

pub use error::XplaneError;

use crate::format::Format;
use crate::stream::Progress;
use crate::{OpenOptions, Trace};
use space::Space;
use wire::{Fields, Wire};

pub(crate) const FORMAT: Format = Format {
    name: "XPlanes of JAX and TensorFlow",
    endings: &["xplane.pb", "pb"],
    probe: is_space,
    read: |input, options, progress| Ok(read(input, options, progress)?),
};

/// Whether a file begins with a plane: a message that begins with an id at most and a name as planes have.
///
/// Packets of Perfetto begin with the same byte, but none of them with a name.
fn is_space(start: &[u8]) -> bool {
    let Some((_, plane)) = wire::frame(start) else { return false };
    let mut fields = Fields::new(plane);
    let mut first = fields.next_field();
    if let Some((1, Wire::Number(_))) = first {
        first = fields.next_field();
    }
    let Some((2, Wire::Bytes(name))) = first else { return false };
    std::str::from_utf8(name).is_ok_and(|name| {
        let is_plane = name.starts_with("/host:") || name.starts_with("/device:");
        is_plane || name == facts::ENVIRONMENT
    })
}

/// Reads a space, plane by plane; one that is cut off gives what stands before the cut.
fn read(
    input: &mut dyn Read,
    options: &OpenOptions,
    progress: Progress<'_>,
) -> Result<Trace, XplaneError> {
    Space::read(input, progress)?.build(options).map_err(XplaneError::NoEvents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_by_the_first_plane_s_name() {
        for start in [
            &b"\x0a\x20\x12\x0e/host:metadata"[..],
            b"\x0a\xc5\x22\x08\x02\x12\x0d/device:GPU:0\x1a",
            b"\x0a\x20\x12\x10Task Environment",
        ] {
            assert!(is_space(start), "{start:?}");
        }
        for start in [
            // A process tree and a time, as packets of Perfetto begin.
            &b"\x0a\x06\x12\x04\x0a\x02\x08\x07"[..],
            b"\x0a\x04\x40\x64\x50\x01",
            b"\x0a\x09\x12\x07/device",
            b"\n{\n \"traceEvents\": []}",
            b"\x0a",
            b"",
        ] {
            assert!(!is_space(start), "{start:?}");
        }
    }
}
