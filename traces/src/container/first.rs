//! A first look at a large file: ops and marks, found by going from head to head without reading what lies between.

use std::io::{BufReader, ErrorKind, Read, Seek};

use super::ContainerError;
use super::chunk::{Head, kind};
use super::read::{HEAD_BYTES, Reader, version_of};
use crate::{LaneId, Trace, TrackKind};

/// Bytes of a chunk of slices that say whose they are, with what packing adds.
const PEEKED: usize = 64;

/// What a first picture of a `.weft` file needs: its description, tracks and labels, counters, and the slices of streams and marks, of
/// which no more than `most_bytes` are read. Rows of SMs and threads, arguments and arrows are passed over; a note says so.
///
/// # Errors
/// [`ContainerError`] when it is no `.weft` file, or its description or tracks are damaged.
pub fn first_look(input: impl Read + Seek, most_bytes: u64) -> Result<Trace, ContainerError> {
    let mut input = BufReader::with_capacity(4 << 10, input);
    let mut head = [0; HEAD_BYTES];
    let io = |at_byte| move |source| ContainerError::Io { doing: "reading", at_byte, source };
    input.read_exact(&mut head).map_err(io(0))?;
    let mut reader = Reader::of_part(version_of(&head)?);
    let (mut at_byte, mut left) = (HEAD_BYTES as u64, most_bytes);
    loop {
        let mut bytes = [0; Head::BYTES];
        match input.read_exact(&mut bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(io(at_byte)(error)),
        }
        // What lies behind a damaged head is found by who reads all of it.
        let Some(head) = Head::of(&bytes) else { break };
        let begin = at_byte + Head::BYTES as u64;
        at_byte = begin + head.stored;
        let (is_wanted, mut payload) = match head.kind {
            kind::META | kind::TRACKS | kind::LABELS | kind::COUNTER => (true, Vec::new()),
            kind::SLICES => {
                let mut start = Vec::new();
                let peeked = head.stored.min(PEEKED as u64);
                input.by_ref().take(peeked).read_to_end(&mut start).map_err(io(begin))?;
                let lane = head.prefix(&start, 4).and_then(|prefix| prefix.first_chunk().copied());
                let lane = lane.map(|bytes| LaneId(u32::from_le_bytes(bytes)));
                let kind = lane.and_then(|lane| reader.kind_of(lane));
                (kind.is_some_and(is_op_or_mark), start)
            }
            kind::END => break,
            _ => (false, Vec::new()),
        };
        let rest = head.stored - payload.len() as u64;
        if is_wanted && head.stored <= left {
            left -= head.stored;
            input.by_ref().take(rest).read_to_end(&mut payload).map_err(io(begin))?;
            reader.take(head.found(payload), begin)?;
        } else {
            reader.has_passed |= is_wanted;
            let rest = i64::try_from(rest).map_err(|_| io(begin)(ErrorKind::InvalidData.into()))?;
            input.seek_relative(rest).map_err(io(begin))?;
        }
    }
    let has_passed = reader.has_passed;
    let (trace, _) = reader.finish_part(at_byte)?;
    Ok(trace.with_diagnostics(|diagnostics| {
        let all = if has_passed { "a part of the ops" } else { "ops" };
        diagnostics.note(format!(
            "a first look, with {all}, marks and counters alone: the rest is being read"
        ));
    }))
}

fn is_op_or_mark(kind: &TrackKind) -> bool {
    matches!(kind, TrackKind::Stream { .. } | TrackKind::Marks { .. })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::ops::ControlFlow;

    use super::*;
    use crate::container::write;
    use crate::{ArgValue, Kind, Label, Meta, Provenance, Span, TraceBuilder};

    fn trace() -> Trace {
        let provenance = Provenance::Modelled { source: "test".into() };
        let mut builder = TraceBuilder::new(Meta::new("test", provenance));
        let label = builder.label(Label { kind: Kind::Gemm, ..Label::default() });
        for lane in 0..40_u32 {
            let kind = match lane % 4 {
                0 => TrackKind::Stream { rank: lane, stream: 0 },
                1 => TrackKind::Marks { rank: Some(lane) },
                _ => TrackKind::Sm { rank: lane, sm: 0 },
            };
            let track = builder.track(None, "row", kind);
            let lane = builder.lane(track);
            for row in 0..300 + i64::from(lane.0) {
                let args = builder.args_mut().push([("row", ArgValue::Int(row))]);
                builder.push(lane, Span::new(7 * row, 7 * row + 5), label, args, row as u32);
            }
        }
        builder.finish().unwrap()
    }

    fn written(trace: &Trace) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(trace, &mut bytes, &mut |_| ControlFlow::Continue(())).unwrap();
        bytes
    }

    #[test]
    fn ops_and_marks_are_there_and_blocks_are_not() {
        let whole = trace();
        let bytes = written(&whole);
        let first = first_look(Cursor::new(&bytes), 1 << 20).unwrap();
        assert_eq!((&first.tracks, &first.labels), (&whole.tracks, &whole.labels));
        for (lane, (is, was)) in first.lanes.iter().zip(&whole.lanes).enumerate() {
            let (is, was) = (&is.slices, &was.slices);
            if lane % 4 < 2 {
                assert_eq!((&is.start_ns, &is.end_ns), (&was.start_ns, &was.end_ns), "{lane}");
                assert_eq!((&is.label, &is.item), (&was.label, &was.item), "{lane}");
            } else {
                assert!(is.is_empty(), "{lane}");
            }
        }
        assert_eq!(first.diagnostics.notes.len(), 1, "{:?}", first.diagnostics);
        // Less than all of that is said.
        let part = first_look(Cursor::new(&bytes), 2_000).unwrap();
        assert!(part.num_slices() < first.num_slices());
        assert!(part.diagnostics.notes[0].contains("a part of"), "{:?}", part.diagnostics);
        // However much of a file there is, it is read as far as it goes, or refused.
        for end in 0..bytes.len() {
            let _read_or_not = first_look(Cursor::new(&bytes[..end]), 1 << 20);
        }
    }
}
