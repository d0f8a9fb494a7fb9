//! What an executor reports of a run while it runs: ops and thread blocks with their times, counters, clocks.

use std::sync::Arc;

use crate::{
    clock::ClockFit,
    plan::{OpId, Plan},
};

/// What a block record stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum BlockPart {
    /// Useful work.
    Run = 0,
    /// Spinning at the entry barrier for a peer rank.
    WaitEntry = 1,
    /// Spinning at the exit barrier for a peer rank.
    WaitExit = 2,
}

/// One stretch of one thread block on one SM. 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct BlockRecord {
    /// First nanosecond, executor time.
    pub start_ns: i64,
    /// First nanosecond after.
    pub end_ns: i64,
    /// The op.
    pub op: OpId,
    /// Block (or tile, for persistent kernels) index in the op's grid.
    pub block: u32,
    /// The rank.
    pub rank: u16,
    /// The SM.
    pub sm: u16,
    /// Residency slot on the SM, from 0.
    pub slot: u8,
    /// What the stretch is.
    pub part: BlockPart,
}

/// One op on one rank, first block's start to last block's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpRecord {
    /// The op.
    pub op: OpId,
    /// The rank.
    pub rank: u32,
    /// First nanosecond, executor time.
    pub start_ns: i64,
    /// First nanosecond after.
    pub end_ns: i64,
}

/// A rate over time on one rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CounterRecord {
    /// Which quantity.
    pub counter: Counter,
    /// The rank.
    pub rank: u32,
    /// Time from which the value holds, executor time.
    pub at_ns: i64,
    /// Value in the counter's unit.
    pub value: f64,
}

/// The quantities executors sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Counter {
    /// Device memory traffic, GB/s.
    Hbm,
    /// Sent over links, GB/s.
    LinkTx,
    /// Received over links, GB/s.
    LinkRx,
    /// SMs with a block, percent.
    SmActive,
    /// Tensor pipe, percent.
    TensorActive,
    /// Rows of the expert that most tokens go to, as a multiple of the mean: from where an op multiplies them on.
    BusiestExpert,
}

impl Counter {
    /// Name and unit as shown.
    pub fn name_and_unit(self) -> (&'static str, &'static str) {
        match self {
            Self::Hbm => ("DRAM", "GB/s"),
            Self::LinkTx => ("link tx", "GB/s"),
            Self::LinkRx => ("link rx", "GB/s"),
            Self::SmActive => ("SM active", "%"),
            Self::TensorActive => ("tensor pipe", "%"),
            Self::BusiestExpert => ("busiest expert", "× mean"),
        }
    }
}

/// What the driver was doing during a [`LaunchRecord`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LaunchKind {
    /// A kernel on a GPU.
    Kernel,
    /// A copy, on one device, between two or to and from the host.
    Memcpy,
    /// Filling memory.
    Memset,
    /// A thread of the host, or a stream, that waits for a device.
    Synchronization,
    /// What profiling itself took.
    Overhead,
    /// A call of the host that launches, on this thread by the system's number. Without an op it launches all of its rank: a
    /// graph.
    Call {
        /// The thread.
        thread: u32,
    },
}

impl LaunchKind {
    /// Whether the host did it.
    pub fn is_call(self) -> bool {
        matches!(self, Self::Call { .. })
    }
}

/// A stretch of driver activity, as the profiling interface of the driver reports it: a second witness beside the
/// records that kernels write themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchRecord {
    /// What it is.
    pub kind: LaunchKind,
    /// The op whose launch caused it; `None` for what belongs to no op.
    pub op: Option<OpId>,
    /// The rank; `None` when it is the whole process's.
    pub rank: Option<u32>,
    /// The driver's own number of the stream, 0 when there is none.
    pub stream: u32,
    /// Name of the kernel, copy direction, or what is waited for or paid for.
    pub name: Arc<str>,
    /// Bytes copied or set.
    pub bytes: u64,
    /// First nanosecond, executor time.
    pub start_ns: i64,
    /// First nanosecond after.
    pub end_ns: i64,
}

/// How far times of a rank may be off.
#[derive(Clone, Debug, PartialEq)]
pub struct ClockResidual {
    /// The rank whose clock was mapped.
    pub rank: u32,
    /// The two clocks and how they were read, e.g. `GPU clock against rank 0's, over NVLink`.
    pub what: &'static str,
    /// 99th percentile of the distance between the readings and the map, ns.
    pub residual_p99_ns: i64,
    /// Readings that the map rests on.
    pub readings: u64,
    /// The map from the rank's own clock onto executor time, when the two clocks are those.
    pub map: Option<ClockFit>,
}

/// One iteration, when it is over.
#[derive(Clone, Debug, PartialEq)]
pub struct IterationEnd {
    /// Counted from 0 in a session.
    pub iteration: u64,
    /// First op's start over all ranks, executor time.
    pub start_ns: i64,
    /// Last op's end over all ranks, executor time.
    pub end_ns: i64,
    /// Records the executor could not deliver (ring overflow), by cause.
    pub lost: Vec<(&'static str, u64)>,
}

/// Receives a run. Within an iteration, records of one (rank, SM, slot) come in order of start.
///
/// Every method ignores what it receives by default; an observer implements what it wants to know.
pub trait Observer {
    /// An iteration of `plan` begins. `isolated_ns[op]` is the op's duration with the machine to itself, where known.
    fn begin(&mut self, _plan: &Arc<Plan>, _iteration: u64, _isolated_ns: &[Option<i64>]) {}
    /// Blocks ran.
    fn blocks(&mut self, _records: &[BlockRecord]) {}
    /// An op ran.
    fn op(&mut self, _record: OpRecord) {}
    /// Counters changed.
    fn counters(&mut self, _records: &[CounterRecord]) {}
    /// The driver did something. Only runs on GPUs under its profiling interface say so.
    fn launches(&mut self, _records: &[LaunchRecord]) {}
    /// How well the clocks agree by now; later residuals of the same rank and clocks replace earlier ones.
    fn clocks(&mut self, _residuals: &[ClockResidual]) {}
    /// The iteration is over.
    fn end(&mut self, _end: &IterationEnd) {}
}

/// Is notified of every launch when it is made, on the launching thread, so that it can be told from others later.
///
/// Iterations are launched in order, and the ops of each in order of their ids, rank by rank.
pub trait LaunchWatch: std::fmt::Debug + Send {
    /// Nothing runs, and one or several iterations are about to be launched.
    fn begin(&mut self) {}
    /// What the thread asks of the driver from now on belongs to `op` of `rank`.
    fn before(&mut self, rank: u32, op: OpId);
    /// What the thread adds to a graph from now on belongs to `op`, whenever the graph is launched.
    fn capturing(&mut self, op: OpId);
    /// The thread launches the graph of an iteration of `rank`: what it causes belongs to the ops that its nodes were
    /// [captured](Self::capturing) for.
    fn before_graph(&mut self, rank: u32);
    /// No longer.
    fn after(&mut self);
    /// Everything launched has ended.
    fn end(&mut self) {}
}

/// Keeps the ops of rank 0: for runs of which one rank tells enough.
#[derive(Clone, Debug, Default)]
pub(crate) struct RankZeroOps(pub(crate) Vec<OpRecord>);

impl Observer for RankZeroOps {
    fn op(&mut self, record: OpRecord) {
        if record.rank == 0 {
            self.0.push(record);
        }
    }
}

/// Ignores everything: for runs of which only the time matters.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullObserver;

impl Observer for NullObserver {}
