//! Layouts of NCCL's profiler plugin, versions 4 (NCCL 2.27) to 6 (2.29). What is read of an event's description lies at the
//! same place in all of them.

use std::ffi::{c_char, c_int, c_void};

/// `ncclProfileColl`: a collective is enqueued.
pub const COLLECTIVE: u64 = 1 << 1;
/// `ncclProfileKernelCh`: a channel of a kernel has begun.
pub const CHANNEL: u64 = 1 << 6;
/// `ncclProfileKernelLaunch`, since version 5: a kernel is about to be launched.
pub const LAUNCH: u64 = 1 << 11;
/// `ncclProfilerKernelChStop`: when a channel ended.
pub const CHANNEL_STOP: c_int = 22;
/// `ncclSuccess`.
pub const SUCCESS: c_int = 0;

/// What every description begins with.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// The type: in version 4 the lowest byte alone.
    pub kind: u64,
    /// What `start` gave for the event above this one.
    pub parent: *const c_void,
    /// Rank.
    pub rank: c_int,
}

/// A channel's description.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ChannelEvent {
    /// Of every description.
    pub head: Head,
    /// Number of the channel.
    pub channel: u8,
    /// `%globaltimer` when it began.
    pub start_device_ns: u64,
}

const _: () = assert!(std::mem::offset_of!(ChannelEvent, channel) == 24);
const _: () = assert!(std::mem::offset_of!(ChannelEvent, start_device_ns) == 32);

/// A collective's description, as far as it is read.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CollectiveEvent {
    /// Of every description.
    pub head: Head,
    /// The same on all ranks for the same collective of a communicator and function.
    pub sequence: u64,
    /// E.g. `AllReduce`.
    pub function: *const c_char,
    /// Buffer.
    pub send: *const c_void,
    /// Buffer.
    pub receive: *const c_void,
    /// Elements.
    pub count: usize,
    /// Of a broadcast or reduction to one.
    pub root: c_int,
    /// E.g. `ncclBfloat16`.
    pub datatype: *const c_char,
    /// Channels.
    pub channels: u8,
    /// Warps a channel.
    pub warps: u8,
    /// E.g. `RING`.
    pub algorithm: *const c_char,
    /// E.g. `SIMPLE`.
    pub protocol: *const c_char,
}

const _: () = assert!(std::mem::offset_of!(CollectiveEvent, sequence) == 24);
const _: () = assert!(std::mem::offset_of!(CollectiveEvent, count) == 56);
const _: () = assert!(std::mem::offset_of!(CollectiveEvent, datatype) == 72);
const _: () = assert!(std::mem::offset_of!(CollectiveEvent, channels) == 80);
const _: () = assert!(std::mem::offset_of!(CollectiveEvent, protocol) == 96);

/// `init` of version 4.
pub type Init4 = unsafe extern "C" fn(
    context: *mut *mut c_void,
    mask: *mut c_int,
    name: *const c_char,
    communicator: u64,
    nodes: c_int,
    ranks: c_int,
    rank: c_int,
    log: *const c_void,
) -> c_int;

/// `init` of versions 5 and 6.
pub type Init5 = unsafe extern "C" fn(
    context: *mut *mut c_void,
    communicator: u64,
    mask: *mut c_int,
    name: *const c_char,
    nodes: c_int,
    ranks: c_int,
    rank: c_int,
    log: *const c_void,
) -> c_int;

/// A plugin's table; versions differ in `init`.
#[repr(C)]
#[derive(Debug)]
pub struct Table<Init> {
    /// What NCCL calls it in its log.
    pub name: *const c_char,
    /// A communicator is made.
    pub init: Init,
    /// Something begins.
    pub start: unsafe extern "C" fn(*mut c_void, *mut *mut c_void, *const Head) -> c_int,
    /// Something ends.
    pub stop: unsafe extern "C" fn(*mut c_void) -> c_int,
    /// Something is at another stage.
    pub record: unsafe extern "C" fn(*mut c_void, c_int, *mut c_void) -> c_int,
    /// A communicator goes.
    pub finalize: unsafe extern "C" fn(*mut c_void) -> c_int,
}

// SAFETY: a constant table of functions and of a text that lives for ever.
unsafe impl<Init> Sync for Table<Init> {}
