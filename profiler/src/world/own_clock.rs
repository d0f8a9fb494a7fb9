//! Simulated ranks on a clock of their own: all ranks are simulated, since each waits for the others, and those of this process
//! alone are told, by the clock of their server.

use std::{ops::Range, sync::Arc};

use weftscope_engine::{
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    observer::{
        BlockRecord, ClockResidual, CounterRecord, IterationEnd, LaunchRecord, Observer, OpRecord,
    },
    plan::Plan,
    sim::Simulator,
};

use super::StampClock;

/// A simulator whose records are of some ranks, by a clock.
#[derive(Debug)]
pub struct OwnClock<E = Simulator> {
    inner: E,
    ranks: Range<u32>,
    clock: StampClock,
    /// From one iteration's start to the next, ns, by the true clock; `None`: as they come.
    every_ns: Option<i64>,
    /// True Unix time of the simulator's time 0, ns.
    began_unix_ns: i64,
    /// The first iteration that ran, and when it began by the simulator's time, ns.
    first: Option<(u64, i64)>,
}

impl<E: Executor> OwnClock<E> {
    /// Tells `ranks` of what `inner` runs, from a true time on that is the same for all processes; iterations begin `every_ns`
    /// apart.
    pub fn new(
        inner: E,
        ranks: Range<u32>,
        (clock, began_unix_ns): (StampClock, i64),
        every_ns: Option<i64>,
    ) -> Self {
        Self { inner, ranks, clock, every_ns, began_unix_ns, first: None }
    }
}

impl<E: Executor> Executor for OwnClock<E> {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        let mut heard = Heard::default();
        let time = self.inner.run(plan, iteration, &mut heard)?;
        let (first, first_ns) = *self.first.get_or_insert((iteration, time.start_ns));
        // Where they begin at stated times, what the simulator has between them is replaced by that.
        let late_ns = self.every_ns.map_or(0, |every_ns| {
            let turn = i64::try_from(iteration.saturating_sub(first)).unwrap_or(i64::MAX);
            first_ns + every_ns.saturating_mul(turn) - time.start_ns
        });
        let clock = &self.clock;
        let shown_ns =
            |ns: i64| clock.shown_ns(0, ns.saturating_add(late_ns)) - clock.shown_ns(0, 0);
        heard.tell(plan, (iteration, &self.ranks), &shown_ns, observer);
        Ok(IterationTime { start_ns: shown_ns(time.start_ns), end_ns: shown_ns(time.end_ns) })
    }

    /// Time 0 by this clock.
    fn provenance(&self) -> ExecutorInfo {
        let epoch_unix_ns = Some(self.clock.shown_ns(self.began_unix_ns, 0));
        ExecutorInfo { epoch_unix_ns, ..self.inner.provenance() }
    }
}

/// What was reported of an iteration.
#[derive(Debug, Default)]
struct Heard {
    isolated_ns: Vec<Option<i64>>,
    blocks: Vec<BlockRecord>,
    ops: Vec<OpRecord>,
    counters: Vec<CounterRecord>,
    end: Option<IterationEnd>,
}

impl Observer for Heard {
    fn begin(&mut self, _: &Arc<Plan>, _: u64, isolated_ns: &[Option<i64>]) {
        self.isolated_ns = isolated_ns.to_vec();
    }

    fn blocks(&mut self, records: &[BlockRecord]) {
        self.blocks.extend_from_slice(records);
    }

    fn op(&mut self, record: OpRecord) {
        self.ops.push(record);
    }

    fn counters(&mut self, records: &[CounterRecord]) {
        self.counters.extend_from_slice(records);
    }

    /// Simulated runs have no driver.
    fn launches(&mut self, _: &[LaunchRecord]) {}

    /// Nor clocks that were read.
    fn clocks(&mut self, _: &[ClockResidual]) {}

    fn end(&mut self, end: &IterationEnd) {
        self.end = Some(end.clone());
    }
}

impl Heard {
    /// Tells of some ranks, by another clock.
    fn tell(
        mut self,
        plan: &Arc<Plan>,
        (iteration, ranks): (u64, &Range<u32>),
        shown_ns: &dyn Fn(i64) -> i64,
        observer: &mut dyn Observer,
    ) {
        observer.begin(plan, iteration, &self.isolated_ns);
        self.blocks.retain(|record| ranks.contains(&record.rank.into()));
        for record in &mut self.blocks {
            (record.start_ns, record.end_ns) = (shown_ns(record.start_ns), shown_ns(record.end_ns));
        }
        observer.blocks(&self.blocks);
        let mut span: Option<(i64, i64)> = None;
        for mut record in self.ops.into_iter().filter(|record| ranks.contains(&record.rank)) {
            (record.start_ns, record.end_ns) = (shown_ns(record.start_ns), shown_ns(record.end_ns));
            let (start_ns, end_ns) = span.unwrap_or((record.start_ns, record.end_ns));
            span = Some((start_ns.min(record.start_ns), end_ns.max(record.end_ns)));
            observer.op(record);
        }
        self.counters.retain(|record| ranks.contains(&record.rank));
        self.counters.iter_mut().for_each(|record| record.at_ns = shown_ns(record.at_ns));
        observer.counters(&self.counters);
        if let (Some(mut end), Some((start_ns, end_ns))) = (self.end, span) {
            (end.start_ns, end.end_ns) = (start_ns, end_ns);
            observer.end(&end);
        }
    }
}
