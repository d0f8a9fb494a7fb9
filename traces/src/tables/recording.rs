//! What a recording holds: slices, thread blocks, counters.

use std::borrow::Cow;

use super::column::float;
use super::column::{Of, Sink, emit, int, text};
use super::error::TableError;
use super::table::{Maker, Table};
use crate::analysis::{OpPlaces, Place};
use crate::{
    ArgValue, CounterSeries, Label, Lane, Meta, Phase, SliceRef, Span, Split, Trace, Track,
    TrackKind,
};

pub(super) const SLICES: Table = Table {
    name: "slices",
    about: "every slice but thread blocks: kernels, copies, calls of the host, marks; one a row, lane by lane in order of start",
    maker: Maker::Recordings(slices),
};

pub(super) const BLOCKS: Table = Table {
    name: "blocks",
    about: "thread blocks on their SMs, one a row, slot by slot in order of start",
    maker: Maker::Recordings(blocks),
};

pub(super) const COUNTERS: Table = Table {
    name: "counters",
    about: "samples of counters, one a row, counter by counter in order of time",
    maker: Maker::Recordings(counters),
};

/// One slice and all that stands around it.
struct SliceRow<'a> {
    trace: &'a Trace,
    track: &'a Track,
    lane: &'a Lane,
    /// Number of the lane in its track.
    depth: usize,
    row: usize,
    place: Place,
    provenance: &'static str,
}

impl<'a> SliceRow<'a> {
    fn span(&self) -> Span {
        self.lane.slices.span(self.row)
    }

    fn label(&self) -> &'a Label {
        self.trace.label(self.lane.slices.label[self.row])
    }

    fn item(&self) -> i64 {
        i64::from(self.lane.slices.item[self.row])
    }

    fn args(&self) -> Option<String> {
        let args = self.trace.args.get(self.lane.slices.args[self.row]);
        if args.is_empty() {
            return None;
        }
        let mut json = serde_json::Map::new();
        for (key, value) in args {
            let value = match value {
                ArgValue::Int(int) => int.into(),
                ArgValue::Float(float) => float.into(),
                ArgValue::Text(text) => text.into(),
                ArgValue::Json(text) => {
                    serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text))
                }
            };
            json.insert(key, value);
        }
        Some(serde_json::Value::Object(json).to_string())
    }
}

/// Where ops belong of which labels do not tell, by recording.
fn op_places(traces: &[&Trace]) -> Vec<OpPlaces> {
    traces.iter().map(|trace| OpPlaces::of_trace(trace)).collect()
}

/// The rows of all tracks that `keep` accepts.
fn rows<'a>(
    traces: &'a [&'a Trace],
    places: &'a [OpPlaces],
    keep: fn(&TrackKind) -> bool,
) -> impl Iterator<Item = SliceRow<'a>> {
    traces.iter().zip(places).flat_map(move |(trace, places)| {
        let tracks = trace.tracks.iter().filter(move |track| keep(&track.kind));
        tracks.flat_map(move |track| {
            let provenance = trace.meta.provenance.of_rank(track.kind.rank()).name();
            track.lanes.iter().enumerate().flat_map(move |(depth, &id)| {
                let lane = trace.lane(id);
                let row = move |row: usize| {
                    let slice = SliceRef { lane: id, index: row as u32 };
                    let by_order = places.get(trace, slice);
                    let place = by_order.unwrap_or_else(|| Place::of(trace.label_of(slice)));
                    SliceRow { trace, track, lane, depth, row, place, provenance }
                };
                (0..lane.slices.len()).map(row)
            })
        })
    })
}

const START: &str = "when it starts, since the recording's base time";
const START_UNIX: &str =
    "the same as Unix time; empty where the recording does not know the time of day";
const PROVENANCE: &str =
    "where the times come from: measured, modelled (computed by a simulator) or unknown";

fn unix_ns(meta: &Meta, at_ns: i64) -> Option<i64> {
    let base_ns = Some(meta.base_time_unix_ns).filter(|&base_ns| base_ns != 0);
    base_ns?.checked_add(at_ns)
}

/// When, and on what: columns that slices and blocks begin with.
fn times<'a>() -> Vec<Of<SliceRow<'a>>> {
    vec![
        int("start_ns", START, |row: &SliceRow<'_>| Some(row.span().start_ns)),
        int("start_unix_ns", START_UNIX, |row: &SliceRow<'_>| {
            unix_ns(&row.trace.meta, row.span().start_ns)
        }),
        int("duration_ns", "how long it takes", |row: &SliceRow<'_>| Some(row.span().len_ns())),
        int("rank", "the rank; empty for what belongs to none", |row: &SliceRow<'_>| {
            row.track.kind.rank().map(i64::from)
        }),
    ]
}

/// What: columns that slices and blocks share.
fn what<'a>() -> Vec<Of<SliceRow<'a>>> {
    vec![
        text("name", "name of the kernel, the call or the mark", |row: &SliceRow<'_>| {
            Some(Cow::Borrowed(&row.label().name))
        }),
        text(
            "kind",
            "what its time goes to: gemm, attention, norm, elementwise, comm, wait, memcpy, host, mark, other, or fused (a GEMM with its collective)",
            |row: &SliceRow<'_>| Some(row.label().kind.name().into()),
        ),
        int("layer", "the transformer layer; empty where not known", |row: &SliceRow<'_>| {
            row.place.layer.map(i64::from)
        }),
        int("split", "0 or 1 where the batch is cut in two; else empty", |row: &SliceRow<'_>| {
            match row.place.split {
                Split::Whole => None,
                Split::First => Some(0),
                Split::Second => Some(1),
            }
        }),
        text(
            "phase",
            "phase of the weave: A to D, head or tail; else empty",
            |row: &SliceRow<'_>| {
                let phase = row.place.phase;
                (phase != Phase::None).then(|| phase.name().into())
            },
        ),
    ]
}

fn slices(traces: &[&Trace], sink: &mut dyn Sink) -> Result<(), TableError> {
    let mut columns = times();
    columns.extend([
        text(
            "track_kind",
            "what the row is: stream, driver (what repeats it), host, marks, inside (thread blocks of an SM), answer (of a query) or other",
            |row: &SliceRow<'_>| {
                let kind = match row.track.kind {
                    TrackKind::Stream { .. } => "stream",
                    TrackKind::Driver { .. } => "driver",
                    TrackKind::HostThread { .. } => "host",
                    TrackKind::Marks { .. } => "marks",
                    TrackKind::Inside { .. } => "inside",
                    TrackKind::Answer { .. } => "answer",
                    _ => "other",
                };
                Some(kind.into())
            },
        ),
        text("track", "the row's name", |row: &SliceRow<'_>| Some(Cow::Borrowed(&row.track.name))),
        int("lane", "which lane of the row; depth of nesting on the host", |row: &SliceRow<'_>| {
            Some(row.depth as i64)
        }),
        int("stream", "number of the stream; else empty", |row: &SliceRow<'_>| {
            match row.track.kind {
                TrackKind::Stream { stream, .. } => Some(i64::from(stream)),
                _ => None,
            }
        }),
        int("pid", "process of a host thread; else empty", |row: &SliceRow<'_>| {
            match row.track.kind {
                TrackKind::HostThread { pid, .. } => Some(i64::from(pid)),
                _ => None,
            }
        }),
        int("tid", "number of a host thread; else empty", |row: &SliceRow<'_>| {
            match row.track.kind {
                TrackKind::HostThread { tid, .. } => Some(i64::from(tid)),
                _ => None,
            }
        }),
    ]);
    columns.extend(what());
    columns.extend([
        int(
            "correlation",
            "joins a launch and its kernel; empty where not known",
            |row: &SliceRow<'_>| Some(row.item()).filter(|&item| item != 0),
        ),
        text("args", "arguments as a JSON object; empty without any", |row: &SliceRow<'_>| {
            row.args().map(Cow::Owned)
        }),
        text("provenance", PROVENANCE, |row: &SliceRow<'_>| Some(row.provenance.into())),
    ]);
    let places = op_places(traces);
    emit(&columns, rows(traces, &places, |kind| !matches!(kind, TrackKind::Sm { .. })), sink)
}

fn blocks(traces: &[&Trace], sink: &mut dyn Sink) -> Result<(), TableError> {
    let mut columns = times();
    columns.extend([
        int("sm", "the SM", |row: &SliceRow<'_>| match row.track.kind {
            TrackKind::Sm { sm, .. } => Some(i64::from(sm)),
            _ => None,
        }),
        int("slot", "which of the places for resident blocks on it", |row: &SliceRow<'_>| {
            Some(row.depth as i64)
        }),
        int("block", "number of the block in its grid", |row: &SliceRow<'_>| Some(row.item())),
    ]);
    columns.extend(what());
    columns.push(text("provenance", PROVENANCE, |row: &SliceRow<'_>| Some(row.provenance.into())));
    let places = op_places(traces);
    emit(&columns, rows(traces, &places, |kind| matches!(kind, TrackKind::Sm { .. })), sink)
}

/// One sample.
struct Sample<'a> {
    trace: &'a Trace,
    counter: &'a CounterSeries,
    at: usize,
    provenance: &'static str,
}

fn counters(traces: &[&Trace], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns = [
        int("at_ns", "when, since the recording's base time", |row: &Sample<'_>| {
            Some(row.counter.at_ns[row.at])
        }),
        int("at_unix_ns", START_UNIX, |row: &Sample<'_>| {
            unix_ns(&row.trace.meta, row.counter.at_ns[row.at])
        }),
        int("rank", "the rank; empty for what belongs to none", |row: &Sample<'_>| {
            row.counter.rank.map(i64::from)
        }),
        text("counter", "what is counted", |row: &Sample<'_>| {
            Some(Cow::Borrowed(&row.counter.name))
        }),
        text("unit", "the value's unit; empty where not told", |row: &Sample<'_>| {
            Some(Cow::Borrowed(row.counter.unit.as_str())).filter(|unit| !unit.is_empty())
        }),
        float("value", "the value, which holds until the next sample", |row: &Sample<'_>| {
            Some(row.counter.value[row.at])
        }),
        text("provenance", PROVENANCE, |row: &Sample<'_>| Some(row.provenance.into())),
    ];
    let samples = traces.iter().flat_map(|trace| {
        trace.counters.iter().flat_map(move |counter| {
            let provenance = trace.meta.provenance.of_rank(counter.rank).name();
            let sample = move |at| Sample { trace, counter, at, provenance };
            (0..counter.at_ns.len()).map(sample)
        })
    });
    emit(&columns, samples, sink)
}
