//! A made process on a socket, watched over letters.

use std::{fs, ops::ControlFlow, path::Path, sync::Mutex, time::Instant};

use weftscope_profiler::watch::made;
use weftscope_traces::{Classifier, TrackKind, container};

use super::{
    super::{Host, Looked, Port, look_there, tests::on_a_thread, watch_whole},
    *,
};
use crate::{
    app::{Document, JobResult, live::Executors, live::away::Busy},
    files::host_name,
    jobs::{Events, JobControl, Program, Rules, Watched, Whom, recorded},
};

/// What a test waits for at most: of a fault, not of a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The end that watches, as an agent has one; it is gone when the port is.
fn end(busy: &Busy) -> Port {
    let busy = busy.clone();
    on_a_thread(move |wake| Host::with_threads(Executors::default(), None, wake).awaited(busy))
}

fn asked(job: &Path) -> ProgramAsked {
    ProgramAsked { whom: Whom::There(job.display().to_string()), rules: Rules::default() }
}

/// All that a process tells which is stopped at once.
fn itself(job: &Path, pid: u32) -> Trace {
    let program = Program::There(vec![made::socket(job, pid)]);
    let watched = Watched { program, title: "python serve.py".to_owned() };
    let control = JobControl::default();
    recorded(&watched, &Classifier::default(), |_| control.cancel(), &control).unwrap()
}

fn num_blocks(trace: &Trace) -> usize {
    let sms = trace.tracks.iter().filter(|track| matches!(track.kind, TrackKind::Sm { .. }));
    sms.flat_map(|track| &track.lanes).map(|&lane| trace.lane(lane).slices.len()).sum()
}

#[test]
fn a_program_that_is_watched_elsewhere_is_seen_as_if_it_were_here() {
    let job = tempfile::tempdir().unwrap();
    made::process(job.path(), 21);
    let (events, control, busy) =
        (Events::new(Arc::new(|| {})), JobControl::default(), Busy::default());
    let looked = Looked::program(asked(job.path()), "ssh://box".to_owned());
    let first = Mutex::new(None::<Arc<Document>>);
    let show = |_, document| {
        // Seen while it runs; then recording is stopped.
        first.lock().unwrap().get_or_insert(document);
        control.cancel();
    };
    let ended = look_there((end(&busy), ()), looked, (&show, events.sender()), &control);
    let first = first.into_inner().unwrap().unwrap();
    assert_eq!(first.part.as_ref().map(|part| part.slices), Some(60), "ops, launches, blocks");
    assert!(first.is_explained && num_blocks(&first.trace) == 0);
    let JobResult::Opened { paths, mut document } = ended else { panic!("it is not shown") };
    assert!(paths.is_empty());
    // Then all of it.
    while document.part.is_some() {
        let Some(crate::app::Event::Live(event)) = events.next(PATIENCE) else { panic!("no more") };
        let crate::app::live::LiveEvent::Refilled(old, new) = *event else { panic!("what else") };
        assert!(Arc::ptr_eq(&old, &document));
        document = new;
    }
    let job = tempfile::tempdir().unwrap();
    made::process(job.path(), 22);
    let itself = itself(job.path(), 22);
    assert_eq!((num_blocks(&itself), itself.num_slices()), (80, 120));
    assert!(document.trace.lanes == itself.lanes && document.trace.meta.ranks == itself.meta.ranks);
}

/// Views of parts that are put together come whole, blocks and all, without a look at them.
#[test]
fn a_part_of_a_program_comes_whole() {
    let job = tempfile::tempdir().unwrap();
    made::rank(job.path(), 24, Some((3, 8)), (0, 1_700_000_000_000_000_000));
    let (control, busy) = (JobControl::default(), Busy::default());
    let views = Mutex::new(Vec::<Arc<Trace>>::new());
    let show = |trace| {
        views.lock().unwrap().push(trace);
        control.cancel();
    };
    let all = watch_whole(end(&busy), asked(job.path()), &show, &control).unwrap();
    let views = views.into_inner().unwrap();
    assert_eq!(num_blocks(views.first().expect("seen while it runs")), 40);
    assert_eq!((num_blocks(&all), all.num_slices()), (80, 120));
    let ranks: Vec<u32> = all.meta.ranks.iter().map(|info| info.rank).collect();
    assert_eq!((ranks, all.meta.world_size), (vec![3], 8));
    // Put together with those of other servers it is known whose clock they are on.
    let host = host_name();
    let servers = [&views[0], &all].map(|trace| trace.meta.server_of(3).unwrap_or_default());
    assert_eq!(servers, [&host[..]; 2]);
    let nobody = watch_whole(end(&busy), asked(Path::new("/no/such/job")), &|_| {}, &control);
    assert_eq!(
        nobody.map(drop).unwrap_err(),
        "/no/such/job: no process listens by that name (weftscope ps lists them)"
    );
}

/// The window is gone while the program runs: what it has told until then is in the file that was named before.
#[test]
fn what_was_recorded_stays_when_the_window_is_gone() {
    let job = tempfile::tempdir().unwrap();
    made::process(job.path(), 23);
    let busy = Busy::default();
    let port = end(&busy);
    super::super::words::Ask::Watch(Box::new(asked(job.path())), Views::Seen).over(&port);
    let (mut left, began) = (None, Instant::now());
    loop {
        assert!(began.elapsed() < PATIENCE, "nothing is shown");
        let Some(letter) = port.next_within(Duration::from_secs(1)) else { continue };
        match Tell::heard(letter).0 {
            Tell::Left(told) => left = Some(told.in_words()),
            Tell::Part(_) => break,
            other => panic!("{other:?}"),
        }
    }
    let words = left.expect("it is said before");
    let path = Path::new(words.rsplit_once("is written to ").unwrap().1);
    assert!(!path.exists());
    drop(port);
    busy.wait(PATIENCE);
    let bytes = fs::read(path).unwrap();
    fs::remove_file(path).unwrap();
    let trace = container::read(&bytes[..], &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((num_blocks(&trace), trace.num_slices()), (80, 120), "with what was under way");
}

#[test]
fn who_is_not_there_is_said_with_the_place() {
    let (events, busy) = (Events::new(Arc::new(|| {})), Busy::default());
    let looked = Looked::program(asked(Path::new("/no/such/job")), "ssh://box".to_owned());
    let control = JobControl::default();
    let ended = look_there((end(&busy), ()), looked, (&|_, _| {}, events.sender()), &control);
    let JobResult::Failed(cause) = ended else { panic!("it is there") };
    assert_eq!(
        cause,
        "ssh://box: /no/such/job: no process listens by that name (weftscope ps lists them)"
    );
    let nowhere = Whom::Start {
        command: vec!["sh".to_owned()],
        folder: Some("/no/such/folder".to_owned()),
        level: None,
        patch: "worth".to_owned(),
        trigger: "at-start".to_owned(),
        variables: Vec::new(),
    };
    let asked = ProgramAsked { whom: nowhere, rules: Rules::default() };
    let looked = Looked::program(asked, "x".to_owned());
    let ended = look_there((end(&busy), ()), looked, (&|_, _| {}, events.sender()), &control);
    let JobResult::Failed(cause) = ended else { panic!("it is there") };
    assert_eq!(cause, "x: /no/such/folder: there is no such folder there");
}
