//! Both ends of a connection over pipes, and what strangers may send.

use std::{
    io::{Read, Write, pipe},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam::channel::{Receiver, bounded};
use proptest::prelude::*;
use weftscope_engine::{command::Command, spec::RunSpec};

use super::{
    Greeting, Link, Offer,
    frame::{Frame, FrameError, Kind},
    greeting::GreetingError,
    serve,
};
use crate::{
    app::{
        Document, Effect, Event, JobResult,
        live::{
            Backend, Catalog, Executors, KeptIteration, LiveEvent, Receipt, SessionHandle,
            SessionId,
            away::{AwayJobs, tests::simulated_here},
            run_baselines, start_session,
        },
    },
    jobs::{EventSender, Events, JobControl, JobId, JobKind, JobStatus},
};

/// What a test waits for at most: of a fault, not of a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Does something on a thread of its own.
fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    thread::Builder::new().name("beside".to_owned()).spawn(work).unwrap()
}

/// An agent on a thread, and the link to it; the receiver is told how it ended.
fn agent() -> (Link, Receiver<Result<(), String>>, Receiver<String>) {
    let ((from_window, to_agent), (from_agent, to_window)) = (pipe().unwrap(), pipe().unwrap());
    let ((ended, end), (lost, loss)) = (bounded(1), bounded(1));
    beside(move || {
        let offer = Offer { host: "the agent".to_owned(), ..Offer::default() };
        let served = serve(from_window, to_window, &offer);
        ended.send(served.map_err(|error| error.to_string())).unwrap();
    });
    let (mut input, mut output) = (from_agent, to_agent);
    Greeting::ours(String::new(), None).say(&mut output).unwrap();
    let greeting = Greeting::hear(&mut input).unwrap();
    assert_eq!((greeting.host.as_str(), greeting.gpus), ("the agent", None));
    let lost = Box::new(move |cause| drop(lost.send(cause)));
    (Link::over((input, output), Arc::new(|| {}), || {}, lost).unwrap(), end, loss)
}

fn default_spec() -> RunSpec {
    Catalog::builtin().unwrap().default_spec().clone()
}

fn remote_session(link: &Link, spec: &RunSpec, events: EventSender) -> SessionHandle {
    let what = (&Backend::Simulated, spec);
    start_session(&Executors::default(), Some(link.port()), what, SessionId::default(), events)
        .unwrap()
}

fn iteration(events: &Events) -> (Arc<KeptIteration>, Receipt) {
    match news(events) {
        LiveEvent::Iteration(iteration, receipt) => (iteration, receipt),
        LiveEvent::Refused { cause, .. } | LiveEvent::Ended { cause, .. } => panic!("{cause}"),
        _ => panic!("no iteration"),
    }
}

/// What comes next that is not more of a picture.
fn news(events: &Events) -> LiveEvent {
    loop {
        match events.next(PATIENCE) {
            Some(Event::Live(event)) if matches!(*event, LiveEvent::Refilled(..)) => {}
            Some(Event::Live(event)) => return *event,
            _ => panic!("nothing comes"),
        }
    }
}

/// All of a picture, of which a part was there first.
fn all(events: &Events, first: &Arc<Document>) -> Arc<Document> {
    let mut document = Arc::clone(first);
    while document.part.is_some() {
        let Some(Event::Live(event)) = events.next(PATIENCE) else { panic!("nothing comes") };
        let LiveEvent::Refilled(old, new) = *event else { panic!("something else") };
        assert!(Arc::ptr_eq(&old, &document), "it takes the place of the one before");
        document = new;
    }
    document
}

#[test]
fn a_run_on_a_server_is_the_run_itself() {
    let (link, end, _loss) = agent();
    let (events, spec) = (Events::new(Arc::new(|| {})), default_spec());
    let mut session = remote_session(&link, &spec, events.sender());
    let (first, receipt) = iteration(&events);

    let itself = simulated_here(&spec);
    assert_eq!((first.duration_ns, &first.plan), (itself.time_ns, &itself.plan));
    // First without the blocks, and with what explains all of it.
    let part = first.document.part.as_ref().unwrap();
    assert_eq!((part.slices, part.ops_folded), (itself.trace.num_slices() as u64, 0));
    assert!(part.left_out > part.slices / 2, "{part:?}");
    let explanation = Document::prepare(Arc::clone(&itself.trace), "it").explanation;
    assert!(*first.document.explanation == *explanation);
    drop(receipt);
    let whole = all(&events, &first.document);
    assert!(whole.trace.lanes == itself.trace.lanes, "then all of it");
    assert!(*whole.explanation == *explanation);

    // Another spec, and one that cannot run; what is refused is said in the same words.
    let mut other = spec.clone();
    other.knobs.tp = 4;
    session.send(Command::SetSpec(Box::new(other.clone())));
    let (second, receipt) = iteration(&events);
    assert_eq!(*second.plan.spec, other);
    drop(receipt);
    all(&events, &second.document);
    other.knobs.tp = 7;
    session.send(Command::SetSpec(Box::new(other)));
    let LiveEvent::Refused { cause, .. } = news(&events) else { panic!("7 ranks") };
    assert!(cause.contains('7'), "{cause}");

    // A run that repeats itself sends nothing more, once all of it is here: pings alone.
    let before = link.traffic().received_bytes();
    thread::sleep(Duration::from_millis(1500));
    assert!(link.traffic().received_bytes() - before < 200, "nothing has changed");
    assert!(link.traffic().round_trip().is_some() && link.traffic().lost_letters() == 0);

    drop((session, link));
    assert_eq!(end.recv_timeout(PATIENCE).unwrap(), Ok(()), "it ends with its window");
}

#[test]
fn jobs_on_a_server_tell_what_they_tell_here() {
    let (link, _end, _loss) = agent();
    let (events, spec) = (Events::new(Arc::new(|| {})), Arc::new(default_spec()));
    let port = link.clone();
    let mut jobs = AwayJobs::new(Box::new(move || Ok(port.port())), events.sender());
    let job = |id| JobStatus::new(JobId(id), JobKind::Baselines, "job", 0.0);
    let effect = |id| Effect::Baselines(job(id), Backend::Simulated, Arc::clone(&spec));
    assert!(jobs.take_on(effect(1)).is_none());
    let told = |event| match event {
        Event::Live(event) => match *event {
            LiveEvent::Baseline { of, baseline } => format!("{baseline:?} {of:?}"),
            LiveEvent::Simulated { of, answer } => format!("{answer:?} {of:?}"),
            LiveEvent::UnsplitAlone { of, ns } => format!("{ns} {of:?}"),
            _ => panic!("not of a job"),
        },
        _ => panic!("not of a run"),
    };
    let began = Instant::now();
    let mut there = Vec::new();
    let result = 'done: loop {
        assert!(began.elapsed() < PATIENCE);
        jobs.turn();
        for event in events.drain() {
            match event {
                Event::JobDone { result, .. } => break 'done result,
                event => there.push(told(event)),
            }
        }
    };
    assert!(matches!(result, JobResult::Done));
    let (here, executors) = (Events::new(Arc::new(|| {})), Executors::default());
    let control = JobControl::default();
    run_baselines(&executors, &Backend::Simulated, &spec, &here.sender(), &control);
    assert_eq!(there, here.drain().map(told).collect::<Vec<_>>());

    // One that is under way when the server goes ends with the cause.
    assert!(jobs.take_on(effect(2)).is_none());
    jobs.turn();
    jobs.give_up("it is gone");
    let Some(Event::JobDone { id: JobId(2), result: JobResult::Failed(cause) }) =
        events.drain().last()
    else {
        panic!("it does not end")
    };
    assert_eq!(cause, "it is gone");
}

#[test]
fn a_lost_connection_is_told_once_with_its_cause() {
    let ((from_window, to_agent), (from_agent, to_window)) = (pipe().unwrap(), pipe().unwrap());
    let (lost, loss) = bounded(2);
    let lost = Box::new(move |cause| drop(lost.send(cause)));
    let link = Link::over((from_agent, to_agent), Arc::new(|| {}), || {}, lost).unwrap();
    drop((from_window, to_window));
    assert_eq!(loss.recv_timeout(PATIENCE).unwrap(), "the connection was closed there");
    assert!(loss.recv_timeout(Duration::from_millis(50)).is_err());
    drop(link);
}

#[test]
fn a_greeting_is_found_behind_what_a_login_prints() {
    let ours = Greeting::ours("box".to_owned(), None);
    let mut said = b"Last login: today\r\nWelcome!\n".to_vec();
    ours.say(&mut said).unwrap();
    assert_eq!(Greeting::hear(&mut &said[..]).unwrap(), ours);

    let heard = |bytes: &[u8]| Greeting::hear(&mut &bytes[..]).unwrap_err();
    assert_eq!(heard(b"").to_string(), "it ended without an answer");
    let other = heard(b"sh: weftscope: not found\n").to_string();
    assert_eq!(other, "it ended without an answer; it says: sh: weftscope: not found");
    assert!(matches!(heard(&vec![b'x'; 1 << 20]), GreetingError::Other(_)));

    // Another version is named, whatever else its greeting says.
    let text = String::from_utf8(said.clone()).unwrap();
    let at = text.find("\"protocol\":1").unwrap();
    said[at + 11] = b'2';
    let error = heard(&said).to_string();
    assert!(error.contains("do not speak the same"), "{error}");
}

#[test]
fn what_exceeds_a_limit_is_refused_before_room_is_made_for_it() {
    let frame = Frame::letter(7, "{}".to_owned(), vec![0; 100_000]);
    let mut bytes = Vec::new();
    frame.write(&mut bytes).unwrap();
    assert!(bytes.len() < 1000, "zeros are packed: {}", bytes.len());
    assert_eq!(Frame::read(&mut &bytes[..]).unwrap().unwrap().0, frame);

    let changed = |at: usize, to: [u8; 4]| {
        let mut bytes = bytes.clone();
        bytes[at..at + 4].copy_from_slice(&to);
        Frame::read(&mut &bytes[..])
    };
    // Size, head, unpacked body: four billion each.
    for at in [0, 10, 14] {
        assert!(matches!(changed(at, [255; 4]), Err(FrameError::NoFrame(_))), "{at}");
    }
    // A body that unpacks to more than it says is not unpacked further.
    assert!(matches!(changed(14, 99_999_u32.to_le_bytes()), Err(FrameError::NoFrame(_))));
    // A size that is only claimed: nothing comes, and no room was made.
    let claimed = [&(90_u32 << 20).to_le_bytes()[..], &[0; 14]].concat();
    assert!(matches!(
        Frame::read(&mut &claimed[..]),
        Err(FrameError::Io(_) | FrameError::NoFrame(_))
    ));
}

proptest! {
    #[test]
    fn frames_come_back(
        kind in prop::sample::select(vec![Kind::Letter, Kind::Close, Kind::Ping, Kind::Pong]),
        channel: u32,
        head in ".{0,80}",
        body in prop::collection::vec(0_u8..4, 0..4000),
    ) {
        let frame = Frame { kind, channel, head, body };
        let mut bytes = Vec::new();
        let written = frame.write(&mut bytes).unwrap();
        prop_assert_eq!(written, bytes.len() as u64);
        let mut rest = &bytes[..];
        let (read, size) = Frame::read(&mut rest).unwrap().unwrap();
        prop_assert_eq!((read, size), (frame, written));
        prop_assert!(Frame::read(&mut rest).unwrap().is_none());
        // Cut off anywhere it is an error, and no frame.
        for end in 1..bytes.len().min(64) {
            prop_assert!(Frame::read(&mut &bytes[..end]).is_err());
        }
    }

    /// Whatever an agent is sent, it answers or ends.
    #[test]
    fn strangers_end_nothing_but_themselves(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        heads in prop::collection::vec("[{}\"A-Za-z:0-9]{0,40}", 0..6),
        greets: bool,
    ) {
        let mut sent = Vec::new();
        if greets {
            Greeting::ours(String::new(), None).say(&mut sent).unwrap();
        }
        for (channel, head) in heads.into_iter().enumerate() {
            Frame::letter(channel as u32, head, Vec::new()).write(&mut sent).unwrap();
        }
        sent.extend(&bytes);
        let (mut answers, output) = pipe().unwrap();
        let reading = beside(move || {
            let mut heard = Vec::new();
            answers.read_to_end(&mut heard).unwrap();
            heard
        });
        // An end is an end, with an error or without.
        let _ended = serve(&sent[..], output, &Offer::default());
        let heard = reading.join().unwrap();
        prop_assert!(Greeting::hear(&mut &heard[..]).is_ok(), "it greets first");
    }
}

/// A stranger may open no more channels than there are.
#[test]
fn too_many_channels_are_refused() {
    let mut sent = Vec::new();
    Greeting::ours(String::new(), None).say(&mut sent).unwrap();
    for channel in 0..200 {
        Frame::letter(channel, "\"TakenIn\"".to_owned(), Vec::new()).write(&mut sent).unwrap();
    }
    let (mut answers, output) = pipe().unwrap();
    let serving = beside(move || {
        let (input, mut to_agent) = pipe().unwrap();
        let sending = beside(move || {
            to_agent.write_all(&sent).unwrap();
            // It goes on listening until it has been read what it says.
            thread::sleep(Duration::from_millis(300));
        });
        serve(input, output, &Offer::default()).unwrap();
        sending.join().unwrap();
    });
    Greeting::hear(&mut answers).unwrap();
    let mut refused = 0;
    while let Ok(Some((frame, _))) = Frame::read(&mut answers) {
        refused += u32::from(frame.head.contains("too many channels"));
    }
    serving.join().unwrap();
    assert!(refused > 0);
}
