//! Second pass over a foreign file: ranks, tracks, labels and lanes.

use hashbrown::{HashMap, HashSet};

use super::about::{labels, meta, overhead, process_name};
use super::class::Class;
use super::collect::Collect;
use super::correlation::Correlated;
use super::dialect::Processes;
use super::flows::{self, Places};
use super::gpu_rows;
use super::header::Header;
use super::identity::{Context, Identity, Seat, identity};
use super::nest::{self, Nest};
use super::records::{Event, Series};
use super::rows::RowKey;
use super::times::{drop_outliers, origin};
use crate::interchange::tally::Tally;
use crate::model::FirstFree;
use crate::{
    CounterSeries, Flow, Kind, Label, LabelId, LaneId, OpenOptions, SliceRef, Span, Trace,
    TraceBuilder, TrackId, TrackKind,
};

/// The trace, or `None` when nothing usable was collected.
pub(crate) fn build(
    mut collect: Collect,
    header: &Header,
    options: &OpenOptions,
    tally: &mut Tally,
) -> Option<Trace> {
    let halves = std::mem::take(&mut collect.halves);
    nest::pair(halves, &mut collect.events, tally);
    // First, so that what comes next is told in one order however the text was read.
    collect.events.sort_by_key(Event::order);
    drop_outliers(&mut collect, header, tally);
    if collect.events.is_empty() && collect.counters.is_empty() {
        return None;
    }
    let mut processes = Processes::default();
    gpu_rows::tell(&mut collect, &mut processes);
    let title = &options.title;
    let diagnostics = &mut tally.diagnostics;
    header.notes.iter().for_each(|note| diagnostics.note(note.clone()));
    let identity = identity(&collect, &mut processes, header, title, diagnostics);
    let origin_ns = origin(&collect);
    let mut build = Build::new(collect, identity, header, options, origin_ns);
    build.tracks();
    build.slices(tally);
    build.counters();
    build.flows(tally);
    if let Some(overhead) = overhead(&build.collect.events) {
        build.out.meta_mut().overhead = overhead;
    }
    *build.out.diagnostics_mut() = std::mem::take(&mut tally.diagnostics);
    // Every lane was filled in order and packed, so only a fault of this file's could make this fail.
    build.out.finish().ok()
}

struct Build<'a> {
    collect: Collect,
    options: &'a OpenOptions,
    origin_ns: i64,
    out: TraceBuilder,
    identity: Identity,
    /// Track of each row of the file that got one.
    track_of_row: Vec<Option<TrackId>>,
    marks: HashMap<Option<u32>, Marks>,
    /// Of each name the label it got first, with what it was taken for.
    first_labels: Vec<Option<(Kind, LabelId)>>,
    /// Labels of names that are taken for several things.
    more_labels: HashMap<(u32, Kind), LabelId>,
    /// Numbers of the streams of the rank that is being declared.
    numbers: HashSet<u32>,
    /// Rows of each rank that repeat what its streams hold.
    repeats: HashMap<u32, u32>,
    /// Where flows look for their ends.
    places: Places,
    /// Calls and what came of them.
    correlated: Correlated,
}

/// A row that holds a stream of a rank; sorted, they stand as they are shown.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct StreamRow {
    rank: u32,
    /// See [`Seat::is_guest`].
    is_guest: bool,
    context: Context,
    stream: i64,
    row: usize,
}

/// The marks of one rank: iterations on lane 0, everything else packed below.
struct Marks {
    track: TrackId,
    lanes: Vec<LaneId>,
    /// When the last iteration ends.
    iterations_end_ns: i64,
    /// Which lanes are free; that of the iterations is kept for them.
    free: FirstFree,
}

impl<'a> Build<'a> {
    fn new(
        mut collect: Collect,
        identity: Identity,
        header: &Header,
        options: &'a OpenOptions,
        origin_ns: i64,
    ) -> Self {
        let track_of_row = vec![None; collect.rows.keys.len()];
        let first_labels = vec![None; collect.names.len()];
        let mut out = TraceBuilder::new(meta(
            header,
            options,
            &identity.ranks,
            &collect.modelled(),
            origin_ns,
        ));
        *out.args_mut() = std::mem::take(&mut collect.args);
        Self {
            collect,
            options,
            origin_ns,
            out,
            identity,
            track_of_row,
            marks: HashMap::new(),
            first_labels,
            more_labels: HashMap::new(),
            numbers: HashSet::new(),
            repeats: HashMap::new(),
            places: Places::default(),
            correlated: Correlated::default(),
        }
    }

    /// Declares ranks with marks and streams, then processes with threads.
    fn tracks(&mut self) {
        let mut used = vec![false; self.collect.rows.keys.len()];
        let mut repeats = vec![false; used.len()];
        let mut marked: Vec<Option<u32>> = Vec::new();
        for event in &self.collect.events {
            match event.class {
                Class::GpuMark | Class::Step => marked.push(self.rank_of_row(event.row)),
                Class::GlobalInstant => marked.push(None),
                Class::Repeat => repeats[event.row as usize] = true,
                _ => used[event.row as usize] = true,
            }
        }
        marked.sort_unstable();
        marked.dedup();
        if marked.first() == Some(&None) {
            self.add_marks(None, None);
        }
        self.out.meta_mut().labels = labels(&self.collect, &self.identity, &used);
        let mut streams = self.streams(&used).into_iter().peekable();
        let mut parents: Vec<(u32, TrackId)> = Vec::new();
        for (rank, _) in self.identity.ranks.clone() {
            let parent = self.out.track(None, format!("rank {rank}"), TrackKind::Rank { rank });
            parents.push((rank, parent));
            if marked.binary_search(&Some(rank)).is_ok() {
                self.add_marks(Some(rank), Some(parent));
            }
            self.numbers.clear();
            while let Some(of_rank) = streams.next_if(|of| of.rank == rank) {
                self.add_stream(parent, &of_rank);
            }
        }
        for (row, _) in repeats.iter().enumerate().filter(|&(_, &repeats)| repeats) {
            used[row] |= !self.add_repeats(row, used[row], &parents);
        }
        self.host_tracks(&used);
    }

    /// The rows of all streams by rank, its own device's first.
    fn streams(&self, used: &[bool]) -> Vec<StreamRow> {
        let mut streams = Vec::new();
        for (row, key) in self.collect.rows.keys.iter().enumerate() {
            if let RowKey::Stream { pid, device, stream } = *key
                && used[row]
            {
                let context = Context { pid, device };
                let Some(seat) = self.identity.seat(context) else { continue };
                let Seat { rank, is_guest } = seat;
                streams.push(StreamRow { rank, is_guest, context, stream, row });
            }
        }
        streams.sort_unstable();
        streams
    }

    /// A stream is numbered as the file does unless the rank has that number already.
    fn add_stream(&mut self, parent: TrackId, of_rank: &StreamRow) {
        let StreamRow { rank, stream, row, .. } = *of_rank;
        let name = self.stream_name(of_rank);
        let mut number = stream as u32;
        if !self.numbers.insert(number) {
            number = self.collect.rows.id_of_text(&format!("row {row}: {name}")) as u32;
        }
        let kind = TrackKind::Stream { rank, stream: number };
        self.track_of_row[row] = Some(self.out.track(Some(parent), name, kind));
    }

    /// A row that repeats what streams hold, below the rank that it tells of; `false` when it has to stand elsewhere.
    fn add_repeats(&mut self, row: usize, is_used: bool, parents: &[(u32, TrackId)]) -> bool {
        let RowKey::Thread { pid, tid } = self.collect.rows.keys[row] else { return false };
        let Some(rank) = self.identity.of_process(pid).filter(|_| !is_used) else { return false };
        let number = self.repeats.entry(rank).or_default();
        let kind = TrackKind::Driver { rank, row: *number };
        *number += 1;
        let name = self.thread_name(pid, tid);
        let parent = parents.binary_search_by_key(&rank, |&(rank, _)| rank);
        let parent = parent.ok().map(|at| parents[at].1);
        let track = self.out.track(parent, name, kind);
        self.track_of_row[row] = Some(track);
        true
    }

    fn host_tracks(&mut self, used: &[bool]) {
        let mut processes: HashMap<i64, TrackId> = HashMap::new();
        for (row, &key) in self.collect.rows.keys.iter().enumerate() {
            let (pid, tid, name) = match key {
                RowKey::Thread { pid, tid } => (pid, tid, self.thread_name(pid, tid)),
                RowKey::Async { pid, group } => {
                    (pid, i64::from(u32::MAX) - group, format!("asynchronous {group}"))
                }
                RowKey::Stream { .. } => continue,
            };
            if !used[row] || self.track_of_row[row].is_some() {
                continue;
            }
            let process = *processes.entry(pid).or_insert_with(|| {
                let name = process_name(&self.collect, pid);
                self.out.track(None, name, TrackKind::Group)
            });
            let rank = self.identity.of_process(pid);
            let kind = TrackKind::HostThread { rank, pid: pid as u32, tid: tid as u32 };
            let track = self.out.track(Some(process), name, kind);
            self.track_of_row[row] = Some(track);
        }
    }

    fn add_marks(&mut self, rank: Option<u32>, parent: Option<TrackId>) {
        let track = self.out.track(parent, "marks", TrackKind::Marks { rank });
        let iterations = self.out.lane(track);
        let mut free = FirstFree::default();
        free.push(i64::MAX);
        let lanes = vec![iterations];
        self.marks.insert(rank, Marks { track, lanes, iterations_end_ns: i64::MIN, free });
    }

    /// Annotations stand on rows of the GPU's process.
    fn rank_of_row(&self, row: u32) -> Option<u32> {
        self.identity.of_process(self.collect.rows.keys[row as usize].pid())
    }

    fn stream_name(&self, of_rank: &StreamRow) -> String {
        let StreamRow { is_guest, context: Context { pid, device }, stream, .. } = *of_rank;
        let given = self.collect.thread_names.get(&(pid, stream)).filter(|name| !name.is_empty());
        let name = match (given, self.collect.rows.text_of_id(stream)) {
            (Some(name), _) => name.clone(),
            (None, Some(text)) if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                format!("stream {text}")
            }
            (None, Some(text)) => text.to_owned(),
            (None, None) => format!("stream {stream}"),
        };
        match device.filter(|_| is_guest) {
            Some(device) => format!("GPU {device} {name}"),
            None => name,
        }
    }

    fn thread_name(&self, pid: i64, tid: i64) -> String {
        if let Some(name) = self.collect.thread_names.get(&(pid, tid)).filter(|n| !n.is_empty()) {
            return name.clone();
        }
        match self.collect.rows.text_of_id(tid) {
            Some(text) => text.to_owned(),
            None => format!("thread {tid}"),
        }
    }

    /// Fills the lanes in order of time.
    fn slices(&mut self, tally: &mut Tally) {
        let events = std::mem::take(&mut self.collect.events);
        let mut nests: Vec<(Nest, Vec<LaneId>)> = Vec::new();
        nests.resize_with(self.track_of_row.len(), Default::default);
        for event in &events {
            let span = Span {
                start_ns: event.start_ns - self.origin_ns,
                end_ns: event.end_ns - self.origin_ns,
            };
            let label = self.label(event);
            match event.class {
                Class::GpuMark | Class::Step => {
                    self.mark(self.rank_of_row(event.row), event, span, label);
                }
                Class::GlobalInstant => self.mark(None, event, span, label),
                Class::Kernel | Class::Memcpy | Class::PeerCopy | Class::Repeat => {
                    let Some(track) = self.track_of_row[event.row as usize] else {
                        tally.lost_where("slices without a row", || {
                            format!("at {} ns", span.start_ns)
                        });
                        continue;
                    };
                    let slice = self.out.push_packed(track, span, label, event.args, event.item);
                    self.place(event, span, slice);
                }
                Class::Host | Class::Call | Class::HostMark | Class::Overhead | Class::Untold => {
                    let (nest, lanes) = &mut nests[event.row as usize];
                    let (lane, sticks_out) = nest.place(span.start_ns, span.end_ns);
                    if sticks_out {
                        let cause =
                            "host slices that overlap without nesting, on a lane of their own";
                        tally.diagnostics.remark(cause, 1);
                    }
                    let Some(track) = self.track_of_row[event.row as usize] else {
                        tally.lost_where("slices without a row", || {
                            format!("at {} ns", span.start_ns)
                        });
                        continue;
                    };
                    while lanes.len() <= lane {
                        lanes.push(self.out.lane(track));
                    }
                    let slice = self.out.push(lanes[lane], span, label, event.args, event.item);
                    self.place(event, span, slice);
                }
            }
        }
        self.collect.events = events;
    }

    fn mark(&mut self, rank: Option<u32>, event: &Event, span: Span, label: LabelId) {
        let is_step = event.class == Class::Step
            || self.collect.names.get(event.name).starts_with("ProfilerStep");
        let Some(marks) = self.marks.get_mut(&rank) else { return };
        let lane = if is_step && marks.iterations_end_ns <= span.start_ns {
            marks.iterations_end_ns = span.end_ns;
            0
        } else if let Some(lane) = marks.free.at(span.start_ns) {
            marks.free.set(lane, span.end_ns);
            lane
        } else {
            marks.free.push(span.end_ns);
            marks.lanes.push(self.out.lane(marks.track));
            marks.lanes.len() - 1
        };
        let slice = self.out.push(marks.lanes[lane], span, label, event.args, event.item);
        self.place(event, span, slice);
    }

    /// Where arrows look for their ends, if there are any, and what launches are told by beside them.
    fn place(&mut self, event: &Event, span: Span, slice: SliceRef) {
        if !self.collect.flows.is_empty() {
            self.places.add(event.row, span, slice);
        }
        match (event.class, self.collect.rows.keys[event.row as usize]) {
            (Class::Call, key) => self.correlated.call(event.item, key.pid(), slice),
            (class, RowKey::Stream { pid, device, .. }) if class.is_gpu_op() => {
                self.correlated.work(event.item, Context { pid, device }, slice);
            }
            _ => {}
        }
    }

    fn label(&mut self, event: &Event) -> LabelId {
        let kind = match event.class {
            Class::Kernel | Class::Repeat => Kind::Other,
            Class::Memcpy => Kind::Memcpy,
            Class::PeerCopy => Kind::Comm,
            Class::GpuMark | Class::Step | Class::HostMark | Class::GlobalInstant => Kind::Mark,
            Class::Host | Class::Call | Class::Overhead | Class::Untold => Kind::Host,
        };
        let first = self.first_labels[event.name as usize];
        let known = match first {
            Some((of, label)) if of == kind => Some(label),
            Some(_) => self.more_labels.get(&(event.name, kind)).copied(),
            None => None,
        };
        if let Some(label) = known {
            return label;
        }
        let name = self.collect.names.get(event.name).to_owned();
        let shown = match event.class {
            Class::Kernel | Class::Repeat => self.options.classifier.kind(&name),
            // A copy whose name says that it goes to a peer, or what the user's rules take it for.
            Class::Memcpy => match self.options.classifier.kind(&name) {
                Kind::Comm => Kind::Comm,
                _ => kind,
            },
            _ => kind,
        };
        let label = self.out.label(Label { name, kind: shown, ..Label::default() });
        match first {
            None => self.first_labels[event.name as usize] = Some((kind, label)),
            Some(_) => _ = self.more_labels.insert((event.name, kind), label),
        }
        label
    }

    fn counters(&mut self) {
        for (series, samples) in std::mem::take(&mut self.collect.counters) {
            let Series { pid, name, key: unit } = series;
            let rank = self.identity.of_process(pid);
            let at_ns = samples.at_ns.iter().map(|at| at - self.origin_ns).collect();
            self.out.counter(CounterSeries { name, unit, rank, at_ns, value: samples.value });
        }
    }

    fn flows(&mut self, tally: &mut Tally) {
        let arrows = std::mem::take(&mut self.collect.flows);
        let rows = &self.collect.rows;
        let places = &self.places;
        let origin_ns = self.origin_ns;
        // A thread row of a GPU's process is that GPU's stream.
        let end_of = |row: u32, at_ns: i64| -> Option<SliceRef> {
            let on_stream = match rows.keys[row as usize] {
                RowKey::Thread { pid, tid } => rows.stream_on(pid, tid),
                RowKey::Stream { .. } | RowKey::Async { .. } => None,
            };
            let at_ns = at_ns.checked_sub(origin_ns)?;
            on_stream.and_then(|row| places.at(row, at_ns)).or_else(|| places.at(row, at_ns))
        };
        let out = &self.out;
        let launches = |slice: SliceRef| flows::puts_work_on_a_gpu(&out.label_of(slice).name);
        let mut joined = flows::join(arrows, end_of, launches, tally);
        let correlated = std::mem::take(&mut self.correlated);
        joined.extend(correlated.join(&joined, &self.identity, tally));
        for Flow { from, to, kind } in joined {
            self.out.flow(from, to, kind);
        }
    }
}
