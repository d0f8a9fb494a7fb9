//! A program that behaves like a watched one, without a GPU: started, found, listened to, and turned into a trace whose every
//! time is known.

use std::{
    ffi::OsString,
    fs,
    io::Write,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    process,
};

use weftscope_profiler::watch::{Job, Order, Place, Process, Setup, Trigger, Turn, made, trace};
use weftscope_traces::{
    Classifier, Kind, Trace, TrackKind,
    analysis::{Config, Ops, overlap},
};
use weftscope_wire::{
    BlockStamp, Clock, Collective, Command, Communicator, Event, Hello, Launch, Mark, MarkKind,
    MarkName, Reply, Stamping, folder, frame, variables,
};

/// How far each rank's device clock is ahead of the host's, ns.
const AHEAD_NS: [i64; 2] = [1_000_000_000_000, 7_000_000_000_000];
/// When rank 0's first kernel begins, host time.
const BEGIN_NS: i64 = 50_000_000;
const GEMM: u32 = 0;
const NORM: u32 = 1;
const NCCL: u32 = 2;

/// Not a test of its own: what the tests below start, this binary once more. It is watched where the variables say so.
#[test]
fn made_program() {
    let Some(job) = std::env::var_os(variables::JOB).map(PathBuf::from) else { return };
    let rank: u32 = std::env::var("RANK").unwrap().parse().unwrap();
    let mut viewer = accept(&job);
    let hello = made::hello(process::id(), (rank, 2));
    let hello = Hello { monotonic_and_unix_ns: (0, 1_700_000_000_000_000_000), ..hello };
    frame::write(&mut viewer, &Reply::Hello(hello)).unwrap();
    let asked: Command = frame::read(&mut viewer).unwrap();
    assert_eq!(asked, Command::Listen);
    frame::write(&mut viewer, &Reply::Events(events(rank))).unwrap();
    // How it ends is told in place of what it is to patch.
    match std::env::var(variables::PATCH).as_deref() {
        Ok("kill") => {
            viewer.flush().unwrap();
            process::abort()
        }
        Ok("told") => {
            let told: Command = frame::read(&mut viewer).unwrap();
            assert_eq!(told, Command::Stop);
            frame::write(&mut viewer, &Reply::Stopped).unwrap();
            // Its own work is not done yet.
            std::thread::sleep(std::time::Duration::from_millis(600));
        }
        _ => frame::write(&mut viewer, &Reply::Stopped).unwrap(),
    }
}

fn accept(job: &Path) -> UnixStream {
    let listener = UnixListener::bind(folder::socket(job, process::id())).expect("a socket");
    listener.accept().expect("a viewer").0
}

/// Two layers of: a product of 4 blocks on 4 SMs (100 µs), a norm without stamps, and an all-reduce of 2 blocks (30 µs). The
/// norm is given 5 µs the first time, 40 the second. Rank 1 is 10 µs late.
fn events(rank: u32) -> Vec<Event> {
    let ahead_ns = AHEAD_NS[rank as usize];
    let late_ns = i64::from(rank) * 10_000;
    let names = ["_Z4gemmPf", "rms_norm", "_Z33ncclDevKernel_AllReduce_Sum_bf16v"];
    let mut events = vec![
        Event::Device(made::device(8)),
        Event::Communicator(Communicator {
            id: 9,
            name: "tp".to_owned(),
            ranks: 2,
            rank,
            device: Some(0),
            nccl: Some(22_803),
        }),
        Event::Clock(Clock {
            device: 0,
            readings: (0..10).map(|i| (ahead_ns + i * 1000, i * 1000, 400)).collect(),
        }),
    ];
    events.extend(made::kernels(names));
    let mut id = 0;
    let mut launch = |kernel, stamping, blocks: u32, span: Option<(i64, i64)>| {
        let (grid, block, tid) = ([blocks, 1, 1], [128, 1, 1], 77);
        let launch = made::launch(id, BEGIN_NS);
        let mut told = vec![Event::Launch(Launch { kernel, grid, block, tid, stamping, ..launch })];
        if let Some((start_ns, end_ns)) = span {
            let stamp = |block: u32| BlockStamp {
                start_device_ns: (BEGIN_NS + late_ns + start_ns + i64::from(block) + ahead_ns)
                    as u64,
                end_device_ns: (BEGIN_NS + late_ns + end_ns + ahead_ns) as u64,
                sm: block,
            };
            told.push(Event::Blocks { launch: id, stamps: (0..blocks).map(stamp).collect() });
        }
        id += 1;
        told
    };
    for (layer, (norm_ns, begin_ns)) in (0..).zip([(5_000, 0), (40_000, 200_000)]) {
        let (end_ns, comm_ns) = (begin_ns + 100_000, begin_ns + 100_000 + norm_ns);
        events.extend(launch(GEMM, Stamping::Blocks, 4, Some((begin_ns, end_ns))));
        events.extend(launch(NORM, Stamping::NotAsked, 5000, None));
        events.extend(launch(NCCL, Stamping::Blocks, 2, Some((comm_ns, comm_ns + 30_000))));
        events.push(Event::Collective(Collective {
            id: layer,
            correlation: None,
            is_late: false,
            is_captured: false,
            communicator: 9,
            function: "AllReduce".to_owned(),
            sequence: layer,
            count: 1 << 20,
            datatype: "ncclBfloat16".to_owned(),
            algorithm: "RING".to_owned(),
            protocol: "LL".to_owned(),
            channels: 2,
            tid: 77,
            at_host_ns: BEGIN_NS,
        }));
    }
    events.extend(marks(late_ns + ahead_ns));
    events.push(Event::Lost { cause: "made losses".to_owned(), count: 3 });
    events
}

/// Block 1 of the first product says of itself where it is: two phases in it, one of them a moment.
fn marks(ahead_ns: i64) -> Vec<Event> {
    let mark = |name, kind, start_ns: i64, end_ns: i64| Mark {
        device: 0,
        name,
        kind,
        start_device_ns: (BEGIN_NS + start_ns + ahead_ns) as u64,
        end_device_ns: (BEGIN_NS + end_ns + ahead_ns) as u64,
        sm: 1,
        block: 1,
        warp: 2,
    };
    let names = (0..).zip(["tile", "load"]);
    let names = names.map(|(id, name)| Event::MarkName(MarkName { id, name: name.to_owned() }));
    // They are told when they end.
    let marks = vec![
        mark(1, MarkKind::WarpPhase, 10_000, 30_000),
        mark(1, MarkKind::Moment, 31_000, 31_000),
        mark(0, MarkKind::Block, 1_000, 90_000),
    ];
    names.chain([Event::Marks(marks)]).collect()
}

/// Both ranks under one shell, as a launcher starts them.
fn started(end: &str) -> Job {
    let beside = tempfile::tempdir().expect("a folder");
    let library = beside.path().join("libweftscope_inject.so");
    fs::write(&library, "").expect("room");
    let setup = Setup::with_library(library);
    let me = std::env::current_exe().expect("this binary");
    let script = format!(
        "for r in 0 1; do RANK=$r '{}' --exact watch::made_program --test-threads 1 >/dev/null 2>&1 & done; wait",
        me.display()
    );
    let command: Vec<OsString> = ["sh", "-c", script.as_str()].map(OsString::from).into();
    let (patch, trigger) = (end.to_owned(), Trigger::default());
    Job::start(&setup, &Order { command, patch, trigger, place: Place::default() })
        .expect("it starts")
}

fn watched(end: &str) -> (Vec<Process>, bool) {
    let mut job = started(end);
    job.listen(&mut |_| Turn::GoOn).expect("it is heard");
    let done = job.status().is_some_and(|status| status.success());
    (job.take_processes(), done)
}

/// Name, kind, start and end.
pub(crate) type Slice = (String, Kind, i64, i64);

/// The slices of some rows, in order of time.
pub(crate) fn slices(trace: &Trace, wanted: impl Fn(&TrackKind) -> bool) -> Vec<Slice> {
    let mut found = Vec::new();
    for track in trace.tracks.iter().filter(|track| wanted(&track.kind)) {
        for &lane in &track.lanes {
            let slices = &trace.lanes[lane.0 as usize].slices;
            found.extend((0..slices.len()).map(|row| {
                let label = trace.label(slices.label[row]);
                (label.name.clone(), label.kind, slices.start_ns[row], slices.end_ns[row])
            }));
        }
    }
    found.sort_by_key(|slice| slice.2);
    found
}

#[test]
fn what_the_processes_tell_is_drawn_when_and_where_it_ran() {
    let (processes, done) = watched("whole");
    assert!(done);
    let trace = trace("made", &processes, &Classifier::default()).unwrap();
    assert_eq!((trace.meta.ranks.len(), trace.meta.world_size), (2, 2));
    assert_eq!(trace.meta.base_time_unix_ns, 1_700_000_000_000_000_000 + BEGIN_NS);
    for rank in [0, 1] {
        let late_ns = i64::from(rank) * 10_000;
        let ops = slices(&trace, |kind| *kind == TrackKind::Stream { rank, stream: 0 });
        let told: Vec<_> = ops.iter().map(|op| (op.1, op.2 - late_ns, op.3 - late_ns)).collect();
        // The norm never takes longer than the 5 µs that it was once given.
        assert_eq!(
            told,
            [
                (Kind::Gemm, 0, 100_000),
                (Kind::Norm, 100_000, 105_000),
                (Kind::Comm, 105_000, 135_000),
                (Kind::Gemm, 200_000, 300_000),
                (Kind::Norm, 335_000, 340_000),
                (Kind::Comm, 340_000, 370_000),
            ]
        );
        assert!(ops[0].0.starts_with("gemm("), "{}", ops[0].0);
        // Blocks lie on their SMs; the norm on all that it can have held.
        let on_last = slices(&trace, |kind| *kind == TrackKind::Sm { rank, sm: 7 });
        assert_eq!(on_last.iter().map(|slice| slice.1).collect::<Vec<_>>(), [Kind::Norm; 2]);
        let on_first = slices(&trace, |kind| *kind == TrackKind::Sm { rank, sm: 0 });
        assert_eq!(on_first.len(), 6);
        // What kernels say of themselves stands in rows of its own, which no figure counts.
        let inside = slices(&trace, |kind| *kind == TrackKind::Inside { rank, sm: 1 });
        let inside: Vec<_> = inside
            .iter()
            .map(|mark| (mark.0.as_str(), mark.1, mark.2 - late_ns, mark.3 - late_ns))
            .collect();
        let expected = [
            ("tile", Kind::Mark, 1_000, 90_000),
            ("load", Kind::Mark, 10_000, 30_000),
            ("load", Kind::Mark, 31_000, 31_000),
        ];
        assert_eq!(inside, expected);
    }
    assert_eq!(trace.diagnostics.counts.get("made losses"), Some(&6));
}

#[test]
fn collectives_meet_their_own_on_the_other_rank() {
    let (processes, _) = watched("whole");
    let trace = trace("made", &processes, &Classifier::default()).unwrap();
    let summary = overlap(&Ops::of(&trace, &Config::default()));
    // Rank 1 comes 10 µs late to both; its own all-reduces hold no waiting.
    let waiting: Vec<_> = summary.ranks.iter().map(|rank| rank.total.wait_ns).collect();
    assert_eq!(waiting, [Some(20_000), Some(0)]);
}

#[test]
fn what_a_killed_program_told_is_kept() {
    let (processes, _) = watched("kill");
    let trace = trace("made", &processes, &Classifier::default()).unwrap();
    assert_eq!(slices(&trace, |kind| matches!(kind, TrackKind::Stream { .. })).len(), 12);
    let notes = trace.diagnostics.notes.iter().filter(|note| note.contains("without a last word"));
    assert_eq!(notes.count(), 2);
}

#[test]
fn a_program_goes_on_when_its_recording_is_stopped() {
    let mut job = started("told");
    let has_launched =
        |job: &Job| job.processes().filter(|it| !it.launches.is_empty()).count() == 2;
    job.listen(&mut |job| if has_launched(job) { Turn::Stop } else { Turn::GoOn }).unwrap();
    assert_eq!(job.status(), None);
    let processes = job.take_processes();
    assert_eq!(processes.iter().map(|it| it.has_stopped).collect::<Vec<_>>(), [true, true]);
    assert!(job.wait().unwrap().unwrap().success());
}
