//! The native format, `.weft`: chunks with checksums, readable as far as they go.
//!
//! A file that was cut off anywhere yields all its whole chunks, and the diagnostics say what is missing, because
//! the totals stand at the front. A chunk whose checksum fails is skipped and counted; so is one of an unknown
//! kind. All numbers are little-endian.
//!
//! ```text
//! file    := magic[8] = 89 57 45 46 54 0D 0A 1A ("\x89WEFT\r\n\x1a")
//!            version u16 = 4 or 5, reserved u16 = 0, reserved u32 = 0, chunk*
//! chunk   := kind u32
//!            flags u32            bit 0: payload is one LZ4 block
//!            stored u64           bytes of payload in the file
//!            raw u64              bytes of payload after decompression
//!            crc u32              CRC-32 (IEEE) of the stored payload
//!            head_crc u32         CRC-32 of the 28 bytes before
//!            payload[stored]
//!
//! kind 1 TOTALS   u64 each: tracks, lanes, labels, strings, argument rows, slices, samples, flows
//! kind 2 META     JSON {"meta": Meta, "diagnostics": Diagnostics}
//! kind 3 TRACKS   JSON [{"parent", "name", "kind", "lanes": [lane ids]} …], parents first
//! kind 4 LABELS   first u32, n u32, then n labels:
//!                 name text, kind u8, split u8, phase u8, has u8 (bit 0 layer, 1 facts, 2 alone_ns,
//!                 3 unsplit), [layer u32], [op u32, grid u32, waves u32, tail_occupancy f64, sms u32, tokens u32, flops f64,
//!                 hbm_bytes f64, link_bytes f64, [alone_ns i64], shape text,
//!                 [unsplit: grid u32, waves u32, tail_occupancy f64]]
//! kind 5 STRINGS  first u32, n u32, n texts (keys and texts of arguments)
//! kind 6 ARGS     first u32, n u32, then n rows:
//!                 pairs u32, then per pair: key u32 (string), type u8 (0 i64, 1 f64, 2 u32 string, 3 u32 string that is JSON), value
//! kind 7 COUNTER  series u32, name text, unit text, has_rank u8, [rank u32], n u32,
//!                 first time i64, column of time deltas, n values f64
//! kind 8 SLICES   lane u32, first u32 (row of its first slice), n u32, first start i64,
//!                 columns: start deltas, durations, labels, arguments (id + 1, 0 = none), items
//! kind 9 FLOWS    n u32, columns: from lane, from row, to lane, to row, kind (0 dependency, 1 launch, 2 imported)
//! kind 10 END     number of chunks before it, u64
//!
//! text    := length u32, UTF-8 bytes
//! column  := width u8 (1, 2, 4 or 8), n unsigned numbers of that width
//! ```
//!
//! Version 5 is version 4 with rows that queries answered among its tracks; what has none is written as version 4, which
//! older programs read. Version 3 has no arguments of type 3: what they say is text. Version 2 has no `unsplit` in its labels. Version 1 differs from that in META alone: the facts of a run are pairs of texts under `run`, and there is no provenance per
//! rank.
//!
//! Pieces are at most 64 Ki slices, samples, flows, strings, rows or labels long. Deltas are between neighbours,
//! the first is 0; differences wrap, so that any i64 can stand in a column.

mod args;
pub(crate) mod bytes;
mod chunk;
mod error;
mod first;
mod labels;
mod lanes;
mod lz4;
mod read;
mod write;

pub use error::ContainerError;
pub use first::first_look;
pub use read::{Reading, read, read_whole};
pub use write::write;

use crate::format::Format;

/// Recognised by its magic.
pub(crate) const FORMAT: Format = Format {
    name: "Weftscope",
    endings: &["weft"],
    probe: |start| start.starts_with(&MAGIC),
    read: |input, _, progress| Ok(read(input, progress)?),
};

/// First bytes of every `.weft` file; the line ends catch a transfer as text.
pub const MAGIC: [u8; 8] = *b"\x89WEFT\r\n\x1a";

/// The newest version that [`read()`] reads; [`write()`] writes it where the version before cannot hold the trace.
pub const VERSION: u16 = 5;
/// The version that holds all but answers of queries.
const WITHOUT_ANSWERS: u16 = 4;

/// Most slices, samples, flows, strings, rows or labels in one chunk.
const PIECE: usize = 1 << 16;
