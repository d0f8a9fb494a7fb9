//! What every [`Trace`](super::Trace) vouches for, checked in one pass over its columns.

use thiserror::Error;

use super::{ArgsId, CounterSeries, Flow, Lane, SliceRef, TraceParts, Track, is_time};

/// Why parts are no trace.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BuildError {
    /// A track stands before its parent.
    #[error("track {track} comes before its parent {parent}")]
    ParentAfterChild {
        /// The track's id.
        track: u32,
        /// Its parent's.
        parent: u32,
    },
    /// A lane names one track and is listed by another, by none, or twice.
    #[error("lane {lane} is not listed once, by the track that it names")]
    LaneOwner {
        /// The lane's id.
        lane: u32,
    },
    /// Columns that belong together are of different lengths.
    #[error("columns of {of} differ in length")]
    Columns {
        /// Track or counter.
        of: String,
    },
    /// A slice ends before it starts.
    #[error("slice {index} of track \"{track}\" ends before it starts, at {at_ns} ns")]
    Backwards {
        /// Track name.
        track: String,
        /// Row in its lane.
        index: usize,
        /// Its start.
        at_ns: i64,
    },
    /// Two slices of a lane share time, or stand in the wrong order.
    #[error("slices {index} and {} of track \"{track}\" overlap at {at_ns} ns", index + 1)]
    Overlap {
        /// Track name.
        track: String,
        /// Row of the first of the two.
        index: usize,
        /// Start of the second.
        at_ns: i64,
    },
    /// A time with which nothing could be reckoned.
    #[error("{of} has a time further than 73 years from the base time, {at_ns} ns")]
    Beyond {
        /// Track or counter.
        of: String,
        /// The time.
        at_ns: i64,
    },
    /// An id points nowhere.
    #[error("{what} {id} does not exist")]
    Dangling {
        /// Which id.
        what: &'static str,
        /// Its value.
        id: u32,
    },
    /// Arrows or samples stand in the wrong order.
    #[error("{of} are not in order")]
    Unsorted {
        /// What.
        of: String,
    },
}

/// Every invariant, the cheap ones first.
pub(super) fn check(parts: &TraceParts) -> Result<(), BuildError> {
    tracks(&parts.tracks, &parts.lanes)?;
    for lane in &parts.lanes {
        times(lane, &parts.tracks)?;
        ids(lane, parts.labels.len(), parts.args.len())?;
    }
    flows(&parts.flows, &parts.lanes)?;
    parts.counters.iter().try_for_each(counter)
}

fn tracks(tracks: &[Track], lanes: &[Lane]) -> Result<(), BuildError> {
    let mut listed = vec![false; lanes.len()];
    for (index, track) in tracks.iter().enumerate() {
        match track.parent {
            Some(parent) if parent.0 as usize >= tracks.len() => {
                return Err(BuildError::Dangling { what: "track", id: parent.0 });
            }
            Some(parent) if parent.0 as usize >= index => {
                let track = index as u32;
                return Err(BuildError::ParentAfterChild { track, parent: parent.0 });
            }
            _ => {}
        }
        for id in &track.lanes {
            let Some(lane) = lanes.get(id.0 as usize) else {
                return Err(BuildError::Dangling { what: "lane", id: id.0 });
            };
            let again = std::mem::replace(&mut listed[id.0 as usize], true);
            if again || lane.track.0 as usize != index {
                return Err(BuildError::LaneOwner { lane: id.0 });
            }
        }
    }
    match listed.iter().position(|&listed| !listed) {
        Some(lane) => Err(BuildError::LaneOwner { lane: lane as u32 }),
        None => Ok(()),
    }
}

/// Columns of one length; slices in order, disjoint, none backwards. The lane's track exists.
fn times(lane: &Lane, tracks: &[Track]) -> Result<(), BuildError> {
    let slices = &lane.slices;
    let name = || tracks[lane.track.0 as usize].name.clone();
    let (starts, ends) = (&slices.start_ns[..], &slices.end_ns[..]);
    let n = starts.len();
    if !slices.is_rectangular() {
        return Err(BuildError::Columns { of: format!("track \"{}\"", name()) });
    }
    if let Some(index) = (0..n).find(|&row| ends[row] < starts[row]) {
        return Err(BuildError::Backwards { track: name(), index, at_ns: starts[index] });
    }
    match (1..n).find(|&row| starts[row] < ends[row - 1]) {
        Some(row) => Err(BuildError::Overlap { track: name(), index: row - 1, at_ns: starts[row] }),
        None => within(|| format!("track \"{}\"", name()), starts, ends),
    }
}

/// Times in order lie within what a trace may hold when the first and the last do.
fn within(of: impl Fn() -> String, first: &[i64], last: &[i64]) -> Result<(), BuildError> {
    let ends = first.first().into_iter().chain(last.last());
    match ends.copied().find(|&at_ns| !is_time(at_ns)) {
        Some(at_ns) => Err(BuildError::Beyond { of: of(), at_ns }),
        None => Ok(()),
    }
}

fn ids(lane: &Lane, num_labels: usize, num_rows: usize) -> Result<(), BuildError> {
    if let Some(label) = lane.slices.label.iter().find(|label| label.0 as usize >= num_labels) {
        return Err(BuildError::Dangling { what: "label", id: label.0 });
    }
    let points_nowhere = |id: &&ArgsId| **id != ArgsId::NONE && id.0 as usize >= num_rows;
    match lane.slices.args.iter().find(points_nowhere) {
        Some(id) => Err(BuildError::Dangling { what: "row of arguments", id: id.0 }),
        None => Ok(()),
    }
}

fn flows(flows: &[Flow], lanes: &[Lane]) -> Result<(), BuildError> {
    for end in flows.iter().flat_map(|flow| [flow.from, flow.to]) {
        slice(end, lanes)?;
    }
    if flows.is_sorted_by_key(|flow| flow.from) {
        return Ok(());
    }
    Err(BuildError::Unsorted { of: "arrows".to_owned() })
}

/// The slice exists.
pub(super) fn slice(end: SliceRef, lanes: &[Lane]) -> Result<(), BuildError> {
    match lanes.get(end.lane.0 as usize) {
        None => Err(BuildError::Dangling { what: "lane", id: end.lane.0 }),
        Some(lane) if end.index as usize >= lane.slices.len() => {
            Err(BuildError::Dangling { what: "slice", id: end.index })
        }
        Some(_) => Ok(()),
    }
}

fn counter(series: &CounterSeries) -> Result<(), BuildError> {
    if series.at_ns.len() != series.value.len() {
        return Err(BuildError::Columns { of: format!("counter \"{}\"", series.name) });
    }
    if series.at_ns.is_sorted() {
        let of = || format!("counter \"{}\"", series.name);
        return within(of, &series.at_ns, &series.at_ns);
    }
    Err(BuildError::Unsorted { of: format!("samples of counter \"{}\"", series.name) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        FlowKind, Label, LabelId, LaneId, Meta, Provenance, SliceTable, Span, Trace, TrackId,
        TrackKind,
    };

    /// Two tracks, the second below the first with one lane of two slices, an arrow between them and a counter.
    fn valid() -> TraceParts {
        let mut parts =
            TraceParts::new(Meta::new("valid", Provenance::Modelled { source: "test".into() }));
        let track =
            |parent, lanes| Track { parent, name: "t".into(), kind: TrackKind::Group, lanes };
        parts.tracks = vec![track(None, vec![]), track(Some(TrackId(0)), vec![LaneId(0)])];
        parts.labels.push(Label::default());
        let args = parts.args.push([("a", crate::ArgValue::Int(1))]);
        let mut slices = SliceTable::default();
        slices.push(Span::new(0, 10), LabelId(0), args, 0);
        slices.push(Span::new(10, 10), LabelId(0), ArgsId::NONE, 0);
        parts.lanes.push(Lane { track: TrackId(1), slices });
        let at = |index| SliceRef { lane: LaneId(0), index };
        parts.flows = [(0, 1), (1, 0)]
            .map(|(from, to)| Flow { from: at(from), to: at(to), kind: FlowKind::Dependency })
            .into();
        let (at_ns, value) = (vec![1, 2], vec![0.5, 1.5]);
        parts.counters.push(CounterSeries { at_ns, value, ..CounterSeries::default() });
        parts
    }

    #[test]
    fn valid_parts_make_a_trace_and_come_back() {
        let parts = valid();
        assert_eq!(Trace::checked(parts.clone()).expect("valid").into_parts(), parts);
    }

    /// One thing wrong each, and the error that must name it.
    #[test]
    fn each_invariant_is_held() {
        type Spoil = fn(&mut TraceParts);
        let cases: [(Spoil, &str); 17] = [
            (|p| p.tracks[0].parent = Some(TrackId(1)), "track 0 comes before its parent 1"),
            (|p| p.tracks[1].parent = Some(TrackId(1)), "track 1 comes before its parent 1"),
            (|p| p.tracks[1].parent = Some(TrackId(2)), "track 2 does not exist"),
            (|p| p.tracks[1].lanes.push(LaneId(1)), "lane 1 does not exist"),
            (|p| p.tracks[1].lanes.push(LaneId(0)), "lane 0 is not listed once"),
            (|p| p.tracks[1].lanes.clear(), "lane 0 is not listed once"),
            (|p| p.lanes[0].track = TrackId(0), "lane 0 is not listed once"),
            (|p| p.lanes[0].slices.item.truncate(1), "columns of track \"t\" differ"),
            (|p| p.lanes[0].slices.end_ns[0] = -1, "slice 0 of track \"t\" ends before"),
            (|p| p.lanes[0].slices.end_ns[0] = 11, "slices 0 and 1 of track \"t\" overlap"),
            (|p| p.lanes[0].slices.end_ns[1] = i64::MAX, "track \"t\" has a time further"),
            (|p| p.counters[0].at_ns[0] = i64::MIN, "counter \"\" has a time further"),
            (|p| p.lanes[0].slices.label[1] = LabelId(1), "label 1 does not exist"),
            (|p| p.lanes[0].slices.args[1] = ArgsId(1), "row of arguments 1 does not exist"),
            (|p| p.flows[1].to.index = 2, "slice 2 does not exist"),
            (|p| p.flows.swap(0, 1), "arrows are not in order"),
            (|p| p.counters[0].at_ns.reverse(), "samples of counter \"\" are not in order"),
        ];
        for (spoil, expected) in cases {
            let mut parts = valid();
            spoil(&mut parts);
            let error = Trace::checked(parts).expect_err(expected).to_string();
            assert!(error.starts_with(expected), "{error:?} instead of {expected:?}");
        }
        let mut parts = valid();
        parts.counters[0].value.push(0.0);
        let error = Trace::checked(parts).expect_err("three values for two times");
        assert_eq!(error.to_string(), "columns of counter \"\" differ in length");
        let mut parts = valid();
        parts.flows[0].from.lane = LaneId(7);
        let error = Trace::checked(parts).expect_err("one lane");
        assert_eq!(error.to_string(), "lane 7 does not exist");
    }
}
