//! The recorder itself: what an executor's calls cost it.

use std::sync::Arc;

use crossbeam::channel::{Receiver, Sender, TrySendError};
use web_time::Instant;
use weftscope_engine::{
    executor::ExecutorInfo,
    observer::{
        BlockRecord, ClockResidual, CounterRecord, IterationEnd, LaunchRecord, Observer, OpRecord,
    },
    plan::Plan,
};

use super::{BATCH_BLOCKS, Cost, Message, Overflow};

/// Appends are timed on every call of this many, and scaled: reading the clock costs as much as appending a
/// few records.
const TIMED_EVERY: u32 = 16;

/// The sending half. See the [module](super).
pub struct Recorder {
    to_collector: Sender<Message>,
    free_buffers: Receiver<Vec<BlockRecord>>,
    overflow: Overflow,
    blocks: Vec<BlockRecord>,
    ops: Vec<OpRecord>,
    counters: Vec<CounterRecord>,
    launches: Vec<LaunchRecord>,
    clocks: Vec<ClockResidual>,
    dropped_blocks: u64,
    dropped_counters: u64,
    cost: Cost,
    calls: u32,
    began: Instant,
    /// An iteration that has ended and was not sealed yet.
    ended: Option<IterationEnd>,
    /// Who runs, where that is known before: seals iterations that come back to back.
    runs: Option<ExecutorInfo>,
}

impl Recorder {
    pub(super) fn new(
        to_collector: Sender<Message>,
        free_buffers: Receiver<Vec<BlockRecord>>,
        overflow: Overflow,
    ) -> Self {
        Self {
            to_collector,
            free_buffers,
            overflow,
            blocks: Vec::with_capacity(BATCH_BLOCKS),
            ops: Vec::new(),
            counters: Vec::new(),
            launches: Vec::new(),
            clocks: Vec::new(),
            dropped_blocks: 0,
            dropped_counters: 0,
            cost: Cost::default(),
            calls: 0,
            began: Instant::now(),
            ended: None,
            runs: None,
        }
    }

    /// Iterations may begin behind one another from now on: the next seals the one before with `info`.
    pub fn expect(&mut self, info: ExecutorInfo) {
        self.runs = Some(info);
    }

    /// Closes the iteration that has just run; without this the collector never learns that it is complete.
    ///
    /// `info` is asked of the executor now, since a simulator takes the name of the machine from the plan it ran.
    /// Does nothing for an iteration that broke off.
    pub fn seal(&mut self, info: ExecutorInfo) {
        if let Some(end) = self.ended.take() {
            self.cost.wall = self.began.elapsed();
            let cost = self.cost;
            self.send_waiting(Message::End { end, cost, info });
        }
    }

    fn append_blocks(&mut self, mut records: &[BlockRecord]) {
        while !records.is_empty() {
            let room = BATCH_BLOCKS - self.blocks.len();
            let (now, later) = records.split_at(room.min(records.len()));
            self.blocks.extend_from_slice(now);
            records = later;
            if self.blocks.len() == BATCH_BLOCKS {
                self.send_blocks();
            }
        }
    }

    fn send_blocks(&mut self) {
        if self.blocks.is_empty() {
            return;
        }
        let empty =
            self.free_buffers.try_recv().unwrap_or_else(|_| Vec::with_capacity(BATCH_BLOCKS));
        let full = std::mem::replace(&mut self.blocks, empty);
        let num = full.len() as u64;
        if let Some(Message::Blocks(mut buffer)) = self.send(Message::Blocks(full)) {
            self.dropped_blocks += num;
            buffer.clear();
            self.blocks = buffer;
        }
    }

    fn send_counters(&mut self) {
        if self.counters.is_empty() {
            return;
        }
        let full = std::mem::take(&mut self.counters);
        let num = full.len() as u64;
        if self.send(Message::Counters(full)).is_some() {
            self.dropped_counters += num;
        }
    }

    /// Sends what may be dropped; gives it back when it was not taken.
    fn send(&mut self, message: Message) -> Option<Message> {
        match self.to_collector.try_send(message) {
            Ok(()) => None,
            Err(TrySendError::Full(message)) if self.overflow == Overflow::Wait => {
                self.send_waiting(message)
            }
            Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => Some(message),
        }
    }

    /// Sends what may not be dropped; gives it back only when the inbox is gone.
    fn send_waiting(&mut self, message: Message) -> Option<Message> {
        let message = match self.to_collector.try_send(message) {
            Ok(()) => return None,
            Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => message,
        };
        let start = Instant::now();
        let result = self.to_collector.send(message);
        self.cost.waiting += start.elapsed();
        result.err().map(|error| error.0)
    }

    /// Runs `work` and adds what it took, less what it waited, times `scale`.
    fn timed(&mut self, scale: u32, work: impl FnOnce(&mut Self)) {
        let waited = self.cost.waiting;
        let start = Instant::now();
        work(self);
        let busy = start.elapsed().saturating_sub(self.cost.waiting - waited);
        self.cost.recording += busy * scale;
    }
}

impl Observer for Recorder {
    fn begin(&mut self, plan: &Arc<Plan>, iteration: u64, alone_ns: &[Option<i64>]) {
        if let Some(info) = self.runs.clone() {
            self.seal(info);
        }
        self.began = Instant::now();
        self.cost = Cost::default();
        self.blocks.clear();
        self.ops.clear();
        self.counters.clear();
        self.launches.clear();
        self.clocks.clear();
        (self.dropped_blocks, self.dropped_counters) = (0, 0);
        self.ended = None;
        self.timed(1, |recorder| {
            let begin =
                Message::Begin { plan: Arc::clone(plan), iteration, alone_ns: alone_ns.to_vec() };
            recorder.send_waiting(begin);
        });
    }

    fn blocks(&mut self, records: &[BlockRecord]) {
        self.calls = self.calls.wrapping_add(1);
        if records.len() >= BATCH_BLOCKS / 8 {
            self.timed(1, |recorder| recorder.append_blocks(records));
        } else if self.calls.is_multiple_of(TIMED_EVERY) {
            self.timed(TIMED_EVERY, |recorder| recorder.append_blocks(records));
        } else {
            self.append_blocks(records);
        }
    }

    fn op(&mut self, record: OpRecord) {
        self.ops.push(record);
    }

    fn counters(&mut self, records: &[CounterRecord]) {
        self.counters.extend_from_slice(records);
        if self.counters.len() >= BATCH_BLOCKS {
            self.timed(1, Self::send_counters);
        }
    }

    fn launches(&mut self, records: &[LaunchRecord]) {
        self.launches.extend_from_slice(records);
    }

    fn clocks(&mut self, residuals: &[ClockResidual]) {
        self.clocks.extend_from_slice(residuals);
    }

    fn end(&mut self, end: &IterationEnd) {
        self.timed(1, |recorder| {
            recorder.send_blocks();
            recorder.send_counters();
            let ops = std::mem::take(&mut recorder.ops);
            recorder.send_waiting(Message::Ops(ops));
            let launches = std::mem::take(&mut recorder.launches);
            if !launches.is_empty() {
                recorder.send_waiting(Message::Launches(launches));
            }
            let clocks = std::mem::take(&mut recorder.clocks);
            if !clocks.is_empty() {
                recorder.send_waiting(Message::Clocks(clocks));
            }
        });
        let mut end = end.clone();
        for (cause, count) in [
            ("block records dropped: the collector was behind", self.dropped_blocks),
            ("counter records dropped: the collector was behind", self.dropped_counters),
        ] {
            if count > 0 {
                end.lost.push((cause, count));
            }
        }
        self.ended = Some(end);
    }
}
