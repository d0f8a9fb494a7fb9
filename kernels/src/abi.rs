//! Structs that kernels and host share. Sizes and offsets are checked here and, by `static_assert`, in `cuda/`.

use std::mem::{offset_of, size_of};

/// Preprocessor definition that turns the stamps on; without it they are compiled out.
pub const STAMPS: &str = "WEFT_STAMPS";

/// One interval of device time. Times are raw `%globaltimer` nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Stamp {
    /// First nanosecond.
    pub start_ns: u64,
    /// Last nanosecond.
    pub end_ns: u64,
    /// Plan-wide id of the op, given at launch.
    pub op: u32,
    /// Tile, first row or block: what `kind` says.
    pub item: u32,
    /// `%smid`.
    pub sm: u16,
    /// A [`StampKind`].
    pub kind: u16,
    /// What `kind` says: k-steps, rows, epoch.
    pub aux: u32,
}

/// What a stamp is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum StampKind {
    /// One output tile; item = tile, aux = k-steps.
    Tile = 1,
    /// A block's share of token rows; item = first row, aux = rows.
    Rows = 2,
    /// Waiting at the entry barrier; item = block, aux = epoch.
    BarrierEntry = 3,
    /// Waiting at the exit barrier; item = block, aux = epoch.
    BarrierExit = 4,
    /// A whole block; item = block.
    Block = 5,
    /// A moment before (item 0) or after (item 1) kernels that write no stamps; start = end.
    Mark = 6,
}

impl StampKind {
    /// The kind with this number.
    pub fn from_raw(raw: u16) -> Option<Self> {
        Some(match raw {
            1 => Self::Tile,
            2 => Self::Rows,
            3 => Self::BarrierEntry,
            4 => Self::BarrierExit,
            5 => Self::Block,
            6 => Self::Mark,
            _ => return None,
        })
    }
}

/// Header of a stamp ring; `capacity` [`Stamp`]s follow it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub struct StampRing {
    /// Next free slot; may exceed `capacity`.
    pub cursor: u64,
    /// Stamps that found no slot.
    pub dropped: u64,
    /// Slots.
    pub capacity: u32,
    /// Zero.
    pub reserved: [u32; 11],
}

/// First error of a context.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub struct DeviceError {
    /// 0 none, 1 being written, 2 complete.
    pub state: u32,
    /// Plan-wide id of the op.
    pub op: u32,
    /// Block that gave up.
    pub block: u32,
    /// An [`ErrorCode`].
    pub what: u32,
    /// Rank waited for, or `u32::MAX`.
    pub peer: u32,
    /// What the code says.
    pub detail: u32,
    /// `%globaltimer` when it gave up.
    pub time_ns: u64,
    /// Zero.
    pub reserved: [u32; 8],
}

/// Why a kernel gave up waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ErrorCode {
    /// A barrier inside the block did not complete in time.
    Pipeline = 1,
    /// A peer did not enter.
    BarrierEntry = 2,
    /// A peer did not finish.
    BarrierExit = 3,
}

/// Ranks that a peer-to-peer kernel can address.
pub const MAX_RANKS: usize = 8;

/// Words of one block's signal pad.
pub const PAD_WORDS: usize = 32;

/// The ranks' buffers, as addresses valid on the device that gets the struct.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(16))]
pub struct Peers {
    /// `[rows, hidden]` bf16, by rank.
    pub hidden: [u64; MAX_RANKS],
    /// `[blocks, PAD_WORDS]` u32, zeroed once, by rank.
    pub pads: [u64; MAX_RANKS],
    /// Own rank.
    pub rank: u32,
    /// Number of ranks.
    pub ranks: u32,
    /// Zero.
    pub reserved: [u32; 2],
}

const _: () = {
    assert!(
        size_of::<Stamp>() == 32 && offset_of!(Stamp, sm) == 24 && offset_of!(Stamp, aux) == 28
    );
    assert!(size_of::<StampRing>() == 64 && offset_of!(StampRing, capacity) == 16);
    assert!(size_of::<DeviceError>() == 64 && offset_of!(DeviceError, time_ns) == 24);
    assert!(size_of::<Peers>() == 144 && offset_of!(Peers, rank) == 128);
};
