//! The observer of a watched run: records pass through, each iteration's end waits until the source was asked.

use std::{collections::BTreeMap, sync::Arc};

use weftscope_engine::{
    clock::{ClockFit, ClockPair},
    observer::{
        BlockRecord, ClockResidual, CounterRecord, IterationEnd, LaunchRecord, Observer, OpRecord,
    },
    plan::Plan,
};

use super::{
    Source,
    join::{Joiner, LaunchedIteration},
    samples::{SampleClocks, SampleTime, Series, counters, missing, sample_time},
};

/// Where among the launches of a batch the observer's iterations are.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    batch: u64,
    /// Index of the next iteration in the batch.
    iteration: u16,
    series: Vec<Series>,
    /// Found at the first samples worth the question, and kept.
    pub(super) sample_time: Option<SampleTime>,
    /// Executor time of the newest sample handed on, by rank: iterations behind one another share the gap between them.
    handed_on_ns: BTreeMap<u32, i64>,
}

impl Progress {
    /// More samples of the batch.
    fn take_in(&mut self, more: Vec<Series>) {
        for new in more {
            match self.series.iter_mut().find(|known| known.rank == new.rank) {
                Some(known) => known.samples.extend(new.samples),
                None => self.series.push(new),
            }
        }
    }
}

/// The observer, with each iteration's end held back until the source was asked.
pub(super) struct Held<'a, S> {
    pub(super) plan: &'a Plan,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) source: &'a mut S,
    pub(super) joiner: &'a mut Joiner,
    pub(super) progress: &'a mut Progress,
    /// Of the ranks that are not the executor's own, from `%globaltimer`.
    pub(super) clocks: BTreeMap<u32, ClockFit>,
    pub(super) ops: Vec<OpRecord>,
}

impl<S: Source> Held<'_, S> {
    /// Samples of the iteration, and how many it lacks.
    fn counters(&mut self, end: &IterationEnd) -> (Vec<CounterRecord>, u64) {
        let (mut out, mut lacking) = (Vec::new(), 0);
        let span = (end.start_ns, end.end_ns);
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
            let handed_on_ns = self.progress.handed_on_ns.entry(series.rank).or_insert(i64::MIN);
            lacking += missing(series, span, clocks, time);
            let mut new = counters(series, span, clocks, time);
            new.retain(|record| record.at_ns > *handed_on_ns);
            *handed_on_ns = new.iter().map(|record| record.at_ns).fold(*handed_on_ns, i64::max);
            out.extend(new);
        }
        (out, lacking)
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
            self.progress.iteration = 0;
            self.joiner.begin(seen.began_ns);
            self.progress.series.clear();
        }
        self.joiner.take(&seen);
        self.progress.take_in(seen.series);
        let index = self.progress.iteration;
        self.progress.iteration = index.wrapping_add(1);
        let joined =
            self.joiner.join(LaunchedIteration { index, ops: &self.ops, end_ns: end.end_ns });
        self.observer.launches(&joined.launches);
        let (samples, lacking) = Held::counters(self, end);
        self.observer.counters(&samples);
        let known = self.joiner.residuals();
        let known: Vec<ClockResidual> =
            known.into_iter().filter(|residual| residual.rank < self.plan.ranks).collect();
        self.observer.clocks(&known);
        let mut end = end.clone();
        end.lost.extend(seen.lost);
        end.lost.extend(joined.lost);
        if lacking > 0 {
            end.lost.push(("samples of counters that came to nobody", lacking));
        }
        self.observer.end(&end);
    }
}

/// Rank 0's clock is the executor's.
fn same_clock() -> ClockFit {
    let here = ClockPair { device_ns: 0, host_ns: 0, half_width_ns: 0 };
    ClockFit::fit(&[here]).expect("one pair always fits")
}
