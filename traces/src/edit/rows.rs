//! Where the rows of one trace land among those of another: below them, or, for a later stage of the same rank, on them.

use std::collections::HashMap;

use crate::{CounterSeries, Lane, LaneId, SliceRef, SliceTable, Track, TrackId, TrackKind};

/// Rows of the whole so far.
#[derive(Debug, Default)]
pub(super) struct Rows {
    by_kind: HashMap<TrackKind, TrackId>,
    /// Headings by parent and name.
    groups: HashMap<(Option<TrackId>, String), TrackId>,
}

/// Where each lane of the added trace went: the lane, and how many slices it had before.
#[derive(Debug, Default)]
pub(super) struct Moved {
    lanes: Vec<(LaneId, u32)>,
}

impl Moved {
    /// A slice of the added trace in the whole.
    pub(super) fn slice(&self, slice: SliceRef) -> SliceRef {
        let (lane, before) = self.lanes[slice.lane.0 as usize];
        SliceRef { lane, index: slice.index + before }
    }
}

impl Rows {
    /// Adds the rows of a trace, times and labels already those of the whole. `goes_on`: it is a later stage of ranks
    /// that are there, so a row of a kind that is there takes its slices, on the same lane where that is free by then.
    pub(super) fn add(
        &mut self,
        (tracks, lanes): (&mut Vec<Track>, &mut Vec<Lane>),
        (new_tracks, new_lanes): (Vec<Track>, Vec<Lane>),
        goes_on: bool,
    ) -> Moved {
        let mut ids: Vec<TrackId> = Vec::with_capacity(new_tracks.len());
        let mut slices: Vec<Option<SliceTable>> =
            new_lanes.into_iter().map(|lane| Some(lane.slices)).collect();
        let mut moved = vec![(LaneId(0), 0); slices.len()];
        for track in new_tracks {
            let parent = track.parent.map(|parent| ids[parent.0 as usize]);
            let known = goes_on.then(|| self.known(&track, parent)).flatten();
            let id = known.unwrap_or_else(|| {
                let id = TrackId(tracks.len() as u32);
                self.remember(&track, parent, id);
                tracks.push(Track { parent, lanes: Vec::new(), ..track.clone() });
                id
            });
            ids.push(id);
            for (depth, old) in track.lanes.iter().enumerate() {
                let Some(slices) = slices[old.0 as usize].take() else { continue };
                let own = &mut tracks[id.0 as usize].lanes;
                let at = known.and_then(|_| own.get(depth).copied()).filter(|&lane| {
                    let last = lanes[lane.0 as usize].slices.end_ns.last();
                    last.is_none_or(|&end| {
                        slices.start_ns.first().is_none_or(|&start| end <= start)
                    })
                });
                let lane = at.unwrap_or_else(|| {
                    let lane = LaneId(lanes.len() as u32);
                    lanes.push(Lane { track: id, slices: SliceTable::default() });
                    own.push(lane);
                    lane
                });
                let there = &mut lanes[lane.0 as usize].slices;
                moved[old.0 as usize] = (lane, there.len() as u32);
                append(there, slices);
            }
        }
        Moved { lanes: moved }
    }

    fn known(&self, track: &Track, parent: Option<TrackId>) -> Option<TrackId> {
        match track.kind {
            TrackKind::Group => self.groups.get(&(parent, track.name.clone())).copied(),
            _ => self.by_kind.get(&track.kind).copied(),
        }
    }

    fn remember(&mut self, track: &Track, parent: Option<TrackId>, id: TrackId) {
        match track.kind {
            TrackKind::Group => {
                self.groups.entry((parent, track.name.clone())).or_insert(id);
            }
            _ => _ = self.by_kind.entry(track.kind.clone()).or_insert(id),
        }
    }
}

fn append(there: &mut SliceTable, slices: SliceTable) {
    if there.is_empty() {
        *there = slices;
        return;
    }
    there.start_ns.extend(slices.start_ns);
    there.end_ns.extend(slices.end_ns);
    there.label.extend(slices.label);
    there.args.extend(slices.args);
    there.item.extend(slices.item);
}

/// Adds a series, behind the one it goes on with where there is one.
pub(super) fn add_counter(counters: &mut Vec<CounterSeries>, series: CounterSeries, goes_on: bool) {
    let goes_on_with = |other: &&mut CounterSeries| {
        goes_on
            && (&other.name, &other.unit, other.rank) == (&series.name, &series.unit, series.rank)
            && other.at_ns.last() < series.at_ns.first()
    };
    match counters.iter_mut().find(goes_on_with) {
        Some(other) => {
            other.at_ns.extend(series.at_ns);
            other.value.extend(series.value);
        }
        None => counters.push(series),
    }
}
