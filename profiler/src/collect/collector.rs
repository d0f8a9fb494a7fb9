use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use thiserror::Error;
use weftscope_engine::{
    executor::ExecutorInfo,
    observer::{
        BlockRecord, ClockResidual, Counter, CounterRecord, IterationEnd, LaunchRecord, Observer,
        OpRecord,
    },
    plan::{Phase, Plan},
};
use weftscope_traces::{
    ArgsId, ClockAgreement, CounterSeries, FlowKind, Kind, Label, LabelId, LaneId, SliceRef, Span,
    Trace, TraceBuilder, model::BuildError,
};

use super::{
    describe,
    driver::Driver,
    labels::{self, Labels},
    layout::Layout,
    marks::{self, Mark},
    staging::Staging,
};
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
    open: Option<Open>,
    collecting: Duration,
    cost: Cost,
}

struct Open {
    builder: TraceBuilder,
    layout: Layout,
    plan: Arc<Plan>,
    labels: Labels,
    staging: Staging,
    iteration: u64,
    /// Rows of each block lane before this iteration, to shift the new ones.
    rows_before: Vec<usize>,
    mark_labels: BTreeMap<(Option<u32>, Phase), LabelId>,
    ops: Vec<OpRecord>,
    counters: BTreeMap<(u32, Counter), (CounterSeries, usize)>,
    driver: Driver,
    /// End of the last iteration, trace time; `None` before the first ended.
    last_end_ns: Option<i64>,
    /// Trace time less executor time, of the last iteration.
    offset_ns: i64,
    lost: Lost,
}

/// Records without a place, counted here because the count per record must be cheap.
#[derive(Default)]
struct Lost {
    unknown_place: u64,
    unknown_op: u64,
    overlapping: u64,
}

impl Collector {
    /// A collector for what `info` runs.
    pub fn new(info: ExecutorInfo) -> Self {
        Self { info, open: None, collecting: Duration::ZERO, cost: Cost::default() }
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
                self.info = info;
                self.cost.recording += cost.recording;
                self.cost.waiting += cost.waiting;
                self.cost.wall += cost.wall;
                self.end(&end);
                if let Some(open) = &mut self.open {
                    open.describe(&self.info);
                }
                return true;
            }
        }
        false
    }

    /// The trace of all iterations that ended.
    ///
    /// # Errors
    /// [`CollectError`] when no iteration ended or the records overlap.
    pub fn finish(mut self) -> Result<Trace, CollectError> {
        let start = Instant::now();
        let mut open = self.open.take().ok_or(CollectError::Empty)?;
        if open.last_end_ns.is_none() {
            return Err(CollectError::Empty);
        }
        for (series, _) in std::mem::take(&mut open.counters).into_values() {
            open.builder.counter(series);
        }
        let lost = std::mem::take(&mut open.lost);
        let diagnostics = open.builder.diagnostics_mut();
        diagnostics
            .count("records of a rank, SM or slot that the machine lacks", lost.unknown_place);
        diagnostics.count("records of an op that the plan lacks", lost.unknown_op);
        diagnostics.count("blocks cut because they overlapped on one slot", lost.overlapping);
        self.collecting += start.elapsed();
        let overhead = &mut open.builder.meta_mut().overhead;
        let host = self.cost.recording + self.collecting;
        overhead.recording_host_ns = Some(host.as_nanos() as i64);
        overhead.note = self.overhead_note();
        Ok(open.builder.finish()?)
    }

    fn overhead_note(&self) -> String {
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        format!(
            "host time: {:.3} ms on the executor's thread (appends timed on every 16th call and scaled; {:.3} ms \
             of waiting for the collector left out), {:.3} ms collecting; the run took {:.3} ms of wall time",
            ms(self.cost.recording),
            ms(self.cost.waiting),
            ms(self.collecting),
            ms(self.cost.wall),
        )
    }
}

impl Observer for Collector {
    fn begin(&mut self, plan: &Arc<Plan>, iteration: u64, alone_ns: &[Option<i64>]) {
        let start = Instant::now();
        let info = &self.info;
        let open = self.open.get_or_insert_with(|| Open::new(plan, info, alone_ns));
        open.begin(plan, iteration, alone_ns);
        self.collecting += start.elapsed();
    }

    fn blocks(&mut self, records: &[BlockRecord]) {
        let start = Instant::now();
        if let Some(open) = &mut self.open {
            open.blocks(records);
        }
        self.collecting += start.elapsed();
    }

    fn op(&mut self, record: OpRecord) {
        if let Some(open) = &mut self.open {
            open.ops.push(record);
        }
    }

    fn counters(&mut self, records: &[CounterRecord]) {
        if let Some(open) = &mut self.open {
            open.counters(records);
        }
    }

    fn launches(&mut self, records: &[LaunchRecord]) {
        if let Some(open) = &mut self.open {
            open.driver.take(records);
        }
    }

    fn clocks(&mut self, residuals: &[ClockResidual]) {
        if let Some(open) = &mut self.open {
            open.clocks(residuals);
        }
    }

    fn end(&mut self, end: &IterationEnd) {
        let start = Instant::now();
        if let Some(open) = &mut self.open {
            open.end(end);
        }
        self.collecting += start.elapsed();
    }
}

impl Open {
    fn new(plan: &Arc<Plan>, info: &ExecutorInfo, alone_ns: &[Option<i64>]) -> Self {
        let mut builder = TraceBuilder::new(describe::meta(plan, info));
        let layout = Layout::declare(&mut builder, plan);
        let labels = Labels::declare(&mut builder, plan, alone_ns);
        Self {
            builder,
            layout,
            plan: Arc::clone(plan),
            labels,
            staging: Staging::default(),
            iteration: 0,
            rows_before: Vec::new(),
            mark_labels: BTreeMap::new(),
            ops: Vec::new(),
            counters: BTreeMap::new(),
            driver: Driver::default(),
            last_end_ns: None,
            offset_ns: 0,
            lost: Lost::default(),
        }
    }

    /// What is known of the executor once an iteration has run.
    fn describe(&mut self, info: &ExecutorInfo) {
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

    fn begin(&mut self, plan: &Arc<Plan>, iteration: u64, alone_ns: &[Option<i64>]) {
        if !Arc::ptr_eq(plan, &self.plan) && **plan != *self.plan {
            // Same machine and ranks, other ops: the tracks stay, the labels are new.
            self.labels = Labels::declare(&mut self.builder, plan, alone_ns);
            self.plan = Arc::clone(plan);
        }
        self.iteration = iteration;
        self.ops.clear();
        self.driver.begin();
        let builder = &mut self.builder;
        self.rows_before =
            self.layout.block_lanes().iter().map(|&lane| builder.slices_mut(lane).len()).collect();
        for (series, rows) in self.counters.values_mut() {
            *rows = series.at_ns.len();
        }
    }

    fn blocks(&mut self, records: &[BlockRecord]) {
        let mut num_lanes = self.staging.num_lanes();
        for record in records {
            let lane =
                self.layout.slot_lane(&mut self.builder, record.rank, record.sm, record.slot);
            let Some(lane) = lane else {
                self.lost.unknown_place += 1;
                continue;
            };
            let Some(label) = self.labels.of_part(record.op.0 as usize, record.part) else {
                self.lost.unknown_op += 1;
                continue;
            };
            if lane >= num_lanes {
                num_lanes = self.layout.block_lanes().len();
                self.staging.grow(num_lanes);
            }
            if self.staging.push(lane, record, label) {
                let slices = self.builder.slices_mut(self.layout.block_lanes()[lane]);
                self.staging.flush(lane, slices);
            }
        }
    }

    fn counters(&mut self, records: &[CounterRecord]) {
        for record in records {
            let (series, _) =
                self.counters.entry((record.rank, record.counter)).or_insert_with(|| {
                    let (name, unit) = record.counter.name_and_unit();
                    let series = CounterSeries {
                        name: name.to_owned(),
                        unit: unit.to_owned(),
                        rank: Some(record.rank),
                        ..CounterSeries::default()
                    };
                    (series, 0)
                });
            series.at_ns.push(record.at_ns);
            series.value.push(record.value);
        }
    }

    /// The newest word on each clock; the worst it ever was, since times of every iteration stay in the trace.
    fn clocks(&mut self, residuals: &[ClockResidual]) {
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

    fn end(&mut self, end: &IterationEnd) {
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
        for ops in ops.chunk_by(|a, b| a.rank == b.rank) {
            self.rank_ops(ops);
        }
        let around = (&*self.plan, &self.layout, &self.labels);
        self.lost.unknown_place += self.driver.lay(&mut self.builder, around, self.offset_ns);
        let item = u32::try_from(self.iteration).unwrap_or(u32::MAX);
        for rank in 0..self.layout.num_ranks() {
            if let Some(tracks) = self.layout.rank(rank) {
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
        self.staging.grow(self.layout.block_lanes().len());
        for (index, &lane) in self.layout.block_lanes().iter().enumerate() {
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
        for (series, first) in self.counters.values_mut() {
            series.at_ns[*first..].iter_mut().for_each(|t| *t += offset_ns);
        }
    }

    /// Stream slices, arrows and marks of one rank; `ops` in order of start.
    fn rank_ops(&mut self, ops: &[OpRecord]) {
        let mut slice_of: Vec<Option<SliceRef>> = vec![None; self.plan.ops.len()];
        for record in ops {
            let index = record.op.0 as usize;
            let (Some(op), Some(label)) = (self.plan.ops.get(index), self.labels.of_op(index))
            else {
                self.lost.unknown_op += 1;
                continue;
            };
            let tracks = self.layout.rank(record.rank as usize);
            let Some(&track) = tracks.and_then(|tracks| tracks.streams.get(&op.stream)) else {
                self.lost.unknown_place += 1;
                continue;
            };
            let span = Span::new(record.start_ns, record.end_ns);
            slice_of[index] =
                Some(self.builder.push_packed(track, span, label, ArgsId::NONE, record.op.0));
        }
        for op in &self.plan.ops {
            let Some(to) = slice_of[op.id.0 as usize] else { continue };
            for dep in &op.deps {
                if let Some(from) = slice_of.get(dep.0 as usize).copied().flatten() {
                    self.builder.flow(from, to, FlowKind::Dependency);
                }
            }
        }
        let rank = ops.first().map_or(0, |op| op.rank as usize);
        if let Some(tracks) = self.layout.rank(rank) {
            let lanes = tracks.marks;
            let layers = marks::layers(&self.plan, ops);
            let phases = marks::phases(&self.plan, ops);
            self.push_marks(lanes[1], &layers);
            self.push_marks(lanes[2], &phases);
        }
    }

    fn push_marks(&mut self, lane: LaneId, marks: &[Mark]) {
        for mark in marks {
            let phase = labels::phase(mark.phase);
            let name = match (mark.layer, phase.name()) {
                (Some(layer), "") => format!("layer {layer}"),
                (_, name) => name.to_owned(),
            };
            let builder = &mut self.builder;
            let label = *self.mark_labels.entry((mark.layer, mark.phase)).or_insert_with(|| {
                builder.label(Label { layer: mark.layer, phase, ..mark_label(name) })
            });
            let item = mark.layer.unwrap_or(0);
            self.builder.push(lane, mark.span, label, ArgsId::NONE, item);
        }
    }
}

fn mark_label(name: String) -> Label {
    Label { name, kind: Kind::Mark, ..Label::default() }
}
