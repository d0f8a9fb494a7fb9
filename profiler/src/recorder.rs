//! The engine's observer: copies records into batches and sends them over a bounded channel.
//!
//! An executor calls back a million times an iteration, so a call does no more than append to a buffer;
//! the trace is built by whoever reads the channel. Buffers travel back to be filled again, so a steady
//! run allocates nothing. What the recorder costs is timed and travels with every iteration.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};
use weftscope_engine::{
    executor::ExecutorInfo,
    observer::{
        BlockRecord, ClockResidual, CounterRecord, IterationEnd, LaunchRecord, Observer, OpRecord,
    },
    plan::Plan,
};

/// Block records in a batch: 128 KiB, half of a common L2.
pub const BATCH_BLOCKS: usize = 4096;

/// Batches under way before the channel is full: with [`BATCH_BLOCKS`], 8 MiB.
pub const CHANNEL_BATCHES: usize = 64;

/// Appends are timed on every call of this many, and scaled: reading the clock costs as much as appending a
/// few records.
const TIMED_EVERY: u32 = 16;

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
        /// As the executor told it.
        end: IterationEnd,
        /// What recording it cost.
        cost: Cost,
        /// What ran it.
        info: ExecutorInfo,
    },
}

/// The sending half. See the [module](self).
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

/// The receiving half.
pub struct Inbox {
    messages: Receiver<Message>,
    used_buffers: Sender<Vec<BlockRecord>>,
}

/// A recorder and the inbox it fills.
pub fn channel(overflow: Overflow) -> (Recorder, Inbox) {
    let (to_collector, messages) = bounded(CHANNEL_BATCHES);
    let (used_buffers, free_buffers) = bounded(CHANNEL_BATCHES);
    let recorder = Recorder {
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
    };
    (recorder, Inbox { messages, used_buffers })
}

impl Inbox {
    /// The next batch, waiting for it; `None` when the recorder is gone and everything was read.
    pub fn next(&self) -> Option<Message> {
        self.messages.recv().ok()
    }

    /// Gives a block buffer back to be filled again.
    pub fn recycle(&self, mut buffer: Vec<BlockRecord>) {
        buffer.clear();
        // With the channel back full, or the recorder gone, the buffer is simply freed.
        let _freed = self.used_buffers.try_send(buffer);
    }
}

impl Recorder {
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

    /// Sends what may not be dropped; gives it back only when nobody reads any more.
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

#[cfg(test)]
mod tests {
    use std::thread;

    use weftscope_engine::executor::Executor;

    use super::*;
    use crate::{
        collect::Collector,
        testing::{Toy, toy_plan, toy_spec},
    };

    fn plan() -> Arc<Plan> {
        Arc::new(toy_plan(&toy_spec()).unwrap())
    }

    #[test]
    fn the_channel_carries_what_the_executor_says() {
        let plan = plan();
        let mut toy = Toy::default();
        let mut direct = Collector::new(toy.provenance());
        toy.run(&plan, 0, &mut direct).unwrap();
        let (mut recorder, inbox) = channel(Overflow::Wait);
        let mut collector = Collector::new(toy.provenance());
        let carried = thread::scope(|scope| {
            let reader = scope.spawn(move || {
                while let Some(message) = inbox.next() {
                    collector.take(message, &inbox);
                }
                collector.finish().unwrap()
            });
            toy.run(&plan, 0, &mut recorder).unwrap();
            recorder.seal(toy.provenance());
            drop(recorder);
            reader.join().unwrap()
        });
        let direct = direct.finish().unwrap();
        assert_eq!(carried.lanes, direct.lanes);
        assert_eq!(carried.flows, direct.flows);
        assert_eq!(carried.counters, direct.counters);
    }

    #[test]
    fn a_full_channel_drops_and_counts_or_waits() {
        let plan = plan();
        let record = BlockRecord {
            start_ns: 0,
            end_ns: 1,
            op: weftscope_engine::plan::OpId(0),
            block: 0,
            rank: 0,
            sm: 0,
            slot: 0,
            part: weftscope_engine::observer::BlockPart::Run,
        };
        let too_many = vec![record; BATCH_BLOCKS * (CHANNEL_BATCHES + 3)];
        let (mut recorder, inbox) = channel(Overflow::Drop);
        recorder.begin(&plan, 0, &[]);
        recorder.blocks(&too_many);
        // Begin and 63 full batches fill the channel; 4 batches find no room.
        let end = IterationEnd { iteration: 0, start_ns: 0, end_ns: 1, lost: Vec::new() };
        let (mut received, mut lost) = (0, Vec::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut recorder = recorder;
                recorder.end(&end);
                recorder.seal(Toy::default().provenance());
            });
            while let Some(message) = inbox.next() {
                match message {
                    Message::Blocks(blocks) => received += blocks.len(),
                    Message::End { end, .. } => lost = end.lost,
                    _ => {}
                }
            }
        });
        assert_eq!(received, BATCH_BLOCKS * (CHANNEL_BATCHES - 1));
        let cause = "block records dropped: the collector was behind";
        assert_eq!(lost, [(cause, 4 * BATCH_BLOCKS as u64)]);
    }
}
