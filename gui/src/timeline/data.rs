//! What the timeline draws from: a trace with all that is derived from it once.

use std::sync::Arc;

use egui::Color32;
use weftscope_traces::{
    Kind, LabelId, LaneId, SliceRef, Span, Trace, Track, TrackId, TrackKind,
    analysis::{
        Config, OpPlaces, Ops, OverlapReport, PhaseReport, Place, lengths_ns, op_of_block, overlap,
        phases,
    },
    lod::{Pyramid, Ribbon},
};

use super::{
    HostKind,
    foresight::{Foresight, Sight},
    overview::Overview,
    phases::{PhaseMark, rank_of_marks, recovered, set_slack},
    rows::{AnswerRows, RankRows, rows_of},
};
use crate::theme::Theme;

/// A trace with everything the timeline asks of it worked out once. Built off the UI thread; a copy shares what is large.
#[derive(Clone)]
pub struct TimelineData {
    /// The trace.
    pub trace: Arc<Trace>,
    /// Its lanes at any resolution.
    pub pyramid: Arc<Pyramid>,
    /// One ribbon a rank, in the order of `ranks`.
    pub ribbons: Arc<[Ribbon]>,
    /// The share of its SMs that communication holds while it runs, one a rank.
    pub comm_shares: Vec<f32>,
    /// Its ranks, ascending.
    pub ranks: Vec<RankRows>,
    /// Marks of the whole job.
    pub marks: Option<TrackId>,
    /// Host threads of no known rank.
    pub hosts: Vec<TrackId>,
    /// What queries answered.
    pub answers: Vec<AnswerRows>,
    /// Counters of a trace without ranks.
    pub counters: Vec<usize>,
    /// Highest value of each counter of the trace, 0 at least.
    pub counter_peaks: Vec<f64>,
    /// First start to last end, of samples too.
    pub span: Span,
    /// The same without samples.
    ran_span: Span,
    /// The same over streams and SMs.
    pub gpu_span: Span,
    /// Phases of the rows shown on top, with their slack.
    pub phases: Vec<PhaseMark>,
    /// What the host threads do, one a label.
    pub host_kinds: Vec<Option<HostKind>>,
    /// Ranges that the program marked stand on its host threads.
    pub(super) has_host_marks: bool,
    /// Iterations drawn over all ranks.
    pub(super) iterations: Vec<Span>,
    /// How long they take; empty until that is known.
    lengths_ns: Vec<i64>,
    /// Flow rows ordered by consumer.
    flows_to: Arc<[u32]>,
    /// All of it in the strip over the rows.
    pub(super) overview: Arc<Overview>,
    /// What is known of its first frame and of that of the trace after it.
    pub foresight: Arc<Foresight>,
    /// Where ops belong of which labels do not tell; empty until that is known.
    pub(super) places: Arc<OpPlaces>,
    /// Lanes of which a part is here, as first and last of those in a row, ascending.
    partial_lanes: Vec<(LaneId, LaneId)>,
}

impl TimelineData {
    /// Indexes a trace and asks it for overlap and slack.
    pub fn new(trace: Arc<Trace>) -> Self {
        let mut data = Self::indexed(trace);
        let trace = Arc::clone(&data.trace);
        data.ask(&Ops::of(&trace, &Config::default()));
        data
    }

    /// Asks the trace's ops for overlap and slack.
    pub fn ask(&mut self, ops: &Ops<'_>) {
        self.set_overlap(&overlap(ops));
        self.set_lengths(&lengths_ns(ops));
        self.set_slack(&phases(ops));
        self.set_places(Arc::new(OpPlaces::of(ops)));
    }

    /// Says where ops belong of which labels do not tell.
    pub fn set_places(&mut self, places: Arc<OpPlaces>) {
        self.places = places;
    }

    /// Where a slice belongs, and whether its label tells; else the order of kernels does.
    pub(crate) fn place_of(&self, slice: SliceRef) -> (Place, bool) {
        let by_order = self.places.get(&self.trace, slice).map(|place| (place, false));
        by_order.unwrap_or_else(|| (Place::of(self.trace.label_of(slice)), true))
    }

    /// Says of which lanes, as first and last of those in a row, ascending, a part is here.
    pub fn set_partial(&mut self, lanes: Vec<(LaneId, LaneId)>) {
        self.partial_lanes = lanes;
    }

    /// Whether of any of these lanes a part is here.
    pub(super) fn is_partial(&self, lanes: &[LaneId]) -> bool {
        let is_in = |(first, last): &(LaneId, LaneId)| {
            let at = lanes.partition_point(|lane| lane < first);
            lanes.get(at).is_some_and(|lane| lane <= last)
        };
        self.partial_lanes.iter().any(is_in)
    }

    /// Says how much of each rank's communication is hidden, and how long iterations last: marks may cover one stream, or be
    /// of the host alone. Those of the first rank that has any stand over all rows.
    pub fn set_overlap(&mut self, report: &OverlapReport) {
        let known = report.ranks.iter().find(|rank| !rank.iterations.is_empty());
        if let Some(rank) = known {
            self.iterations = rank.iterations.iter().map(|it| it.iteration.span).collect();
        }
        for rows in &mut self.ranks {
            rows.overlap =
                report.ranks.iter().find(|rank| rank.rank == rows.rank).map(|rank| rank.total);
        }
    }

    /// Says how long each iteration takes, the mean of its ranks: the marks drawn may be those of one rank.
    pub fn set_lengths(&mut self, lengths_ns: &[f64]) {
        self.lengths_ns = lengths_ns.iter().map(|ns| ns.round() as i64).collect();
    }

    /// How long an iteration takes, as reports and comparisons have it; until that is known, as long as its first rank has it.
    pub fn iteration_ns(&self, index: usize) -> Option<i64> {
        let mark = self.iterations.get(index)?;
        let is_known = self.lengths_ns.len() == self.iterations.len();
        Some(if is_known { self.lengths_ns[index] } else { mark.len_ns() })
    }

    /// Says how tight each phase is.
    pub fn set_slack(&mut self, report: &PhaseReport) {
        let first = self.ranks.first().map(|rows| rows.rank);
        let of_marks = self.top_marks().and_then(|marks| rank_of_marks(&self.trace, marks, first));
        let Some(rank) = of_marks.or(first) else { return };
        if self.phases.is_empty() {
            self.phases = recovered(report, rank);
        } else {
            set_slack(&mut self.phases, report, rank);
        }
    }

    /// Its rows, without an index.
    pub(super) fn rows(trace: Arc<Trace>) -> Self {
        let mut ranks: Vec<RankRows> = Vec::new();
        let mut marks = None;
        let mut hosts = Vec::new();
        let mut answers: Vec<AnswerRows> = Vec::new();
        for (index, track) in trace.tracks.iter().enumerate() {
            let id = TrackId(index as u32);
            match (&track.kind, track.kind.rank()) {
                (TrackKind::Marks { rank: None }, _) => marks = marks.or(Some(id)),
                (TrackKind::HostThread { .. }, None) => hosts.push(id),
                (&TrackKind::Answer { answer, .. }, _) => {
                    let heading = track.parent.unwrap_or(id);
                    match answers.iter_mut().find(|rows| rows.answer == answer) {
                        Some(rows) => rows.rows.push(id),
                        None => answers.push(AnswerRows { answer, heading, rows: vec![id] }),
                    }
                }
                (TrackKind::Group, _) | (_, None) => {}
                (kind, Some(rank)) => {
                    let rows = rows_of(&mut ranks, rank);
                    match kind {
                        TrackKind::Rank { .. } => rows.track = Some(id),
                        TrackKind::Stream { .. } => rows.streams.push(id),
                        TrackKind::Sm { .. } => rows.sms.push(id),
                        &TrackKind::Inside { sm, .. } => rows.inside.push((sm, id)),
                        TrackKind::Marks { .. } => rows.marks = Some(id),
                        TrackKind::HostThread { .. } => rows.hosts.push(id),
                        TrackKind::Driver { .. } => rows.drivers.push(id),
                        TrackKind::Answer { .. } | TrackKind::Group => {}
                    }
                }
            }
        }
        let mut counters = Vec::new();
        let first_rank = ranks.first().map(|rows| rows.rank);
        for (index, counter) in trace.counters.iter().enumerate() {
            match counter.rank.or(first_rank) {
                Some(rank) => rows_of(&mut ranks, rank).counters.push(index),
                None => counters.push(index),
            }
        }
        ranks.sort_by_key(|rows| rows.rank);
        ranks.iter_mut().for_each(|rows| rows.inside.sort_unstable());
        let mut flows_to: Vec<u32> = (0..trace.flows.len() as u32).collect();
        flows_to.sort_by_key(|&row| trace.flows[row as usize].to);
        let host_kinds = trace.labels.iter().map(HostKind::of).collect();
        let has_host_marks = has_host_marks(&trace);
        let sampled = trace.counters.iter().filter_map(|counter| {
            Some(Span::new(*counter.at_ns.first()?, counter.at_ns.last()?.saturating_add(1)))
        });
        let peak = |values: &Vec<f64>| values.iter().copied().fold(0.0, f64::max);
        let counter_peaks = trace.counters.iter().map(|counter| peak(&counter.value)).collect();
        let ran_span = trace.span();
        let span = sampled.fold(ran_span, Span::hull);
        let gpu_span = trace
            .span_where(|kind| matches!(kind, TrackKind::Stream { .. } | TrackKind::Sm { .. }));
        Self {
            trace,
            pyramid: Arc::default(),
            ribbons: Arc::default(),
            comm_shares: Vec::new(),
            ranks,
            marks,
            hosts,
            answers,
            counters,
            counter_peaks,
            span,
            ran_span,
            gpu_span,
            phases: Vec::new(),
            host_kinds,
            has_host_marks,
            iterations: Vec::new(),
            lengths_ns: Vec::new(),
            flows_to: flows_to.into(),
            overview: Arc::default(),
            foresight: Arc::default(),
            places: Arc::default(),
            partial_lanes: Vec::new(),
        }
    }

    /// Makes the list for a first frame that sees of this trace what was seen of the one before.
    pub fn foresee(&self, before: &Sight) {
        self.foresight.prepare(&self.trace, &self.pyramid, self.fit_span(), before);
    }

    /// The marks drawn over all ranks: those of the job, else those of the first rank; iterations before anything
    /// else, because an import may hold stray annotations of the job and the steps with a rank.
    pub fn top_marks(&self) -> Option<TrackId> {
        let tracks = || self.marks.into_iter().chain(self.ranks.iter().filter_map(|r| r.marks));
        let shows = |lane: &LaneId| !self.trace.lane(*lane).slices.is_empty();
        let lanes = |track: TrackId| &self.trace.track(track).lanes;
        tracks()
            .find(|&track| lanes(track).first().is_some_and(shows))
            .or_else(|| tracks().find(|&track| lanes(track).iter().any(shows)))
    }

    /// Lanes of the marks drawn over all ranks: iterations, layers, phases.
    pub fn mark_lanes(&self) -> &[LaneId] {
        self.top_marks().map_or(&[], |track| &self.trace.track(track).lanes)
    }

    /// Which of the three lanes of marks have something to show, top to bottom.
    pub fn mark_rows(&self) -> impl Iterator<Item = usize> + '_ {
        let is_shown = |lane: &LaneId| !self.trace.lane(*lane).slices.is_empty();
        // Phases may have been recovered, without marks.
        let is_phases = |row| row == 2 && !self.phases.is_empty();
        let is_marked = move |row: usize| self.mark_lanes().get(row).is_some_and(is_shown);
        (0..3).filter(move |&row| is_marked(row) || is_phases(row))
    }

    /// The iterations drawn over all ranks, in order; empty where none are known.
    pub fn iterations(&self) -> &[Span] {
        &self.iterations
    }

    /// The time from which an iteration is counted, ns: its start; of `None` the start of the first, without marks the
    /// first start on a GPU.
    pub fn zero_ns(&self, iteration: Option<usize>) -> i64 {
        let first = if self.gpu_span.is_empty() { self.span } else { self.gpu_span };
        self.iterations.get(iteration.unwrap_or(0)).map_or(first.start_ns, |span| span.start_ns)
    }

    /// The window that shows what the GPUs did, with a little air at both ends; of a trace without GPUs, all of it.
    pub fn fit_span(&self) -> Span {
        with_air(if self.gpu_span.is_empty() { self.span } else { self.gpu_span })
    }

    /// The longest window there is: the whole trace, host threads and samples included.
    pub fn whole_span(&self) -> Span {
        with_air(self.span)
    }

    /// What the strip over the rows shows: all that ran. A counter sampled long before would leave no room for it; where
    /// nothing ran, all samples.
    pub(super) fn overview_span(&self) -> Span {
        with_air(if self.ran_span.is_empty() { self.span } else { self.ran_span })
    }

    /// What a slice is, in words: its kind, of host threads what they do.
    pub fn kind_name(&self, slice: SliceRef) -> &'static str {
        let label = self.trace.lane(slice.lane).slices.label[slice.index as usize];
        match self.host_kinds[label.0 as usize] {
            Some(host) => host.name(),
            None => self.trace.label(label).kind.words(),
        }
    }

    /// The full colour of a slice.
    pub fn fill(&self, theme: &Theme, slice: SliceRef) -> Color32 {
        self.label_fill(theme, self.trace.lane(slice.lane).slices.label[slice.index as usize])
    }

    /// The full colour of what has this label.
    pub(super) fn label_fill(&self, theme: &Theme, label: LabelId) -> Color32 {
        match self.host_kinds[label.0 as usize] {
            Some(host) => theme.host(host),
            None => {
                let label = self.trace.label(label);
                theme.kind(label.kind, label.split)
            }
        }
    }

    /// Slices that `slice` waits for.
    pub fn producers(&self, slice: SliceRef) -> impl Iterator<Item = SliceRef> + '_ {
        let flows = &self.trace.flows;
        let first = self.flows_to.partition_point(|&row| flows[row as usize].to < slice);
        self.flows_to[first..]
            .iter()
            .map(|&row| flows[row as usize])
            .take_while(move |flow| flow.to == slice)
            .map(|flow| flow.from)
    }

    /// Slices that wait for `slice`.
    pub fn consumers(&self, slice: SliceRef) -> impl Iterator<Item = SliceRef> + '_ {
        let flows = &self.trace.flows;
        let first = flows.partition_point(|flow| flow.from < slice);
        flows[first..].iter().take_while(move |flow| flow.from == slice).map(|flow| flow.to)
    }

    /// True for a slice of this trace.
    pub fn has(&self, slice: SliceRef) -> bool {
        let lane = self.trace.lanes.get(slice.lane.0 as usize);
        lane.is_some_and(|lane| (slice.index as usize) < lane.slices.len())
    }

    /// The op span (on a stream) that a block on an SM is part of; an op span is its own.
    pub fn op_of(&self, slice: SliceRef) -> Option<SliceRef> {
        let lane = self.trace.lane(slice.lane);
        let TrackKind::Sm { rank, .. } = self.trace.track(lane.track).kind else {
            return Some(slice);
        };
        let rows = self.ranks.iter().find(|rows| rows.rank == rank)?;
        let lanes = rows.streams.iter().flat_map(|&track| &self.trace.track(track).lanes);
        op_of_block(&self.trace, lanes.copied(), slice)
    }
}

/// Looks at the label of every slice of host threads where there are none.
fn has_host_marks(trace: &Trace) -> bool {
    let is_mark: Vec<bool> = trace.labels.iter().map(|label| label.kind == Kind::Mark).collect();
    let is_host = |track: &&Track| matches!(track.kind, TrackKind::HostThread { .. });
    let mut lanes = trace.tracks.iter().filter(is_host).flat_map(|track| &track.lanes);
    lanes.any(|&lane| trace.lane(lane).slices.label.iter().any(|label| is_mark[label.0 as usize]))
}

fn with_air(span: Span) -> Span {
    let air = (span.len_ns() / 64).max(500);
    Span::new(span.start_ns.saturating_sub(air), span.end_ns.saturating_add(air))
}
