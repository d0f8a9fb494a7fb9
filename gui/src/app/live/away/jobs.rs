//! Jobs that run plans elsewhere, the window's end.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use web_time::Instant;
use weftscope_engine::{neighbours::Settings, plan::Plan, spec::RunSpec};
use weftscope_profiler::sweep::SweepAxis;

use super::{
    super::{Backend, LiveEvent, ServedRun, ServedStrategy, ServingEvent, ServingRun},
    OF_A_FRAME, On, Port, StartWorker,
    words::{Ask, News, Tell, Work},
};
use crate::{
    app::{
        Document, Effect, Event, JobResult,
        arriving::{Arriving, Preparing},
        lessons::{LessonWork, work_out},
        neighbours::{NeighbourRun, NeighbourShown},
    },
    jobs::{EventSender, JobStatus},
    lessons::{Facts, Simulated},
};

/// Jobs that a worker or an agent does, one after another. One that is cancelled while it runs takes its port along: nothing is
/// heard at the other end while it works.
pub(crate) struct AwayJobs {
    start: StartWorker,
    events: EventSender,
    port: Option<Port>,
    waiting: VecDeque<(JobStatus, Asked)>,
    at_work: Option<AtWork>,
}

/// What was asked for.
enum Asked {
    Baselines(Backend, Arc<RunSpec>),
    Curve(Backend, Arc<RunSpec>, SweepAxis),
    Serving(Arc<ServingRun>),
    Lesson(Arc<LessonWork>),
    Neighbour(Arc<Settings>),
}

struct AtWork {
    job: JobStatus,
    asked: Asked,
    /// A run that is being read.
    arriving: Option<ArrivingRun>,
    /// Runs of a lesson that are read.
    runs: Simulated,
    /// Runs of a neighbour that are ready to be drawn, and what they show.
    documents: Vec<Arc<Document>>,
    shown: Option<NeighbourShown>,
}

enum ArrivingRun {
    /// Of a lesson: its place among those, and what ran.
    Lesson(Box<Arriving>, usize, Arc<Plan>),
    /// Of a neighbour.
    Neighbour(Preparing),
}

impl AwayJobs {
    pub(crate) fn new(start: StartWorker, events: EventSender) -> Self {
        Self { start, events, port: None, waiting: VecDeque::new(), at_work: None }
    }

    /// Takes a job on; gives back what is none for a worker.
    pub(crate) fn take_on(&mut self, effect: Effect) -> Option<Effect> {
        let job = match effect {
            Effect::Baselines(job, backend, spec) => (job, Asked::Baselines(backend, spec)),
            Effect::Curve(job, backend, spec, axis) => (job, Asked::Curve(backend, spec, axis)),
            Effect::Serving(job, run) => (job, Asked::Serving(run)),
            Effect::Lesson(job, work) => (job, Asked::Lesson(work)),
            Effect::Neighbour(job, settings) => (job, Asked::Neighbour(settings)),
            other => return Some(other),
        };
        self.waiting.push_back(job);
        None
    }

    /// Ends all that was taken on, for this cause.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn give_up(mut self, cause: &str) {
        let waiting = std::mem::take(&mut self.waiting).into_iter().map(|(job, _)| job.id);
        for id in self.at_work.take().map(|at_work| at_work.job.id).into_iter().chain(waiting) {
            let result = JobResult::Failed(cause.to_owned());
            self.events.send(Event::JobDone { id, result });
        }
    }

    /// Goes on, as long as a frame may take; gives the time until it should be asked again, if that is not when the worker
    /// says so.
    pub(crate) fn turn(&mut self) -> Option<Duration> {
        if self.at_work.as_ref().is_some_and(|at_work| at_work.job.is_cancelled()) {
            self.port = None;
            self.end(JobResult::Cancelled);
        }
        let began = Instant::now();
        while began.elapsed() < OF_A_FRAME {
            if self.at_work.is_none() {
                self.begin_next()?;
            } else if self.at_work.as_ref().is_some_and(|at_work| at_work.arriving.is_some()) {
                self.read_on();
            } else {
                let (tell, bytes) = Tell::heard(self.port.as_ref()?.next()?);
                self.take(tell, bytes);
            }
        }
        Some(Duration::ZERO)
    }

    /// Begins the next that is still wanted; `None` when there is none.
    fn begin_next(&mut self) -> Option<()> {
        let (job, asked) = self.waiting.pop_front()?;
        let (is_wanted, (work, on)) = (!job.is_cancelled(), asked.work());
        let (runs, documents) = (Simulated::default(), Vec::new());
        self.at_work = Some(AtWork { job, asked, arriving: None, runs, documents, shown: None });
        if !is_wanted {
            self.end(JobResult::Cancelled);
        } else if let Err(cause) = self.hand_in(work, on) {
            self.end(JobResult::Failed(cause));
        }
        Some(())
    }

    /// Gives work to the worker, which is started if there is none.
    fn hand_in(&mut self, work: Work, on: On) -> Result<(), String> {
        let port = match self.port.take() {
            Some(port) => port,
            None => (self.start)()?,
        };
        Ask::Job(work, on).over(self.port.insert(port));
        Ok(())
    }

    fn take(&mut self, tell: Tell, bytes: Vec<u8>) {
        let Some(at_work) = &mut self.at_work else { return };
        match tell {
            Tell::Progress(permille) => {
                at_work.job.control().step(u64::from(permille), 1000).ok();
            }
            Tell::News(News::Neighbour(shown)) => at_work.shown = Some(shown),
            Tell::News(news) => {
                if let Some(event) = at_work.asked.event(news) {
                    self.events.send(Event::Live(Box::new(event)));
                }
            }
            Tell::Run(index, plan) => match at_work.asked.arriving(index, &plan, bytes) {
                Ok(run) => at_work.arriving = Some(run),
                Err(cause) => self.end(JobResult::Failed(cause)),
            },
            Tell::Done(Err(cause)) => self.end(JobResult::Failed(cause)),
            Tell::Done(Ok(())) => {
                let result = match &at_work.asked {
                    Asked::Lesson(work) => {
                        work_out(work, &mut at_work.runs, &at_work.job.control())
                    }
                    Asked::Neighbour(_) => {
                        let documents = std::mem::take(&mut at_work.documents).try_into();
                        match at_work.shown.take().zip(documents.ok()) {
                            Some((shown, documents)) => {
                                JobResult::Neighbour(Box::new(NeighbourRun { shown, documents }))
                            }
                            None => JobResult::Failed("the worker sent no two runs".to_owned()),
                        }
                    }
                    _ => JobResult::Done,
                };
                self.end(result);
            }
            Tell::Ended(cause) => {
                self.port = None;
                self.end(JobResult::Failed(cause));
            }
            // Of a run, which this worker has none of.
            Tell::Iteration { .. }
            | Tell::Part(_)
            | Tell::Piece(..)
            | Tell::Answer(..)
            | Tell::NoAnswer(..)
            | Tell::Left(_)
            | Tell::Refused(_)
            | Tell::Broke(..) => {}
        }
    }

    fn read_on(&mut self) {
        let Some(at_work) = &mut self.at_work else { return };
        let Some(arriving) = &mut at_work.arriving else { return };
        let is_read = match arriving {
            ArrivingRun::Lesson(arriving, index, plan) => arriving.step().map(|trace| {
                let is_read = trace.is_some();
                if let Some(trace) = trace
                    && let Asked::Lesson(work) = &at_work.asked
                    && let Some(spec) = work.specs().nth(*index)
                {
                    at_work.runs.know(spec, Facts::of_run(Arc::clone(plan), trace));
                }
                is_read
            }),
            ArrivingRun::Neighbour(preparing) => preparing.step().map(|document| {
                let is_read = document.is_some();
                at_work.documents.extend(document.map(Arc::new));
                is_read
            }),
        };
        match is_read {
            Ok(false) => {}
            Ok(true) => at_work.arriving = None,
            Err(cause) => self.end(JobResult::Failed(cause)),
        }
    }

    fn end(&mut self, result: JobResult) {
        if let Some(at_work) = self.at_work.take() {
            self.events.send(Event::JobDone { id: at_work.job.id, result });
        }
    }
}

impl Asked {
    fn work(&self) -> (Work, On) {
        let boxed = |spec: &RunSpec| Box::new(spec.clone());
        match self {
            Self::Baselines(backend, spec) => (Work::Baselines(boxed(spec)), On::of(backend)),
            Self::Curve(backend, spec, axis) => (Work::Curve(boxed(spec), *axis), On::of(backend)),
            Self::Serving(run) => {
                (Work::Serving(boxed(&run.spec), run.asked.kept()), On::of(&run.backend))
            }
            Self::Lesson(work) => (Work::Runs(work.specs().cloned().collect()), On::Simulator),
            Self::Neighbour(settings) => {
                (Work::Neighbour(settings.of().to_owned(), settings.texts()), On::Simulator)
            }
        }
    }

    /// A run that came, to be read.
    fn arriving(&self, index: usize, plan: &str, bytes: Vec<u8>) -> Result<ArrivingRun, String> {
        if let Self::Neighbour(settings) = self {
            let stem = settings.of().to_owned();
            return Ok(ArrivingRun::Neighbour(Preparing::new(bytes, stem)?));
        }
        let plan = Plan::from_json(plan).map_err(|error| error.to_string())?;
        Ok(ArrivingRun::Lesson(Box::new(Arriving::new(bytes)?), index, Arc::new(plan)))
    }

    /// The event of a worker's news.
    fn event(&self, news: News) -> Option<LiveEvent> {
        Some(match (self, news) {
            (Self::Baselines(_, of), News::Baseline(baseline)) => {
                LiveEvent::Baseline { of: Arc::clone(of), baseline }
            }
            (Self::Baselines(_, of), News::Simulated(answer)) => {
                LiveEvent::Simulated { of: Arc::clone(of), answer }
            }
            (Self::Baselines(_, of), News::UnsplitAlone(ns)) => {
                LiveEvent::UnsplitAlone { of: Arc::clone(of), ns }
            }
            (Self::Curve(_, of, axis), News::CurvePoint(point)) => {
                LiveEvent::CurvePoint { of: Arc::clone(of), axis: *axis, point }
            }
            (Self::Serving(of), news) => {
                let event = Box::new(serving_event(news)?);
                LiveEvent::Serving { of: Arc::clone(of), event }
            }
            _ => return None,
        })
    }
}

fn serving_event(news: News) -> Option<ServingEvent> {
    Some(match news {
        News::ServingHead(head) => ServingEvent::Head(head),
        News::ServingFailed(cause) => ServingEvent::Failed(cause),
        News::Served(strategy, outcome) => {
            let outcome = outcome.map(|served| ServedRun::of(strategy, *served, true));
            ServingEvent::Served(ServedStrategy { strategy, outcome })
        }
        _ => return None,
    })
}
