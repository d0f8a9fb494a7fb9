use serde::{Deserialize, Serialize};

use super::LaneId;

/// Index into [`TraceParts::tracks`](super::TraceParts::tracks).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrackId(pub u32);

/// What a track stands for. Ranks are the roots of GPU tracks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TrackKind {
    /// One rank (GPU): parent of its streams, counters and SMs.
    Rank {
        /// Global rank.
        rank: u32,
    },
    /// A stream of a rank; slices are whole ops (kernels).
    Stream {
        /// Global rank.
        rank: u32,
        /// Stream number as the runtime or the plan numbers it.
        stream: u32,
    },
    /// One SM of a rank; lanes are slots, slices are thread blocks.
    Sm {
        /// Global rank.
        rank: u32,
        /// SM index, `0..DeviceInfo::sms`.
        sm: u32,
    },
    /// Iterations (lane 0), layers (lane 1) and phases (lane 2) of a rank, or of all when `rank` is `None`.
    Marks {
        /// Global rank.
        rank: Option<u32>,
    },
    /// A thread of a host process; lanes are nesting depth.
    HostThread {
        /// Rank whose process this is, when known.
        rank: Option<u32>,
        /// Process id.
        pid: u32,
        /// Thread id.
        tid: u32,
    },
    /// A second witness beside the streams: what the driver did, as its profiling interface tells it, or a row of a
    /// recorder that sums up others (XLA's modules beside its streams). Its slices repeat ops that the streams hold, so
    /// no figure counts them.
    Driver {
        /// Global rank.
        rank: u32,
        /// Number of the track among those of its rank.
        row: u32,
    },
    /// Stretches that a query answered, under a heading with the answer's name. They repeat or sum up what other rows
    /// hold, so no figure counts them.
    Answer {
        /// Global rank, where the answer says one.
        rank: Option<u32>,
        /// Number of the answer among those of the trace.
        answer: u32,
        /// Number of the row among those of its answer.
        row: u32,
    },
    /// A heading with no slices of its own.
    Group,
    /// What kernels say of themselves inside the thread blocks of an SM: phases, moments. They lie within what the SM's own
    /// row holds, so no figure counts them.
    Inside {
        /// Global rank.
        rank: u32,
        /// SM index, `0..DeviceInfo::sms`.
        sm: u32,
    },
}

impl TrackKind {
    /// The rank it belongs to.
    pub fn rank(&self) -> Option<u32> {
        match *self {
            Self::Rank { rank }
            | Self::Stream { rank, .. }
            | Self::Sm { rank, .. }
            | Self::Inside { rank, .. }
            | Self::Driver { rank, .. } => Some(rank),
            Self::Marks { rank } | Self::HostThread { rank, .. } | Self::Answer { rank, .. } => {
                rank
            }
            Self::Group => None,
        }
    }
}

/// A node of the track tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// Parent track; a parent has a smaller id than its children.
    pub parent: Option<TrackId>,
    /// Name as shown, e.g. `rank 3`, `compute stream`, `SM 17`.
    pub name: String,
    /// What it stands for.
    pub kind: TrackKind,
    /// Its lanes, top to bottom.
    pub lanes: Vec<LaneId>,
}
