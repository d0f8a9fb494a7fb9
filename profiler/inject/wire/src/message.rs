//! The messages.
//!
//! Times are ns of one of three clocks, told by the end of the name: `_device_ns` is `%globaltimer` of the device, `_host_ns`
//! is `CLOCK_MONOTONIC` of the host, which all processes of a host share, `_cupti_ns` is CUPTI's, into which it has brought
//! the devices' times already.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ChannelRun, CopyRun, HostRange, KernelRun, Mark, MarkName, Range};

/// Version of these messages; both sides must speak the same.
pub const VERSION: u32 = 5;

/// How much of a program is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// Kernels and copies as CUPTI tells them.
    Kernels,
    /// As [`Kernels`](Self::Kernels), and the channels of NCCL's kernels.
    Channels,
    /// Every thread block of the kernels that are worth it, through the Compute Sanitizer's patches.
    Blocks,
}

impl Level {
    /// All, least first.
    pub const ALL: [Self; 3] = [Self::Kernels, Self::Channels, Self::Blocks];

    /// As typed on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernels => "kernels",
            Self::Channels => "channels",
            Self::Blocks => "blocks",
        }
    }

    /// The level of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// What a viewer asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Begin to record.
    Record,
    /// Tell what is recorded, which begins by itself: see [`Trigger`](crate::Trigger).
    Listen,
    /// From now on launches leave stamps, or none, while everything else goes on: what stamps cost is measured so. Known at
    /// [`Level::Blocks`].
    Stamp(bool),
    /// Record no more; what is under way is told to its end, then [`Reply::Stopped`] follows.
    Stop,
}

/// What the library says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// The first word on every connection.
    Hello(Hello),
    /// What happened, in order of telling.
    Events(Vec<Event>),
    /// Nothing more of this recording follows.
    Stopped,
}

/// Who is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`VERSION`] of the library.
    pub version: u32,
    /// Process.
    pub pid: u32,
    /// Its parent.
    pub parent_pid: u32,
    /// What was started, e.g. `["python", "serve.py"]`.
    pub command: Vec<String>,
    /// Those of its environment variables that may tell its rank.
    pub variables: Vec<(String, String)>,
    /// The level at which it can record; `None`: not at all.
    pub level: Option<Level>,
    /// Somebody is told what it records.
    pub is_watched: bool,
    /// GPUs that it uses, by name.
    pub gpus: Vec<String>,
    /// What is missing for more, and what to do, a sentence each.
    pub missing: Vec<String>,
    /// A reading of both of the host's clocks: `CLOCK_MONOTONIC`, and the Unix time at that moment, ns.
    pub monotonic_and_unix_ns: (i64, i64),
}

/// Something to record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A GPU that the program uses; before anything that names it.
    Device(Device),
    /// A kernel by its number; before the first launch that names it.
    Kernel(Kernel),
    /// A launch; before its blocks.
    Launch(Launch),
    /// The call that made a launch has returned.
    Returned {
        /// [`Launch::id`].
        launch: u64,
        /// When.
        at_host_ns: i64,
    },
    /// A graph was launched; after its nodes.
    Graph(GraphLaunch),
    /// A thread has waited for the GPU.
    Wait(Wait),
    /// From now on launches leave stamps, or none.
    Stamping {
        /// Whether.
        is_on: bool,
        /// When.
        at_host_ns: i64,
    },
    /// All thread blocks of a launch, by block index.
    Blocks {
        /// [`Launch::id`].
        launch: u64,
        /// One a block; those of a clock that never told are zero.
        stamps: Vec<BlockStamp>,
    },
    /// A communicator of NCCL's.
    Communicator(Communicator),
    /// A collective was launched.
    Collective(Collective),
    /// Kernels that have run, as CUPTI timed them; each [`Kernel`] before the first of these that names it.
    Kernels(Vec<KernelRun>),
    /// Copies that have run.
    Copies(Vec<CopyRun>),
    /// NVTX ranges that have ended, and marks.
    Ranges(Vec<Range>),
    /// The same at [`Level::Blocks`], where CUPTI is not.
    HostRange(HostRange),
    /// Channels of NCCL's kernels that have ended.
    Channels(Vec<ChannelRun>),
    /// What marks are called; before the first that has the name.
    MarkName(MarkName),
    /// Marks that kernels left.
    Marks(Vec<Mark>),
    /// A device's clock was read against the host's.
    Clock(Clock),
    /// CUPTI's clock was read against the host's: as [`Clock::readings`], in CUPTI's time.
    CuptiClock(Vec<(i64, i64, i64)>),
    /// A kernel's stamps cost more than the budget: launched by itself, it leaves none from then on.
    TooDear(TooDear),
    /// Something is missing from the recording.
    Lost {
        /// What and why.
        cause: String,
        /// How many.
        count: u64,
    },
    /// Something that the reader of the recording ought to know.
    Note(String),
}

/// A GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Number in its process.
    pub ordinal: u32,
    /// Marketing name.
    pub name: String,
    /// Streaming multiprocessors.
    pub sms: u32,
    /// Device memory.
    pub memory_bytes: u64,
    /// `(9, 0)`.
    pub compute_capability: (u32, u32),
    /// Where it sits, the same for all processes of a host; empty when not known.
    pub pci_address: String,
}

/// A kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// Number in its process.
    pub id: u32,
    /// Mangled name.
    pub name: String,
}

/// How a launch is stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stamping {
    /// Its blocks follow.
    Blocks,
    /// Its module is not patched: no rule asks for it.
    NotAsked,
    /// The module could not be patched.
    NotPatched,
    /// A node of a graph, in a launch before the device knew where such a node's stamps go.
    GraphNew,
    /// The ring had no room for its blocks.
    NoRoom,
    /// The Sanitizer refused to take the address for its stamps.
    Refused,
    /// Stamps of its kernel cost more than the budget.
    TooDear,
}

/// What the stamps of a kernel cost that leaves no more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TooDear {
    /// [`Kernel::id`].
    pub kernel: u32,
    /// Of its own time, estimated.
    pub share: f64,
    /// What all stamps took of the time of the kernels that left them.
    pub of_all: f64,
}

/// A launch of a kernel, or of a kernel's node in a graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// Number in its process, in order of launching.
    pub id: u64,
    /// [`Kernel::id`].
    pub kernel: u32,
    /// [`Device::ordinal`].
    pub device: u32,
    /// Number of the stream in its process.
    pub stream: u32,
    /// Thread blocks.
    pub grid: [u32; 3],
    /// Threads a block.
    pub block: [u32; 3],
    /// Blocks a cluster; zero or one: none.
    pub cluster: [u32; 3],
    /// When the launch was made.
    pub at_host_ns: i64,
    /// The thread that made it.
    pub tid: u32,
    /// Number of the launch of a graph that it is part of.
    pub graph: Option<u64>,
    /// Whether its blocks follow.
    pub stamping: Stamping,
}

/// A launch of a graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphLaunch {
    /// [`Launch::graph`] of its nodes.
    pub number: u64,
    /// The thread that made it.
    pub tid: u32,
    /// When the call began.
    pub at_host_ns: i64,
    /// When it returned.
    pub returned_host_ns: i64,
}

/// A call that waits for the GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// E.g. `cudaStreamSynchronize`.
    pub call: String,
    /// The thread that waited.
    pub tid: u32,
    /// When it began.
    pub at_host_ns: i64,
    /// When it returned.
    pub returned_host_ns: i64,
}

/// When and where a thread block ran. All zero: it never told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockStamp {
    /// Its first thread's first instruction.
    pub start_device_ns: u64,
    /// Its last thread's last instruction.
    pub end_device_ns: u64,
    /// Streaming multiprocessor.
    pub sm: u32,
}

/// A communicator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Communicator {
    /// The same on all its ranks.
    pub id: u64,
    /// What the program calls it; empty: nothing.
    pub name: String,
    /// Ranks in it.
    pub ranks: u32,
    /// This process's rank in it.
    pub rank: u32,
    /// [`Device::ordinal`] of the GPU that it was made for; `None`: not known.
    pub device: Option<u32>,
    /// Version of NCCL, e.g. 22803; `None`: not known.
    pub nccl: Option<u32>,
}

/// A collective, as NCCL's profiler interface tells it once its kernel is launched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collective {
    /// Number in its process.
    pub id: u64,
    /// [`KernelRun::correlation`] of the kernel that ran it; `None`: not known. Several that the program grouped have the same.
    pub correlation: Option<u32>,
    /// Told on a thread that launches no kernels of NCCL's, a callback of the driver's: a node of a graph, or held up behind one.
    pub is_late: bool,
    /// Told while its thread captured a graph: nothing ran then. Known at [`Level::Blocks`].
    pub is_captured: bool,
    /// [`Communicator::id`].
    pub communicator: u64,
    /// E.g. `AllReduce`.
    pub function: String,
    /// With communicator and function, the same on all ranks.
    pub sequence: u64,
    /// Elements.
    pub count: u64,
    /// Their type, e.g. `ncclBfloat16`.
    pub datatype: String,
    /// E.g. `RING`.
    pub algorithm: String,
    /// E.g. `SIMPLE`.
    pub protocol: String,
    /// Channels that it runs on, a thread block each.
    pub channels: u32,
    /// The thread that asked; its kernel is the one of NCCL's that this thread launched last.
    pub tid: u32,
    /// When.
    pub at_host_ns: i64,
}

/// Readings of a device's clock, each between two of the host's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// [`Device::ordinal`].
    pub device: u32,
    /// Device time, the middle of the host's two, and half their distance, ns.
    pub readings: Vec<(i64, i64, i64)>,
}
