//! Tracks and lanes of a file while it is read: slices come in pieces, arrows name rows of the file.
//!
//! A piece may be lost with a damaged chunk, so a row of the file and a row here may differ.

use super::bytes::Get;
use crate::model::is_time;
use crate::{ArgsId, Flow, FlowKind, LabelId, Lane, LaneId, SliceRef, SliceTable, Track, TrackId};

/// The tracks, and their lanes as far as they are read.
pub(super) struct Lanes {
    pub(super) tracks: Vec<Track>,
    pub(super) lanes: Vec<Lane>,
    /// Per lane, in order of rows.
    pieces: Vec<Vec<Piece>>,
}

/// Where a piece of slices lies.
struct Piece {
    /// Row of its first slice in the file.
    in_file: u32,
    /// Row of its first slice here.
    here: u32,
}

impl Lanes {
    /// Empty lanes for the tracks of a TRACKS chunk; `None` when parents or lanes do not fit together.
    pub(super) fn of_json(payload: &[u8]) -> Option<Self> {
        let tracks: Vec<Track> = serde_json::from_slice(payload).ok()?;
        let num_lanes: usize = tracks.iter().map(|track| track.lanes.len()).sum();
        let mut owners: Vec<Option<TrackId>> = vec![None; num_lanes];
        for (index, track) in tracks.iter().enumerate() {
            if track.parent.is_some_and(|parent| parent.0 as usize >= index) {
                return None;
            }
            for lane in &track.lanes {
                let owner = owners.get_mut(lane.0 as usize)?;
                if owner.replace(TrackId(index as u32)).is_some() {
                    return None;
                }
            }
        }
        let empty =
            |owner: Option<TrackId>| Some(Lane { track: owner?, slices: SliceTable::default() });
        let lanes = owners.into_iter().map(empty).collect::<Option<_>>()?;
        let pieces = (0..num_lanes).map(|_| Vec::new()).collect();
        Some(Self { tracks, lanes, pieces })
    }

    /// Takes in a SLICES chunk; gives the number of slices whose arguments are lost.
    pub(super) fn slices(
        &mut self,
        input: &mut Get<'_>,
        label_of: impl FnMut(u32) -> Option<LabelId>,
        num_rows: u32,
    ) -> Option<u64> {
        let lane = input.u32()? as usize;
        let in_file = input.u32()?;
        let n = input.len()?;
        let start_ns = input.deltas(n)?;
        let durations = input.column(n)?;
        let label: Vec<LabelId> =
            input.column_u32(n)?.into_iter().map(label_of).collect::<Option<_>>()?;
        let args = input.column_u32(n)?;
        let item = input.column_u32(n)?;
        let end_ns: Vec<i64> = start_ns
            .iter()
            .zip(durations)
            .map(|(start, duration)| start.wrapping_add(duration as i64))
            .collect();
        let slices = &mut self.lanes.get_mut(lane)?.slices;
        let before = slices.end_ns.last().copied().unwrap_or(i64::MIN);
        let ends = std::iter::once(&before).chain(&end_ns);
        let disjoint = start_ns.iter().zip(ends).all(|(start, previous)| previous <= start)
            && start_ns.iter().zip(&end_ns).all(|(start, end)| start <= end);
        let ends = start_ns.first().into_iter().chain(end_ns.last());
        if !disjoint || !input.is_done() || !ends.copied().all(is_time) {
            return None;
        }
        let here = u32::try_from(slices.len()).ok()?;
        let pieces = &mut self.pieces[lane];
        // Pieces must come in order of rows, or looking a row up among them would find a wrong one.
        let taken =
            pieces.last().map_or(0, |last| u64::from(last.in_file) + u64::from(here - last.here));
        if u64::from(in_file) < taken {
            return None;
        }
        pieces.push(Piece { in_file, here });
        let mut args_lost = 0;
        slices.start_ns.extend(start_ns);
        slices.end_ns.extend(end_ns);
        slices.label.extend(label);
        slices.args.extend(args.into_iter().map(|id| match id.checked_sub(1) {
            Some(row) if row < num_rows => ArgsId(row),
            Some(_) => {
                args_lost += 1;
                ArgsId::NONE
            }
            None => ArgsId::NONE,
        }));
        slices.item.extend(item);
        Some(args_lost)
    }

    /// Appends a FLOWS chunk to `flows`; gives the number of arrows whose slices are lost.
    pub(super) fn flows(&self, input: &mut Get<'_>, flows: &mut Vec<Flow>) -> Option<u64> {
        let n = input.len()?;
        let from = self.ends(input, n)?;
        let to = self.ends(input, n)?;
        let kinds = input.column_u32(n)?;
        let kinds: Vec<FlowKind> = kinds.into_iter().map(flow_kind).collect::<Option<_>>()?;
        if !input.is_done() {
            return None;
        }
        let mut lost = 0;
        for ((from, to), kind) in from.into_iter().zip(to).zip(kinds) {
            match (from, to) {
                (Some(from), Some(to)) => flows.push(Flow { from, to, kind }),
                _ => lost += 1,
            }
        }
        Some(lost)
    }

    fn ends(&self, input: &mut Get<'_>, n: usize) -> Option<Vec<Option<SliceRef>>> {
        let lanes = input.column_u32(n)?;
        let rows = input.column_u32(n)?;
        let end = |(lane, index)| self.here(SliceRef { lane: LaneId(lane), index });
        Some(lanes.into_iter().zip(rows).map(end).collect())
    }

    /// Where a slice of the file lies here; `None` when its piece is lost.
    fn here(&self, in_file: SliceRef) -> Option<SliceRef> {
        let lane = in_file.lane.0 as usize;
        let pieces = self.pieces.get(lane)?;
        let after = pieces.partition_point(|piece| piece.in_file <= in_file.index);
        let piece = pieces.get(after.checked_sub(1)?)?;
        let index = piece.here.checked_add(in_file.index - piece.in_file)?;
        let end = match pieces.get(after) {
            Some(next) => next.here as usize,
            None => self.lanes[lane].slices.len(),
        };
        ((index as usize) < end).then_some(SliceRef { lane: in_file.lane, index })
    }
}

fn flow_kind(code: u32) -> Option<FlowKind> {
    match code {
        0 => Some(FlowKind::Dependency),
        1 => Some(FlowKind::Launch),
        2 => Some(FlowKind::Imported),
        _ => None,
    }
}
