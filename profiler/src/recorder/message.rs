use std::{sync::Arc, time::Duration};

use weftscope_engine::{
    executor::ExecutorInfo,
    observer::{BlockRecord, ClockResidual, CounterRecord, IterationEnd, LaunchRecord, OpRecord},
    plan::Plan,
};

/// What happens when the channel is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The executor waits: right for simulated time, which does not pass meanwhile.
    Wait,
    /// Block and counter records are dropped and counted: right for hardware, which does not wait.
    Drop,
}

/// What recording an iteration cost on the executor's thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Work: appending (sampled and scaled) and sending.
    pub recording: Duration,
    /// Waiting for room in the channel; not part of `recording`.
    pub waiting: Duration,
    /// Wall time from `begin` to `end`: executing, recording and waiting.
    pub wall: Duration,
}

/// A batch on its way from the executor to the collector.
#[derive(Debug)]
pub enum Message {
    /// An iteration begins.
    Begin {
        /// What runs.
        plan: Arc<Plan>,
        /// Its number.
        iteration: u64,
        /// Per op: its duration with the machine to itself, ns.
        alone_ns: Vec<Option<i64>>,
    },
    /// Blocks ran.
    Blocks(Vec<BlockRecord>),
    /// Ops ran.
    Ops(Vec<OpRecord>),
    /// Counters changed.
    Counters(Vec<CounterRecord>),
    /// The driver did something.
    Launches(Vec<LaunchRecord>),
    /// How well the clocks agree.
    Clocks(Vec<ClockResidual>),
    /// The iteration is over; `lost` holds what the executor and the recorder dropped.
    End {
        /// As the executor reported it.
        end: IterationEnd,
        /// What recording it cost.
        cost: Cost,
        /// What ran it.
        info: ExecutorInfo,
    },
}
