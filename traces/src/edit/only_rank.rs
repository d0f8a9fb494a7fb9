//! One rank out of a trace.

use std::ops::Range;

use crate::{
    BuildError, Diagnostics, Flow, Lane, LaneId, SliceRef, SliceTable, Trace, TraceParts, Track,
    TrackId, TrackKind,
};

/// The tracks, counters and arrows of `rank` and of no rank; arrows to other ranks are counted as left out.
///
/// Labels and arguments are kept whole, so that ids stay what they are.
///
/// # Errors
/// None that a trace could cause; the parts are checked as any.
pub fn only_rank(trace: &Trace, rank: u32) -> Result<Trace, BuildError> {
    let one = only_ranks(trace, rank..rank + 1)?;
    Ok(one.with_meta(|meta| meta.provenance = meta.provenance.of_rank(Some(rank))))
}

/// The same of several ranks, whose provenance is that of the whole.
///
/// # Errors
/// As [`only_rank`].
pub fn only_ranks(trace: &Trace, ranks: Range<u32>) -> Result<Trace, BuildError> {
    let belongs = |kind: &TrackKind| kind.rank().is_none_or(|of| ranks.contains(&of));
    let keep: Vec<bool> = trace.tracks.iter().map(|track| belongs(&track.kind)).collect();
    let mut tracks: Vec<Track> = Vec::new();
    let mut lanes: Vec<Lane> = Vec::new();
    let mut new_track: Vec<Option<TrackId>> = vec![None; trace.tracks.len()];
    let mut new_lane: Vec<Option<LaneId>> = vec![None; trace.lanes.len()];
    for (index, track) in trace.tracks.iter().enumerate().filter(|&(index, _)| keep[index]) {
        let id = TrackId(tracks.len() as u32);
        new_track[index] = Some(id);
        let mut own = Vec::new();
        for lane in &track.lanes {
            let slices: SliceTable = trace.lane(*lane).slices.clone();
            let new = LaneId(lanes.len() as u32);
            new_lane[lane.0 as usize] = Some(new);
            own.push(new);
            lanes.push(Lane { track: id, slices });
        }
        // A parent of another rank cannot be; if one were, the track would stand at the root.
        let parent = track.parent.and_then(|parent| new_track[parent.0 as usize]);
        tracks.push(Track {
            parent,
            name: track.name.clone(),
            kind: track.kind.clone(),
            lanes: own,
        });
    }
    let mut diagnostics: Diagnostics = trace.diagnostics.clone();
    let end = |end: SliceRef| Some(SliceRef { lane: new_lane[end.lane.0 as usize]?, ..end });
    let mut flows: Vec<Flow> = Vec::new();
    let mut left_out = 0;
    for flow in &trace.flows {
        match (end(flow.from), end(flow.to)) {
            (Some(from), Some(to)) => flows.push(Flow { from, to, kind: flow.kind }),
            (None, None) => {}
            _ => left_out += 1,
        }
    }
    flows.sort_by_key(|flow| (flow.from, flow.to));
    diagnostics.count("arrows to other ranks, not in this rank's file", left_out);
    let mut meta = trace.meta.clone();
    meta.ranks.retain(|info| ranks.contains(&info.rank));
    let of_rank = |of: Option<u32>| of.is_none_or(|of| ranks.contains(&of));
    Trace::checked(TraceParts {
        meta,
        tracks,
        lanes,
        labels: trace.labels.clone(),
        args: trace.args.clone(),
        counters: trace.counters.iter().filter(|c| of_rank(c.rank)).cloned().collect(),
        flows,
        diagnostics,
    })
}

/// The ranks of a trace, by its tracks and its meta data, ascending.
pub fn ranks(trace: &Trace) -> Vec<u32> {
    ranks_of(trace)
}

/// The same of what is no trace yet.
pub(super) fn ranks_of(trace: &TraceParts) -> Vec<u32> {
    let of_tracks = trace.tracks.iter().filter_map(|track| track.kind.rank());
    let of_meta = trace.meta.ranks.iter().map(|info| info.rank);
    let mut ranks: Vec<u32> = of_tracks.chain(of_meta).collect();
    ranks.sort_unstable();
    ranks.dedup();
    ranks
}
