use std::{collections::BTreeMap, sync::Arc};

use weftscope_engine::{
    clock::{ClockFit, ClockPair},
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    observer::{
        BlockRecord, ClockResidual, CounterRecord, IterationEnd, LaunchRecord, LaunchWatch,
        Observer, OpRecord,
    },
    plan::Plan,
};

use super::{
    join::{Iteration, Joiner},
    samples::{SampleClocks, SampleTime, Series, counters, sample_time},
};
use crate::{cupti::Event, overhead::Recording};

/// An executor whose launches can be watched.
pub trait Watched: Recording {
    /// Who hears of every launch from now on; `None`: nobody.
    fn watch(&mut self, watch: Option<Box<dyn LaunchWatch>>);
    /// The GPU of each rank, as the driver numbers them.
    fn gpus(&self) -> Vec<u32>;
}

/// Who saw what the driver did.
pub trait Source {
    /// Hears of launches, so that what they cause can be told apart.
    fn watch(&self) -> Box<dyn LaunchWatch>;
    /// Everything seen since the last call. What went wrong is among the losses.
    fn take(&mut self) -> Seen;
    /// Whether it looks on at all. Off, the driver runs as without a profiler, as far as that can be had.
    fn set_on(&mut self, on: bool);
    /// Name and version, e.g. `CUPTI 13.0.1`.
    fn name(&self) -> String;
}

/// What a [`Source`] saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Number of times that launching has begun.
    pub batch: u64,
    /// CUPTI time of the last of them.
    pub began_ns: i64,
    /// Records, in any order.
    pub events: Vec<Event>,
    /// Counters by rank, since the last begin.
    pub series: Vec<Series>,
    /// What was lost, by cause.
    pub lost: Vec<(&'static str, u64)>,
}

/// An executor and who watches it.
#[derive(Debug)]
pub struct Instrumented<E, S> {
    inner: E,
    source: S,
    joiner: Joiner,
    progress: Progress,
    is_on: bool,
    /// What is missing, for the trace.
    notes: Vec<String>,
}

/// Where among the launches of a batch the observer's iterations are.
#[derive(Clone, Debug, Default)]
struct Progress {
    batch: u64,
    lap: u16,
    series: Vec<Series>,
    /// Found at the first samples worth the question, and kept.
    sample_time: Option<SampleTime>,
    /// Executor time of the newest sample told, by rank: laps behind one another share the air between them.
    told_ns: BTreeMap<u32, i64>,
}

impl<E: Watched, S: Source> Instrumented<E, S> {
    /// `inner` with everything that `source` sees of it added.
    pub fn new(mut inner: E, source: S) -> Self {
        inner.watch(Some(source.watch()));
        let joiner = Joiner::new(inner.gpus());
        Self {
            inner,
            source,
            joiner,
            progress: Progress::default(),
            is_on: true,
            notes: Vec::new(),
        }
    }

    /// Adds a sentence on what is missing to every trace.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The executor itself.
    pub fn inner(&mut self) -> &mut E {
        &mut self.inner
    }

    /// Who watches.
    pub fn source(&mut self) -> &mut S {
        &mut self.source
    }

    /// Whether the source watches; stamps are another matter.
    pub fn set_watching(&mut self, on: bool) {
        if on != self.is_on {
            self.inner.watch(on.then(|| self.source.watch()));
            self.source.set_on(on);
            self.is_on = on;
        }
    }

    /// The clocks and what else was learned.
    pub fn joiner(&self) -> &Joiner {
        &self.joiner
    }

    /// Which clock the counters' times turned out to be of.
    pub fn sample_time(&self) -> Option<SampleTime> {
        self.progress.sample_time
    }
}

impl<E: Watched, S: Source> Watched for Instrumented<E, S> {
    /// Replaces the own watch: for whoever takes the source's place.
    fn watch(&mut self, watch: Option<Box<dyn LaunchWatch>>) {
        self.inner.watch(watch);
    }

    fn gpus(&self) -> Vec<u32> {
        self.inner.gpus()
    }
}

impl<E: Watched, S: Source> Recording for Instrumented<E, S> {
    /// Stamps and watching both: off, iterations run as without a profiler.
    fn set_recording(&mut self, recording: bool) {
        self.set_watching(recording);
        self.inner.set_recording(recording);
    }

    fn last_event_ns(&self) -> Result<i64, ExecError> {
        self.inner.last_event_ns()
    }
}

impl<E: Watched, S: Source> Executor for Instrumented<E, S> {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        let times = self.run_many(plan, (iteration, 1), observer)?;
        times.first().copied().ok_or_else(|| ExecError::Unsupported("no iteration ran".to_owned()))
    }

    fn run_many(
        &mut self,
        plan: &Arc<Plan>,
        iterations: (u64, u32),
        observer: &mut dyn Observer,
    ) -> Result<Vec<IterationTime>, ExecError> {
        if !self.is_on {
            return self.inner.run_many(plan, iterations, observer);
        }
        let mut held = Held {
            plan,
            observer,
            source: &mut self.source,
            joiner: &mut self.joiner,
            progress: &mut self.progress,
            clocks: BTreeMap::new(),
            ops: Vec::new(),
        };
        let outcome = self.inner.run_many(plan, iterations, &mut held);
        if outcome.is_err() {
            // What was seen of a run that broke off must not be taken for the next one's.
            let _unheard = self.source.take();
        }
        outcome
    }

    fn provenance(&self) -> ExecutorInfo {
        let mut info = self.inner.provenance();
        info.source = format!("{}, with {}", info.source, self.source.name());
        info.notes.extend(self.notes.iter().cloned());
        info
    }
}

/// The observer, with each iteration's end held back until the source was asked.
struct Held<'a, S> {
    plan: &'a Plan,
    observer: &'a mut dyn Observer,
    source: &'a mut S,
    joiner: &'a mut Joiner,
    progress: &'a mut Progress,
    /// Of the ranks that are not the executor's own, from `%globaltimer`.
    clocks: BTreeMap<u32, ClockFit>,
    ops: Vec<OpRecord>,
}

impl<S: Source> Held<'_, S> {
    fn counters(&mut self, end: &IterationEnd) -> Vec<CounterRecord> {
        let mut out = Vec::new();
        let same = same_clock();
        for series in &self.progress.series {
            let gpu = self.clocks.get(&series.rank).unwrap_or(&same);
            let cupti = self.joiner.clock(series.rank).and_then(|clock| clock.fit());
            let clocks = SampleClocks { gpu, cupti };
            let time = *self.progress.sample_time.get_or_insert_with(|| {
                let mut busy: Vec<(i64, i64)> = self
                    .ops
                    .iter()
                    .filter(|op| {
                        op.rank == series.rank && !self.plan.ops[op.op.0 as usize].is_collective()
                    })
                    .map(|op| (op.start_ns, op.end_ns))
                    .collect();
                busy.sort_unstable();
                sample_time(series, &busy, clocks)
            });
            let told_ns = self.progress.told_ns.entry(series.rank).or_insert(i64::MIN);
            let mut new = counters(series, (end.start_ns, end.end_ns), clocks, time);
            new.retain(|record| record.at_ns > *told_ns);
            *told_ns = new.iter().map(|record| record.at_ns).fold(*told_ns, i64::max);
            out.extend(new);
        }
        out
    }
}

impl<S: Source> Observer for Held<'_, S> {
    fn begin(&mut self, plan: &Arc<Plan>, iteration: u64, alone_ns: &[Option<i64>]) {
        self.ops.clear();
        self.observer.begin(plan, iteration, alone_ns);
    }

    fn blocks(&mut self, records: &[BlockRecord]) {
        self.observer.blocks(records);
    }

    fn op(&mut self, record: OpRecord) {
        self.ops.push(record);
        self.observer.op(record);
    }

    fn counters(&mut self, records: &[CounterRecord]) {
        self.observer.counters(records);
    }

    fn launches(&mut self, records: &[LaunchRecord]) {
        self.observer.launches(records);
    }

    fn clocks(&mut self, residuals: &[ClockResidual]) {
        let maps = residuals.iter().filter_map(|residual| Some((residual.rank, residual.map?)));
        self.clocks.extend(maps);
        self.observer.clocks(residuals);
    }

    fn end(&mut self, end: &IterationEnd) {
        let seen = self.source.take();
        if seen.batch != self.progress.batch {
            self.progress.batch = seen.batch;
            self.progress.lap = 0;
            self.joiner.begin(seen.began_ns);
            self.progress.series.clear();
        }
        self.progress.series.extend(seen.series);
        self.joiner.take(&seen.events);
        let lap = self.progress.lap;
        self.progress.lap = lap.wrapping_add(1);
        let joined = self.joiner.join(Iteration { lap, ops: &self.ops, end_ns: end.end_ns });
        self.observer.launches(&joined.launches);
        let samples = Held::counters(self, end);
        self.observer.counters(&samples);
        let known = self.joiner.residuals();
        let known: Vec<ClockResidual> =
            known.into_iter().filter(|residual| residual.rank < self.plan.ranks).collect();
        self.observer.clocks(&known);
        let mut end = end.clone();
        end.lost.extend(seen.lost);
        end.lost.extend(joined.lost);
        self.observer.end(&end);
    }
}

/// Rank 0's clock is the executor's.
fn same_clock() -> ClockFit {
    let here = ClockPair { device_ns: 0, host_ns: 0, half_width_ns: 0 };
    ClockFit::fit(&[here]).expect("one pair always fits")
}
