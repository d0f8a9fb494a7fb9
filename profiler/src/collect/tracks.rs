//! The track tree of a run, and the way from a record to its lane.

use std::collections::BTreeMap;

use weftscope_engine::plan::{Plan, StreamId};
use weftscope_traces::{LaneId, TraceBuilder, TrackId, TrackKind};

const NO_LANE: u32 = u32::MAX;

/// Tracks of every rank: marks, streams, SMs.
pub(super) struct Tracks {
    ranks: Vec<RankTracks>,
    sms: usize,
    /// Slots a row of `slot_lane` has room for.
    slots: usize,
    /// `[(rank · sms + sm) · slots + slot]` → index into `block_lanes`, or `NO_LANE`: lanes appear with their
    /// first block.
    slot_lane: Vec<u32>,
    sm_tracks: Vec<TrackId>,
    /// Every lane in `slot_lane`, in order of appearance.
    block_lanes: Vec<LaneId>,
    /// Rows to reserve in a new lane, so that columns seldom grow (growing copies them).
    rows_a_lane: usize,
}

pub(super) struct RankTracks {
    /// The rank's own track.
    pub(super) root: TrackId,
    /// Lanes of iterations, layers and phases.
    pub(super) marks: [LaneId; 3],
    pub(super) streams: BTreeMap<StreamId, TrackId>,
}

impl Tracks {
    /// Declares all tracks; every SM gets its row even when no block ever lands on it.
    pub(super) fn declare(builder: &mut TraceBuilder, plan: &Plan) -> Self {
        let gpu = &plan.spec.machine.gpu;
        let mut streams: Vec<StreamId> = plan.ops.iter().map(|op| op.stream).collect();
        streams.push(StreamId::COMPUTE);
        streams.sort_unstable();
        streams.dedup();
        let mut ranks = Vec::new();
        let mut sm_tracks = Vec::new();
        for rank in 0..plan.ranks {
            let root = builder.track(None, format!("rank {rank}"), TrackKind::Rank { rank });
            let marks = TrackKind::Marks { rank: Some(rank) };
            let marks = builder.track(Some(root), "iterations, layers, phases", marks);
            let marks = [builder.lane(marks), builder.lane(marks), builder.lane(marks)];
            let streams = streams
                .iter()
                .map(|&id| {
                    let kind = TrackKind::Stream { rank, stream: u32::from(id.0) };
                    (id, builder.track(Some(root), id.name(), kind))
                })
                .collect();
            for sm in 0..gpu.sms {
                let kind = TrackKind::Sm { rank, sm };
                sm_tracks.push(builder.track(Some(root), format!("SM {sm}"), kind));
            }
            ranks.push(RankTracks { root, marks, streams });
        }
        let slots = gpu.blocks_per_sm.max(1) as usize;
        let slot_lane = vec![NO_LANE; sm_tracks.len() * slots];
        // Most kernels have two blocks an SM, so an SM's blocks spread over about two slots.
        let blocks: usize = plan.ops.iter().map(|op| op.grid as usize).sum();
        let rows_a_lane = blocks / (2 * gpu.sms.max(1) as usize);
        Self {
            ranks,
            sms: gpu.sms as usize,
            slots,
            slot_lane,
            sm_tracks,
            block_lanes: Vec::new(),
            rows_a_lane,
        }
    }

    pub(super) fn num_ranks(&self) -> usize {
        self.ranks.len()
    }

    /// Lanes of thread blocks; a lane keeps its place in this list.
    pub(super) fn block_lanes(&self) -> &[LaneId] {
        &self.block_lanes
    }

    pub(super) fn rank(&self, rank: usize) -> Option<&RankTracks> {
        self.ranks.get(rank)
    }

    /// The lane of a residency slot, as its index in [`block_lanes`](Self::block_lanes); `None` when the machine has no such rank, SM or slot.
    #[inline]
    pub(super) fn slot_lane(
        &mut self,
        builder: &mut TraceBuilder,
        rank: u16,
        sm: u16,
        slot: u8,
    ) -> Option<usize> {
        let (sm, slot) = (usize::from(sm), usize::from(slot));
        if sm >= self.sms || slot >= self.slots {
            return None;
        }
        let row = usize::from(rank) * self.sms + sm;
        match self.slot_lane.get(row * self.slots + slot) {
            None => None,
            Some(&NO_LANE) => Some(self.add_lanes(builder, row, slot)),
            Some(&lane) => Some(lane as usize),
        }
    }

    /// Adds the lane of `slot` and of those above it that never had a block, so that lane order is slot order.
    #[cold]
    fn add_lanes(&mut self, builder: &mut TraceBuilder, row: usize, slot: usize) -> usize {
        let mut last = NO_LANE;
        for slot in 0..=slot {
            let entry = &mut self.slot_lane[row * self.slots + slot];
            if *entry == NO_LANE {
                let lane = builder.lane(self.sm_tracks[row]);
                builder.slices_mut(lane).reserve(self.rows_a_lane);
                *entry = self.block_lanes.len() as u32;
                self.block_lanes.push(lane);
            }
            last = *entry;
        }
        last as usize
    }
}
