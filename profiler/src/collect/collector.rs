//! Records of an executor, message by message, into one trace.

use std::{sync::Arc, time::Duration};

use thiserror::Error;
use web_time::Instant;
use weftscope_engine::{
    executor::ExecutorInfo,
    observer::{
        BlockRecord, ClockResidual, CounterRecord, IterationEnd, LaunchRecord, Observer, OpRecord,
    },
    plan::Plan,
};
use weftscope_traces::{Trace, model::BuildError, words::duration};

use super::run::Run;
use crate::recorder::{Cost, Inbox, Message};

/// Why records did not become a trace.
#[derive(Debug, Error)]
pub enum CollectError {
    /// No iteration began.
    #[error("nothing was recorded")]
    Empty,
    /// The records contradict one another.
    #[error("the recorded blocks make no trace")]
    Build(#[from] BuildError),
}

/// Builds a [`Trace`] from the records of one or several iterations of one plan.
///
/// It is an [`Observer`] itself, so it can stand behind an executor directly where there is no second thread; on
/// a desktop it stands behind a [`Recorder`](crate::recorder::Recorder). Iterations follow one another on one
/// time line that begins at 0, whether or not the executor's clock restarts.
pub struct Collector {
    info: ExecutorInfo,
    /// Everything that exists once the first iteration has begun.
    run: Option<Run>,
    collecting: Duration,
    cost: Cost,
}

impl Collector {
    /// A collector for what `info` runs.
    pub fn new(info: ExecutorInfo) -> Self {
        Self { info, run: None, collecting: Duration::ZERO, cost: Cost::default() }
    }

    /// Takes one message of a recorder and gives its buffer back. True when an iteration is complete.
    pub fn take(&mut self, message: Message, inbox: &Inbox) -> bool {
        match message {
            Message::Begin { plan, iteration, alone_ns } => self.begin(&plan, iteration, &alone_ns),
            Message::Blocks(records) => {
                self.blocks(&records);
                inbox.recycle(records);
            }
            Message::Ops(records) => {
                for record in records {
                    self.op(record);
                }
            }
            Message::Counters(records) => self.counters(&records),
            Message::Launches(records) => self.launches(&records),
            Message::Clocks(residuals) => self.clocks(&residuals),
            Message::End { end, cost, info } => {
                self.cost.recording += cost.recording;
                self.cost.waiting += cost.waiting;
                self.cost.wall += cost.wall;
                self.end(&end);
                self.ran_on(info);
                return true;
            }
        }
        false
    }

    /// What ran, said again once it has: a simulator takes the name of the machine from the plan.
    pub fn ran_on(&mut self, info: ExecutorInfo) {
        self.info = info;
        if let Some(run) = &mut self.run {
            run.describe(&self.info);
        }
    }

    /// The trace of all iterations that ended.
    ///
    /// # Errors
    /// [`CollectError`] when no iteration ended or the records overlap.
    pub fn finish(mut self) -> Result<Trace, CollectError> {
        let start = Instant::now();
        let mut builder = self.run.take().and_then(Run::finish).ok_or(CollectError::Empty)?;
        self.collecting += start.elapsed();
        let overhead = &mut builder.meta_mut().overhead;
        let host = self.cost.recording + self.collecting;
        overhead.recording_host_ns = Some(host.as_nanos() as i64);
        overhead.note = self.overhead_note();
        Ok(builder.finish()?)
    }

    fn overhead_note(&self) -> String {
        let words = |time: Duration| duration(time.as_nanos() as i64);
        let waiting = match self.cost.waiting {
            Duration::ZERO => String::new(),
            waiting => format!("; {} of waiting for the collector left out", words(waiting)),
        };
        format!(
            "{} on the executor's thread (appends timed on every 16th call and scaled{waiting}), {} collecting; the run \
             took {} of wall time",
            words(self.cost.recording),
            words(self.collecting),
            words(self.cost.wall),
        )
    }
}

impl Observer for Collector {
    fn begin(&mut self, plan: &Arc<Plan>, iteration: u64, alone_ns: &[Option<i64>]) {
        let start = Instant::now();
        let info = &self.info;
        let run = self.run.get_or_insert_with(|| Run::new(plan, info, alone_ns));
        run.begin(plan, iteration, alone_ns);
        self.collecting += start.elapsed();
    }

    fn blocks(&mut self, records: &[BlockRecord]) {
        let start = Instant::now();
        if let Some(run) = &mut self.run {
            run.blocks(records);
        }
        self.collecting += start.elapsed();
    }

    fn op(&mut self, record: OpRecord) {
        if let Some(run) = &mut self.run {
            run.op(record);
        }
    }

    fn counters(&mut self, records: &[CounterRecord]) {
        if let Some(run) = &mut self.run {
            run.counters(records);
        }
    }

    fn launches(&mut self, records: &[LaunchRecord]) {
        if let Some(run) = &mut self.run {
            run.launches(records);
        }
    }

    fn clocks(&mut self, residuals: &[ClockResidual]) {
        if let Some(run) = &mut self.run {
            run.clocks(residuals);
        }
    }

    fn end(&mut self, end: &IterationEnd) {
        let start = Instant::now();
        if let Some(run) = &mut self.run {
            run.end(end);
        }
        self.collecting += start.elapsed();
    }
}
