//! A trace as Chrome/Kineto JSON: the head, then one event a line.

mod events;
mod head;
mod options;
mod text;
mod values;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

pub use options::ExportOptions;

use self::text::Text;
use crate::Trace;
use crate::edit::{only_rank, ranks};
use crate::interchange::ExportError;
use crate::interchange::own::Rows;
use crate::stream::Progress;

/// Writes a whole trace as one Chrome/Kineto JSON file, one event a line; `progress` counts slices.
///
/// Microseconds with three decimals relative to `baseTimeNanoseconds`; streams under process `rank`, SM rows under
/// `100000 + rank`; per-op facts in the arguments. Everything that this format has no words for stands in a
/// `weftscope` object, so that [`read`](super::read()) gives the same trace back.
///
/// Holistic Trace Analysis takes one rank per file. In a file of several ranks it is shown the first one: only
/// that rank's kernels carry the argument `stream` by which it tells GPU rows. Use [`write_rank`] to give it all.
///
/// # Errors
/// [`ExportError`]; what was written until then is not a whole file.
pub fn write(
    trace: &Trace,
    out: impl Write,
    options: &ExportOptions,
    progress: Progress<'_>,
) -> Result<(), ExportError> {
    if options.gzip {
        // A recording is written more often than it is sent: level 3 gives some size away for speed.
        let mut out = GzEncoder::new(out, Compression::new(3));
        let at_byte = write_text(trace, &mut out, options, progress)?;
        let finished = out.finish().and_then(|mut out| out.flush());
        finished.map_err(|source| ExportError::Io { at_byte, source })
    } else {
        write_text(trace, out, options, progress).map(|_| ())
    }
}

/// Writes one rank of a trace, with what belongs to no rank, as a file of its own.
///
/// # Errors
/// As [`write()`], and [`ExportError::NoSuchRank`].
pub fn write_rank(
    trace: &Trace,
    rank: u32,
    out: impl Write,
    options: &ExportOptions,
    progress: Progress<'_>,
) -> Result<(), ExportError> {
    if !ranks(trace).contains(&rank) {
        return Err(ExportError::NoSuchRank { rank });
    }
    write(&only_rank(trace, rank)?, out, options, progress)
}

fn write_text(
    trace: &Trace,
    out: impl Write,
    options: &ExportOptions,
    progress: Progress<'_>,
) -> Result<u64, ExportError> {
    let rows = Rows::new(trace);
    let mut text = Text::new(out, origin_ns(trace), progress);
    head::head(&mut text, trace, &rows)?;
    events::events(&mut text, trace, &rows, options)?;
    text.finish()
}

/// The trace's first time when that is below 0, else 0: readers drop events of negative ts.
fn origin_ns(trace: &Trace) -> i64 {
    let slices = trace.lanes.iter().filter_map(|lane| lane.slices.start_ns.first());
    let samples = trace.counters.iter().filter_map(|counter| counter.at_ns.first());
    slices.chain(samples).copied().min().unwrap_or(0).min(0)
}
