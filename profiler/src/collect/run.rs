//! One run on its way to a trace: its tracks, its labels and what its iterations have brought so far.
//!
//! Records of an iteration keep executor time until its end; only then is it known by how much it is later in the
//! trace than the executor said.

use std::{collections::BTreeMap, sync::Arc};

use weftscope_engine::{
    executor::ExecutorInfo,
    observer::{
        BlockRecord, ClockResidual, Counter, CounterRecord, IterationEnd, LaunchRecord, OpRecord,
    },
    plan::Plan,
};
use weftscope_traces::{ArgsId, ClockAgreement, CounterSeries, Span, TraceBuilder};

use super::{
    calls::{Calls, OpSlices},
    describe,
    driver::Driver,
    labels::Labels,
    marks::mark_label,
    ops::{Declared, Lost, MarkLabels, lay_ops},
    staging::Staging,
    tracks::Tracks,
};

pub(super) struct Run {
    builder: TraceBuilder,
    tracks: Tracks,
    plan: Arc<Plan>,
    labels: Labels,
    staging: Staging,
    iteration: u64,
    /// Rows of each block lane before this iteration, to shift the new ones.
    rows_before: Vec<usize>,
    marks: MarkLabels,
    ops: Vec<OpRecord>,
    counters: BTreeMap<(u32, Counter), Samples>,
    driver: Driver,
    calls: Calls,
    /// End of the last iteration, trace time; `None` before the first ended.
    last_end_ns: Option<i64>,
    /// Trace time less executor time, of the last iteration.
    offset_ns: i64,
    lost: Lost,
}

/// Samples of a counter.
struct Samples {
    series: CounterSeries,
    /// Of which before this iteration, in trace time already.
    before: usize,
}

impl Run {
    pub(super) fn new(plan: &Arc<Plan>, info: &ExecutorInfo, alone_ns: &[Option<i64>]) -> Self {
        let mut builder = TraceBuilder::new(describe::meta(plan, info));
        let tracks = Tracks::declare(&mut builder, plan);
        let labels = Labels::declare(&mut builder, plan, alone_ns);
        Self {
            builder,
            tracks,
            plan: Arc::clone(plan),
            labels,
            staging: Staging::default(),
            iteration: 0,
            rows_before: Vec::new(),
            marks: MarkLabels::default(),
            ops: Vec::new(),
            counters: BTreeMap::new(),
            driver: Driver::default(),
            calls: Calls::default(),
            last_end_ns: None,
            offset_ns: 0,
            lost: Lost::default(),
        }
    }

    /// What is known of the executor once an iteration has run.
    pub(super) fn describe(&mut self, info: &ExecutorInfo) {
        let offset_ns = self.offset_ns;
        let meta = self.builder.meta_mut();
        meta.provenance = describe::provenance(info);
        if let (0, Some(epoch_ns)) = (meta.base_time_unix_ns, info.epoch_unix_ns) {
            // Of the first iteration: later ones lie behind it without the pauses that there really were.
            meta.base_time_unix_ns = epoch_ns.saturating_sub(offset_ns);
        }
        let diagnostics = self.builder.diagnostics_mut();
        for note in &info.notes {
            if !diagnostics.notes.contains(note) {
                diagnostics.note(note.clone());
            }
        }
    }

    pub(super) fn begin(&mut self, plan: &Arc<Plan>, iteration: u64, alone_ns: &[Option<i64>]) {
        if !Arc::ptr_eq(plan, &self.plan) && **plan != *self.plan {
            // Same machine and ranks, other ops: the tracks stay, the labels are new.
            self.labels = Labels::declare(&mut self.builder, plan, alone_ns);
            self.plan = Arc::clone(plan);
        }
        self.iteration = iteration;
        self.ops.clear();
        self.driver.begin();
        self.calls.begin();
        let builder = &mut self.builder;
        self.rows_before =
            self.tracks.block_lanes().iter().map(|&lane| builder.slices_mut(lane).len()).collect();
        for samples in self.counters.values_mut() {
            samples.before = samples.series.at_ns.len();
        }
    }

    pub(super) fn blocks(&mut self, records: &[BlockRecord]) {
        let mut num_lanes = self.staging.num_lanes();
        for record in records {
            let lane =
                self.tracks.slot_lane(&mut self.builder, record.rank, record.sm, record.slot);
            let Some(lane) = lane else {
                self.lost.unknown_place += 1;
                continue;
            };
            let Some(label) = self.labels.of_part(record.op.0 as usize, record.part) else {
                self.lost.unknown_op += 1;
                continue;
            };
            if lane >= num_lanes {
                num_lanes = self.tracks.block_lanes().len();
                self.staging.grow(num_lanes);
            }
            if self.staging.push(lane, record, label) {
                let slices = self.builder.slices_mut(self.tracks.block_lanes()[lane]);
                self.staging.flush(lane, slices);
            }
        }
    }

    pub(super) fn op(&mut self, record: OpRecord) {
        self.ops.push(record);
    }

    pub(super) fn launches(&mut self, records: &[LaunchRecord]) {
        for record in records {
            match record.kind.is_call() {
                true => self.calls.take(record.clone()),
                false => self.driver.take(record.clone()),
            }
        }
    }

    pub(super) fn counters(&mut self, records: &[CounterRecord]) {
        for record in records {
            let samples = self.counters.entry((record.rank, record.counter)).or_insert_with(|| {
                let (name, unit) = record.counter.name_and_unit();
                let series = CounterSeries {
                    name: name.to_owned(),
                    unit: unit.to_owned(),
                    rank: Some(record.rank),
                    ..CounterSeries::default()
                };
                Samples { series, before: 0 }
            });
            samples.series.at_ns.push(record.at_ns);
            samples.series.value.push(record.value);
        }
    }

    /// The newest word on each clock; the worst it ever was, since times of every iteration stay in the trace.
    pub(super) fn clocks(&mut self, residuals: &[ClockResidual]) {
        let known = &mut self.builder.meta_mut().clocks;
        for new in residuals {
            let found = known.iter_mut().find(|old| old.rank == new.rank && old.what == new.what);
            match found {
                Some(old) => {
                    old.residual_p99_ns = old.residual_p99_ns.max(new.residual_p99_ns);
                    old.readings = new.readings;
                }
                None => known.push(ClockAgreement {
                    rank: new.rank,
                    what: new.what.to_owned(),
                    residual_p99_ns: new.residual_p99_ns,
                    readings: new.readings,
                }),
            }
        }
    }

    pub(super) fn end(&mut self, end: &IterationEnd) {
        for &(cause, count) in &end.lost {
            self.builder.diagnostics_mut().count(cause, count);
        }
        self.offset_ns = match self.last_end_ns {
            None => -end.start_ns,
            // The executor's clock went on: keep the gap between the iterations as it was.
            Some(last) if end.start_ns + self.offset_ns >= last => self.offset_ns,
            Some(last) => last - end.start_ns,
        };
        self.shift();
        let span = Span::new(end.start_ns + self.offset_ns, end.end_ns + self.offset_ns);
        let mut ops = std::mem::take(&mut self.ops);
        for op in &mut ops {
            op.start_ns += self.offset_ns;
            op.end_ns += self.offset_ns;
        }
        ops.sort_by_key(|op| (op.rank, op.start_ns, op.end_ns, op.op));
        let label = self.builder.label(mark_label(format!("iteration {}", self.iteration)));
        let declared = Declared { plan: &self.plan, tracks: &self.tracks, labels: &self.labels };
        let mut slices = OpSlices::new();
        for ops in ops.chunk_by(|a, b| a.rank == b.rank) {
            let laid = lay_ops(&mut self.builder, declared, &mut self.marks, ops, &mut self.lost);
            slices.insert(ops[0].rank, laid);
        }
        self.calls.lay(&mut self.builder, &slices, self.offset_ns);
        self.lost.unknown_place += self.driver.lay(&mut self.builder, declared, self.offset_ns);
        let item = u32::try_from(self.iteration).unwrap_or(u32::MAX);
        for rank in 0..self.tracks.num_ranks() {
            if let Some(tracks) = self.tracks.rank(rank) {
                self.builder.push(tracks.marks[0], span, label, ArgsId::NONE, item);
            }
        }
        self.last_end_ns = Some(span.end_ns);
        self.ops = ops;
        self.ops.clear();
    }

    /// Moves this iteration's blocks and counter samples to trace time, and cuts what overlaps on a slot.
    fn shift(&mut self) {
        let offset_ns = self.offset_ns;
        // A lane that appeared together with a higher slot may not be staged yet.
        self.staging.grow(self.tracks.block_lanes().len());
        for (index, &lane) in self.tracks.block_lanes().iter().enumerate() {
            let first = self.rows_before.get(index).copied().unwrap_or(0);
            let slices = self.builder.slices_mut(lane);
            self.staging.flush(index, slices);
            if offset_ns != 0 {
                slices.start_ns[first..].iter_mut().for_each(|t| *t += offset_ns);
                slices.end_ns[first..].iter_mut().for_each(|t| *t += offset_ns);
            }
            let mut free_ns = first.checked_sub(1).map_or(i64::MIN, |before| slices.end_ns[before]);
            let times = slices.start_ns[first..].iter_mut().zip(&mut slices.end_ns[first..]);
            for (start_ns, end_ns) in times {
                if *start_ns < free_ns || *end_ns < *start_ns {
                    *start_ns = (*start_ns).max(free_ns);
                    *end_ns = (*end_ns).max(*start_ns);
                    self.lost.overlapping += 1;
                }
                free_ns = *end_ns;
            }
        }
        for Samples { series, before } in self.counters.values_mut() {
            series.at_ns[*before..].iter_mut().for_each(|t| *t += offset_ns);
        }
    }

    /// Everything collected; `None` when no iteration ended.
    pub(super) fn finish(mut self) -> Option<TraceBuilder> {
        self.last_end_ns?;
        for samples in self.counters.into_values() {
            self.builder.counter(samples.series);
        }
        let diagnostics = self.builder.diagnostics_mut();
        diagnostics
            .count("records of a rank, SM or slot that the machine lacks", self.lost.unknown_place);
        diagnostics.count("records of an op that the plan lacks", self.lost.unknown_op);
        diagnostics.count("blocks cut because they overlapped on one slot", self.lost.overlapping);
        Some(self.builder)
    }
}
