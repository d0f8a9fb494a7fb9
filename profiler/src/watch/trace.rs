//! A trace out of what the processes have told.

use std::collections::{BTreeMap, HashMap};

use weftscope_traces::{
    ArgValue, ArgsId, Classifier, ClockAgreement, Kind, Label, LabelId, Meta, Provenance, SliceRef,
    Span, Trace, TraceBuilder, TrackId, TrackKind, model::BuildError,
};
use weftscope_wire::{Launch, Stamping};

use super::{
    Process,
    activity::{self, Timed},
    bounds::{Step, bounded},
    calls::Calls,
    collectives,
    cost::{self, Costs},
    inside,
    ranks::{Place, ranks},
    seen::{Clock, Seen, seen},
    sheet::{Sheet, kernel_name},
    steps,
};

/// What a measured trace of this kind calls its source.
const SOURCE: &str = "weftscope run, thread blocks by the Compute Sanitizer's patches";
/// Where no blocks were recorded.
const BY_CUPTI: &str = "weftscope run, kernels and copies by CUPTI";
/// Where NCCL told of its channels beside.
const WITH_CHANNELS: &str = "weftscope run, kernels and copies by CUPTI, channels of NCCL's kernels by its profiler interface";

/// The trace; `title` is what was run.
///
/// # Errors
/// [`BuildError`] when the pieces contradict one another, which the construction rules out.
pub fn trace(
    title: &str,
    processes: &[Process],
    classifier: &Classifier,
) -> Result<Trace, BuildError> {
    trace_from(title, processes, classifier, None)
}

/// The same with times from a moment on; `None`: from the first of everything.
pub(super) fn trace_from(
    title: &str,
    processes: &[Process],
    classifier: &Classifier,
    base_host_ns: Option<i64>,
) -> Result<Trace, BuildError> {
    let ranks = ranks(processes);
    let clocks: Vec<Clock> = ranks
        .by_rank
        .values()
        .map(|&place| Clock::of(&processes[place.process], place.device))
        .collect();
    let seen: Vec<Vec<Seen<'_>>> = ranks
        .by_rank
        .values()
        .zip(&clocks)
        .map(|(&place, clock)| seen(&processes[place.process], place.device, clock))
        .collect();
    let timed: Vec<Timed<'_>> = processes.iter().map(Timed::of).collect();
    let first = |seen: &Seen<'_>| seen.span.map(|span| span.start_ns);
    let starts = seen.iter().flatten().filter_map(first);
    let starts = starts.chain(timed.iter().filter_map(Timed::start_host_ns));
    let marked = ranks.by_rank.values().zip(&clocks);
    let starts = starts.chain(marked.filter_map(|(place, clock)| {
        inside::start_host_ns(&processes[place.process], place.device, clock)
    }));
    let base_host_ns = base_host_ns.or(starts.min()).unwrap_or(0);
    let mut meta = Meta::new(title, Provenance::Measured { source: source(processes).to_owned() });
    meta.world_size = ranks.world_size.max(1);
    if let Some(process) = processes.first() {
        let (monotonic_ns, unix_ns) = process.hello.monotonic_and_unix_ns;
        meta.base_time_unix_ns = unix_ns + (base_host_ns - monotonic_ns);
    }
    let mut building = Building {
        sheet: Sheet::new(TraceBuilder::new(meta), classifier, base_host_ns),
        cost: Costs::default(),
    };
    for (((&rank, &place), clock), seen) in ranks.by_rank.iter().zip(&clocks).zip(&seen) {
        if processes[place.process].launches.is_empty() {
            activity::rank(&mut building.sheet, (rank, place.device), &timed[place.process]);
            continue;
        }
        let root = building.rank(rank, place, &processes[place.process], seen);
        let (process, of_device) = (&processes[place.process], (place.device, clock));
        inside::draw(&mut building.sheet, (rank, root), process, of_device);
        building.clock(rank, clock);
    }
    for (index, timed) in timed.iter().enumerate() {
        let mut own = ranks.by_rank.iter().filter(|(_, place)| place.process == index);
        let only = own.next().map(|(&rank, _)| rank).filter(|_| own.next().is_none());
        activity::host(&mut building.sheet, only, timed);
    }
    building.sheet.builder.meta_mut().overhead.note = building.cost.words();
    building.diagnose(processes, ranks.note);
    building.sheet.builder.finish()
}

fn source(processes: &[Process]) -> &'static str {
    if processes.iter().any(|process| !process.launches.is_empty()) {
        SOURCE
    } else if processes.iter().any(|process| !process.channels.is_empty()) {
        WITH_CHANNELS
    } else {
        BY_CUPTI
    }
}

struct Building<'a> {
    sheet: Sheet<'a>,
    cost: Costs,
}

/// Rows of a rank.
struct Rows {
    root: TrackId,
    marks: TrackId,
    streams: BTreeMap<u32, TrackId>,
    sms: Vec<TrackId>,
}

/// Of a kernel that is drawn on the SMs it could hold, not on those that it held.
const NOT_A_BLOCK: u32 = u32::MAX;

impl Building<'_> {
    /// Gives the rank's own track.
    fn rank(&mut self, rank: u32, place: Place, process: &Process, seen: &[Seen<'_>]) -> TrackId {
        let rows = self.rows(rank, place, process, seen);
        let mut ops: Vec<Op> = Vec::new();
        let mut streams: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, seen) in seen.iter().enumerate() {
            streams.entry(seen.launch.stream).or_default().push(index);
            if let Some(span) = seen.span {
                let name = self.name(process, seen.launch);
                self.cost.add(&name, seen.launch, span.len_ns(), rows.sms.len());
                let label = self.sheet.label(&[name]);
                ops.push(Op { stream: seen.launch.stream, span, label, launches: vec![index] });
            }
        }
        self.unstamped(process, seen, &streams, &mut ops);
        ops.sort_by_key(|op| (op.span.start_ns, op.span.end_ns));
        let mut slices: HashMap<u64, SliceRef> = HashMap::new();
        for op in &ops {
            let args = self.args(process, op, seen);
            let span = op.span.shifted(-self.sheet.base_host_ns);
            if let Some(&track) = rows.streams.get(&op.stream) {
                let slice = self.sheet.builder.push_packed(track, span, op.label, args, 0);
                let launches = op.launches.iter().map(|&launch| seen[launch].launch.id);
                slices.extend(launches.map(|launch| (launch, slice)));
            }
        }
        let calls = Calls::of(process, place.device, -self.sheet.base_host_ns);
        calls.draw(&mut self.sheet.builder, rank, process.hello.pid, &slices);
        self.steps(&rows, (process, place.device), &ops, seen);
        self.blocks(&rows, seen, &ops);
        rows.root
    }

    fn rows(&mut self, rank: u32, place: Place, process: &Process, seen: &[Seen<'_>]) -> Rows {
        let device = process.devices.get(&place.device);
        let last_sm = seen.iter().flat_map(|seen| &seen.blocks).flatten().map(|&(_, sm)| sm).max();
        let sms = device.map_or(0, |device| device.sms).max(last_sm.map_or(0, |last| last + 1));
        let root = self.sheet.rank(rank, device, sms);
        let kind = TrackKind::Marks { rank: Some(rank) };
        let marks = self.sheet.builder.track(Some(root), "steps", kind);
        let mut streams: Vec<u32> = seen.iter().map(|seen| seen.launch.stream).collect();
        streams.sort_unstable();
        streams.dedup();
        let streams = streams.into_iter().map(|stream| {
            let kind = TrackKind::Stream { rank, stream };
            (stream, self.sheet.builder.track(Some(root), format!("stream {stream}"), kind))
        });
        let streams = streams.collect();
        let sms = (0..sms).map(|sm| {
            self.sheet.builder.track(Some(root), format!("SM {sm}"), TrackKind::Sm { rank, sm })
        });
        Rows { root, marks, streams, sms: sms.collect() }
    }

    /// Steps as iterations.
    fn steps(
        &mut self,
        rows: &Rows,
        (process, device): (&Process, u32),
        ops: &[Op],
        seen: &[Seen<'_>],
    ) {
        let steps = steps::steps(process, device);
        let mut spans: HashMap<u64, Span> = HashMap::new();
        for op in ops {
            spans.extend(op.launches.iter().map(|&launch| (seen[launch].launch.id, op.span)));
        }
        let spans = steps::spans(steps, |launch| spans.get(&launch).copied());
        for (name, span) in spans {
            let label = Label { name, kind: Kind::Mark, ..Label::default() };
            let label = self.sheet.builder.label(label);
            let span = span.shifted(-self.sheet.base_host_ns);
            self.sheet.builder.push_packed(rows.marks, span, label, ArgsId::NONE, 0);
        }
    }

    /// Ops of launches that left no stamps, as long as they can have been.
    fn unstamped(
        &mut self,
        process: &Process,
        seen: &[Seen<'_>],
        streams: &BTreeMap<u32, Vec<usize>>,
        ops: &mut Vec<Op>,
    ) {
        let step = |&index: &usize| Step {
            what: (seen[index].launch.kernel, seen[index].launch.grid),
            launched_ns: seen[index].launch.at_host_ns,
            span: seen[index].span,
        };
        let steps: Vec<Vec<_>> =
            streams.values().map(|launches| launches.iter().map(step).collect()).collect();
        let (rows, unbounded) = bounded(&steps);
        let numbers: Vec<(&u32, &Vec<usize>)> = streams.iter().collect();
        for row in rows {
            let (&stream, launches) = numbers[row.stream];
            let launches = launches[row.launches].to_vec();
            let names: Vec<String> =
                launches.iter().map(|&index| self.name(process, seen[index].launch)).collect();
            let label = self.sheet.label(&names);
            ops.push(Op { stream, span: row.span, label, launches });
        }
        let cause =
            "launches without stamps and without stamped neighbours on both sides, not drawn";
        self.sheet.builder.diagnostics_mut().count(cause, unbounded);
    }

    /// Blocks on their SMs. Kernels without stamps are drawn on as many SMs as they can have held.
    fn blocks(&mut self, rows: &Rows, seen: &[Seen<'_>], ops: &[Op]) {
        let mut by_sm: Vec<Vec<(Span, LabelId, u32)>> = vec![Vec::new(); rows.sms.len()];
        let mut silent = 0;
        for op in ops {
            let stamped = match op.launches[..] {
                [launch] => Some(&seen[launch]).filter(|launch| launch.span.is_some()),
                _ => None,
            };
            let Some(launch) = stamped else {
                self.cover(op, seen, &mut by_sm);
                continue;
            };
            for (block, told) in (0..).zip(&launch.blocks) {
                match told {
                    Some((span, sm)) => by_sm[*sm as usize].push((*span, op.label, block)),
                    None => silent += 1,
                }
            }
        }
        self.sheet.builder.diagnostics_mut().count("thread blocks that did not tell", silent);
        for (&track, mut blocks) in rows.sms.iter().zip(by_sm) {
            blocks.sort_by_key(|(span, _, block)| (span.start_ns, span.end_ns, *block));
            for (span, label, block) in blocks {
                let span = span.shifted(-self.sheet.base_host_ns);
                self.sheet.builder.push_packed(track, span, label, ArgsId::NONE, block);
            }
        }
    }

    fn cover(&self, op: &Op, seen: &[Seen<'_>], by_sm: &mut [Vec<(Span, LabelId, u32)>]) {
        let blocks = |&index: &usize| -> u64 {
            seen[index].launch.grid.iter().map(|&count| u64::from(count)).product()
        };
        let most = op.launches.iter().map(blocks).max().unwrap_or(0);
        for sm in by_sm.iter_mut().take(usize::try_from(most).unwrap_or(usize::MAX)) {
            sm.push((op.span, op.label, NOT_A_BLOCK));
        }
    }

    /// The demangled name of a launch's kernel.
    fn name(&self, process: &Process, launch: &Launch) -> String {
        kernel_name(process, launch.kernel)
    }

    fn args(&mut self, process: &Process, op: &Op, seen: &[Seen<'_>]) -> ArgsId {
        let list = |of: [u32; 3]| ArgValue::Json(format!("[{},{},{}]", of[0], of[1], of[2]));
        let [launch] = op.launches[..] else {
            let count = ArgValue::Int(op.launches.len() as i64);
            return self
                .sheet
                .builder
                .args_mut()
                .push([("launches", count), ("stamps", not_per_block())]);
        };
        let launch = seen[launch].launch;
        let mut args = vec![
            ("grid", list(launch.grid)),
            ("block", list(launch.block)),
            ("launch", ArgValue::Int(launch.id as i64)),
        ];
        if launch.cluster.iter().any(|&blocks| blocks > 1) {
            args.push(("cluster", list(launch.cluster)));
        }
        if let Some(graph) = launch.graph {
            args.push(("graph launch", ArgValue::Int(graph as i64)));
        }
        if launch.stamping != Stamping::Blocks {
            args.push(("stamps", not_per_block()));
        }
        let collectives = process.collectives.of(launch.id);
        let of_collective = match collectives {
            [one] => collectives::args(&process.communicators, one),
            _ => Vec::new(),
        };
        if collectives.len() > 1 {
            args.push(("collectives", ArgValue::Int(collectives.len() as i64)));
        }
        let of_collective = of_collective.iter().map(|(key, value)| (key.as_str(), value.clone()));
        self.sheet.builder.args_mut().push(args.into_iter().chain(of_collective))
    }

    fn clock(&mut self, rank: u32, clock: &Clock) {
        match clock {
            Clock::Read(fit) => self.sheet.builder.meta_mut().clocks.push(ClockAgreement {
                rank,
                what: "%globaltimer to the host's clock, by exchanges over pinned memory"
                    .to_owned(),
                residual_p99_ns: fit.residual_p99_ns(),
                readings: fit.num_pairs() as u64,
            }),
            Clock::Guessed(_) => self.sheet.builder.diagnostics_mut().note(format!(
                "rank {rank}: its clock was never read, its times against other ranks' are a guess"
            )),
        }
    }

    fn diagnose(&mut self, processes: &[Process], note: Option<String>) {
        let diagnostics = self.sheet.builder.diagnostics_mut();
        note.into_iter().for_each(|note| diagnostics.note(note));
        let mut stampings: HashMap<Stamping, u64> = HashMap::new();
        for process in processes {
            process.notes.iter().for_each(|note| diagnostics.note(note.clone()));
            process.dear.iter().for_each(|dear| diagnostics.note(cost::too_dear(process, dear)));
            process.lost.iter().for_each(|(cause, &count)| diagnostics.count(cause, count));
            for launch in &process.launches {
                let untold =
                    launch.stamping == Stamping::Blocks && !process.stamps.contains_key(&launch.id);
                diagnostics.count(
                    "launches whose stamps had not been fetched when the program ended",
                    untold.into(),
                );
                *stampings.entry(launch.stamping).or_default() += 1;
            }
            if !process.has_stopped && !process.launches.is_empty() {
                let pid = process.hello.pid;
                diagnostics.note(format!(
                    "process {pid} ended without a last word: what it had not told yet is missing"
                ));
            }
        }
        let number = |stamping| stampings.get(&stamping).copied().unwrap_or(0);
        for stamping in [Stamping::NotAsked, Stamping::TooDear] {
            diagnostics.remark(why_not(stamping), number(stamping));
        }
        for stamping in NOT_STAMPED {
            diagnostics.count(why_not(stamping), number(stamping));
        }
    }
}

/// Why launches of a kind have no stamps.
pub(super) fn why_not(stamping: Stamping) -> &'static str {
    match stamping {
        Stamping::Blocks => "launches per block",
        Stamping::NotAsked => {
            "launches not per block, as long as they can have taken: of many short blocks, whose stamps would cost too much"
        }
        Stamping::GraphNew => {
            "launches not per block: nodes of CUDA graphs at their first launches, before it was known where their stamps go"
        }
        Stamping::NotPatched => "launches not per block: their module could not be patched",
        Stamping::NoRoom => "launches not per block: no room for their stamps",
        Stamping::Refused => "launches not per block: the Compute Sanitizer refused their stamps",
        Stamping::TooDear => {
            "launches not per block, as long as they can have taken: of kernels whose stamps cost more than the budget"
        }
    }
}

/// How launches can come to lack stamps that were asked for.
const NOT_STAMPED: [Stamping; 4] =
    [Stamping::GraphNew, Stamping::NotPatched, Stamping::NoRoom, Stamping::Refused];

fn not_per_block() -> ArgValue {
    ArgValue::Text("not per block: as long as it can have taken".to_owned())
}

/// A row on a stream: a launch, or several in a row that left no stamps.
struct Op {
    stream: u32,
    span: Span,
    label: LabelId,
    /// Indices of launches.
    launches: Vec<usize>,
}
