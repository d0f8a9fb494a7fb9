//! Both ends on one thread: what comes over a worker is what is worked out at once.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use crossbeam::channel::{Receiver, bounded, select};
use weftscope_engine::{
    command::Command, executor::Executor, neighbours::NEIGHBOURS, sim::Simulator, spec::RunSpec,
};
use weftscope_profiler::{
    live::{Event as SessionEvent, Iteration, Options, TurnSession},
    sweep::SweepAxis,
};

use super::{Host, Port, inside::Inside, jobs::AwayJobs, letter::Letter};
use crate::{
    app::{
        Effect, Event, JobResult,
        lessons::{LessonWork, work_out},
        live::{
            Backend, Catalog, Executors, KeptIteration, LiveEvent, Receipt, ServingAsked,
            ServingRun, SessionHandle, SessionId, news::Pace, run_baselines, run_curve,
            run_serving,
        },
        neighbours::run_neighbour,
    },
    jobs::{EventSender, Events, JobControl, JobId, JobKind, JobStatus, Wake},
    lessons::{Simulated, lessons},
};

/// A worker that works when it is told to.
struct Bench {
    inside: Inside,
    asked: Receiver<Letter>,
}

impl Bench {
    fn pair() -> (Port, Self) {
        let ((ask, asked), (tell, told)) = (bounded(1 << 12), bounded(1 << 12));
        // Nobody hears what is told to a page that has let go.
        let inside = Inside::new(
            move |letter| drop(tell.try_send(letter)),
            Host::default(),
            JobControl::default(),
        );
        let port = Port::new(Box::new(move |letter| drop(ask.try_send(letter))), told);
        (port, Self { inside, asked })
    }

    fn turn(&mut self) {
        for letter in self.asked.try_iter() {
            self.inside.take(&letter);
        }
        self.inside.turn();
    }
}

fn default_spec() -> RunSpec {
    Catalog::builtin().unwrap().default_spec().clone()
}

fn events() -> Events {
    Events::without_threads(Arc::new(|| {}))
}

/// Turns of both ends until something happens.
fn next(session: &mut SessionHandle, bench: &mut Bench, events: &Events) -> LiveEvent {
    for _ in 0..1000 {
        bench.turn();
        session.turn();
        if let Some(Event::Live(event)) = events.drain().next() {
            return *event;
        }
    }
    panic!("nothing happens")
}

fn iteration(event: LiveEvent) -> (Arc<KeptIteration>, Receipt) {
    let LiveEvent::Iteration(iteration, receipt) = event else { panic!("no iteration") };
    (iteration, receipt)
}

/// The end that runs, on a thread of its own as an agent has it; it is gone when the port is.
pub(super) fn on_a_thread(host: impl FnOnce(Wake) -> Host) -> Port {
    let ((ask, asked), (tell, told)) = (bounded::<Letter>(1 << 12), bounded(1 << 12));
    let (wake, woken) = bounded(1);
    let host = host(Arc::new(move || {
        let _one_waits = wake.try_send(());
    }));
    let post = move |letter| drop(tell.send(letter));
    let work = move || {
        let mut inside = Inside::new(post, host, JobControl::default());
        let mut wait = None;
        loop {
            select! {
                recv(asked) -> letter => match letter {
                    Ok(letter) => inside.take(&letter),
                    Err(_) => return,
                },
                recv(woken) -> _ => {}
                default(wait.unwrap_or(Duration::from_secs(3600))) => {}
            }
            wait = inside.turn();
        }
    };
    std::thread::Builder::new().name("end".to_owned()).spawn(work).unwrap();
    Port::new(Box::new(move |letter| drop(ask.send(letter))), told)
}

/// The first iteration of a run, simulated by whoever asks.
pub(crate) fn simulated_here(spec: &RunSpec) -> Box<Iteration> {
    let machine = spec.machine.clone();
    let factory = Box::new(move || Ok(Box::new(Simulator::new(&machine)) as Box<dyn Executor>));
    let mut alone = TurnSession::new(factory, spec.clone(), &Options::default()).unwrap();
    loop {
        if let Some(SessionEvent::Iteration(iteration)) = alone.turn() {
            break iteration;
        }
    }
}

#[test]
fn a_run_in_a_worker_is_the_run_itself() {
    let (events, spec) = (events(), default_spec());
    let (port, mut bench) = Bench::pair();
    let pace = Pace { period: Duration::ZERO, burst: 1 };
    let ids = (SessionId::default(), JobControl::default());
    let mut session = SessionHandle::away(port, &spec, pace, ids, events.sender());
    let (first, receipt) = iteration(next(&mut session, &mut bench, &events));

    let itself = simulated_here(&spec);
    assert_eq!((first.number, first.duration_ns), (itself.number, itself.time_ns));
    assert_eq!(first.plan, itself.plan);
    assert_eq!(*first.plan.spec, spec, "no number was lost on the way");
    assert_eq!(first.document.trace.lanes, itself.trace.lanes);
    assert_eq!(first.document.trace.labels, itself.trace.labels);

    // There is no other until that one was taken in.
    for _ in 0..10 {
        bench.turn();
        session.turn();
    }
    assert_eq!(events.drain().count(), 0);
    drop(receipt);
    let (second, receipt) = iteration(next(&mut session, &mut bench, &events));
    assert_eq!(second.number, 1);
    assert!(Arc::ptr_eq(&first.plan, &second.plan), "what is known is not sent again");

    // Another spec, and one that cannot run.
    let mut other = spec.clone();
    other.knobs.tp = 4;
    session.send(Command::SetSpec(Box::new(other.clone())));
    drop(receipt);
    let (third, receipt) = iteration(next(&mut session, &mut bench, &events));
    assert_eq!(*third.plan.spec, other);
    drop(receipt);
    other.knobs.tp = 7;
    session.send(Command::SetSpec(Box::new(other)));
    let LiveEvent::Refused { cause, .. } = next(&mut session, &mut bench, &events) else {
        panic!("7 ranks")
    };
    assert!(cause.contains('7'), "{cause}");
}

/// Jobs over workers that are started as they are needed; how many were.
struct Office {
    jobs: AwayJobs,
    events: Events,
    benches: Rc<RefCell<Vec<Bench>>>,
}

impl Office {
    fn new() -> Self {
        let benches: Rc<RefCell<Vec<Bench>>> = Rc::default();
        let (opened, events) = (Rc::clone(&benches), events());
        let start = move || {
            let (port, bench) = Bench::pair();
            opened.borrow_mut().push(bench);
            Ok(port)
        };
        Self { jobs: AwayJobs::new(Box::new(start), events.sender()), events, benches }
    }

    /// What happens until a job ends.
    fn until_done(&mut self) -> (Vec<Event>, JobId, JobResult) {
        let mut happened = Vec::new();
        for _ in 0..100_000 {
            self.jobs.turn();
            self.benches.borrow_mut().iter_mut().for_each(Bench::turn);
            for event in self.events.drain() {
                match event {
                    Event::JobDone { id, result } => return (happened, id, result),
                    event => happened.push(event),
                }
            }
        }
        panic!("it does not end")
    }
}

fn job(id: u64, kind: JobKind) -> JobStatus {
    JobStatus::new(JobId(id), kind, "job", 0.0)
}

/// What two ways of working tell, without who was asked.
fn told(events: Vec<Event>) -> Vec<String> {
    let one = |event| {
        let Event::Live(event) = event else { panic!("of the run") };
        match *event {
            LiveEvent::Baseline { of, baseline } => format!("{baseline:?} {of:?}"),
            LiveEvent::Simulated { of, answer } => format!("{answer:?} {of:?}"),
            LiveEvent::UnsplitAlone { of, ns } => format!("{ns} {of:?}"),
            LiveEvent::CurvePoint { of, axis, point } => format!("{axis:?} {point:?} {of:?}"),
            LiveEvent::Serving { of, event } => match *event {
                crate::app::live::ServingEvent::Head(head) => format!("{head:?} {of:?}"),
                crate::app::live::ServingEvent::Served(served) => {
                    let outcome = served.outcome.map(|run| run.served.clone());
                    format!("{:?} {outcome:?} {of:?}", served.strategy)
                }
                _ => panic!("not asked for"),
            },
            _ => panic!("not of a job"),
        }
    };
    events.into_iter().map(one).collect()
}

/// What is told where the work is done at once.
fn at_once(work: impl FnOnce(&EventSender, &JobControl) -> JobResult) -> Vec<String> {
    let events = events();
    assert!(matches!(work(&events.sender(), &JobControl::default()), JobResult::Done));
    told(events.drain().collect())
}

#[test]
fn jobs_of_a_worker_tell_what_the_work_itself_tells() {
    let (mut office, here) = (Office::new(), Backend::Simulated);
    let executors = Executors::default();
    let spec = Arc::new(default_spec());

    let baselines = job(1, JobKind::Baselines);
    assert!(
        office
            .jobs
            .take_on(Effect::Baselines(baselines.clone(), here.clone(), Arc::clone(&spec)))
            .is_none()
    );
    let (happened, id, result) = office.until_done();
    assert!(matches!(result, JobResult::Done) && id == JobId(1));
    let itself =
        at_once(|events, control| run_baselines(&executors, &here, &spec, events, control));
    assert_eq!(told(happened), itself);
    assert_eq!(baselines.progress(), Some(1.0));

    let axis = SweepAxis::AttnCtas;
    office.jobs.take_on(Effect::Curve(
        job(2, JobKind::Curve),
        here.clone(),
        Arc::clone(&spec),
        axis,
    ));
    let (happened, ..) = office.until_done();
    let itself =
        at_once(|events, control| run_curve(&executors, &here, &spec, axis, events, control));
    assert!(itself.len() > 3);
    assert_eq!(told(happened), itself);

    let mut asked = ServingAsked::default();
    asked.demand.requests = Some(12);
    let run = Arc::new(ServingRun::again((*spec).clone(), asked, Backend::Simulated));
    office.jobs.take_on(Effect::Serving(job(3, JobKind::Serving), Arc::clone(&run)));
    let (happened, ..) = office.until_done();
    let mut itself = at_once(|events, control| run_serving(&executors, &run, events, control));
    let mut happened = told(happened);
    // Strategies are served side by side and end in any order.
    itself.sort();
    happened.sort();
    assert_eq!(happened, itself);
    assert_eq!(office.benches.borrow().len(), 1, "one worker does them all");
}

#[test]
fn a_lesson_is_judged_by_runs_of_a_worker() {
    let mut office = Office::new();
    let lesson = lessons().next().expect("there are lessons");
    let work = |attempt| LessonWork {
        lesson: Arc::clone(lesson),
        step: 0,
        recording: None,
        yours: None,
        attempt,
    };
    office.jobs.take_on(Effect::Lesson(job(1, JobKind::Lesson), Arc::new(work(7))));
    let (_, _, result) = office.until_done();
    let answer = |result| match result {
        JobResult::Lesson { attempt: 7, truth: Ok(truth) } => format!("{:?}", truth.answer),
        _ => panic!("not judged"),
    };
    let itself = work_out(&work(7), &mut Simulated::default(), &JobControl::default());
    assert_eq!(answer(result), answer(itself));
}

#[test]
fn a_neighbour_of_a_worker_is_the_neighbour_itself() {
    let mut office = Office::new();
    let mut settings = NEIGHBOURS[0].settings();
    settings.set("tokens", "2048").unwrap();
    let settings = Arc::new(settings);
    office.jobs.take_on(Effect::Neighbour(job(1, JobKind::Neighbour), Arc::clone(&settings)));
    let (_, _, result) = office.until_done();
    let itself = run_neighbour(&settings, &JobControl::default());
    let told = |result| match result {
        JobResult::Neighbour(run) => {
            let [with, without] =
                run.documents.map(|it| (it.trace.lanes.clone(), it.title.clone()));
            (run.shown, with, without)
        }
        _ => panic!("it did not run"),
    };
    assert!(told(result) == told(itself));
}

/// The worker goes with its job, and the next job has another; one that never began costs none.
#[test]
fn a_job_that_is_cancelled_takes_its_worker_along() {
    let (mut office, spec) = (Office::new(), Arc::new(default_spec()));
    let jobs = [1, 2, 3].map(|id| job(id, JobKind::Baselines));
    for job in &jobs {
        let effect = Effect::Baselines(job.clone(), Backend::Simulated, Arc::clone(&spec));
        office.jobs.take_on(effect);
    }
    office.jobs.turn();
    assert_eq!(office.benches.borrow().len(), 1, "the first is at work");
    jobs[0].cancel();
    jobs[1].cancel();
    for id in [1, 2] {
        let (happened, ended, result) = office.until_done();
        assert!(matches!(result, JobResult::Cancelled) && ended == JobId(id));
        assert_eq!(happened.len(), 0);
    }
    let (happened, ended, _) = office.until_done();
    assert_eq!(ended, JobId(3));
    assert!(happened.len() >= 7, "{}", happened.len());
    assert_eq!(office.benches.borrow().len(), 2);
}
