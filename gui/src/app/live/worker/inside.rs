//! A worker's end: what it is asked it does, and tells.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use weftscope_engine::{neighbours::neighbour, plan::Plan, spec::RunSpec};
use weftscope_profiler::live::{Event as SessionEvent, Iteration, Options, TurnSession};
use weftscope_traces::{Trace, container};

use super::{
    super::{
        Backend, Executors, LiveEvent, ServingAsked, ServingEvent, ServingRun, SessionId,
        news::refusal, run_baselines, run_curve, run_serving,
    },
    letter::{Ask, Letter, News, Tell, Work},
};
use crate::{
    app::{Event, JobResult, neighbours},
    jobs::{EventSender, JobControl},
    lessons::Facts,
};

/// Sends a letter to the page.
type Post = Arc<dyn Fn(Letter) + Send + Sync>;

/// What a worker does: a run, or jobs.
pub(crate) struct Inside {
    post: Post,
    session: Option<TurnSession>,
    /// The page has not taken in the last iteration.
    is_outstanding: bool,
    /// What ran last, as the page knows.
    plan: Option<Arc<Plan>>,
}

impl Inside {
    pub(crate) fn new(post: impl Fn(Letter) + Send + Sync + 'static) -> Self {
        Self { post: Arc::new(post), session: None, is_outstanding: false, plan: None }
    }

    /// Takes in what the page asks; a job is done when this is.
    pub(crate) fn take(&mut self, letter: &Letter) {
        match letter.open() {
            Err(cause) => self.tell(&Tell::Ended(cause)),
            Ok(Ask::Begin { spec, period_ns, burst }) => {
                let period = Duration::from_nanos(period_ns);
                self.begin(*spec, &Options { period, burst, ..Options::default() });
            }
            Ok(Ask::Command(command)) => {
                if let Some(session) = &mut self.session {
                    session.send(command);
                }
            }
            Ok(Ask::TakenIn) => self.is_outstanding = false,
            Ok(Ask::Job(work)) => {
                let result = self.work(work);
                self.tell(&Tell::Done(result));
            }
        }
    }

    /// Runs an iteration if one is due; gives the time until the next may be.
    pub(crate) fn turn(&mut self) -> Option<Duration> {
        if self.is_outstanding {
            return None;
        }
        let session = self.session.as_mut()?;
        match session.turn() {
            Some(SessionEvent::Iteration(iteration)) => self.hand_over(&iteration),
            Some(event) => match refusal(event, SessionId::default().index) {
                Some(LiveEvent::Refused { cause, .. }) => self.tell(&Tell::Refused(cause)),
                Some(LiveEvent::Broke { cause, .. } | LiveEvent::Ended { cause, .. }) => {
                    self.tell(&Tell::Ended(cause));
                }
                _ => {}
            },
            None => {}
        }
        if self.is_outstanding { None } else { self.session.as_ref()?.due_in() }
    }

    fn begin(&mut self, spec: RunSpec, options: &Options) {
        let machine = spec.machine.clone();
        let factory = Box::new(move || {
            let (executors, control) = (Executors::default(), JobControl::default());
            let here = Backend::Simulated;
            executors.executor(&here, &machine, here.look(), &control)
        });
        match TurnSession::new(factory, spec, options) {
            Ok(session) => self.session = Some(session),
            Err(error) => self.tell(&Tell::Ended(error.to_string())),
        }
    }

    fn hand_over(&mut self, iteration: &Iteration) {
        let Iteration { plan, number, time_ns, .. } = iteration;
        let is_known = self.plan.as_ref().is_some_and(|known| Arc::ptr_eq(known, plan));
        let (number, time_ns) = (*number, *time_ns);
        let sent = (!is_known).then(|| plan.to_json()).transpose();
        let sent = sent.map_err(|error| error.to_string()).and_then(|text| {
            let head = Tell::Iteration { number, time_ns, plan: text };
            Ok(Letter::with(&head, written(&iteration.trace)?))
        });
        match sent {
            Ok(letter) => {
                self.plan = Some(Arc::clone(plan));
                self.is_outstanding = true;
                (self.post)(letter);
            }
            Err(cause) => self.tell(&Tell::Refused(cause)),
        }
    }

    fn work(&self, work: Work) -> Result<(), String> {
        let post = Arc::clone(&self.post);
        let control =
            JobControl::telling(move |permille| post(Letter::of(&Tell::Progress(permille))));
        let post = Arc::clone(&self.post);
        let events = EventSender::through(move |event| {
            if let Some(news) = news(event) {
                post(Letter::of(&Tell::News(news)));
            }
        });
        let (executors, here) = (Executors::default(), Backend::Simulated);
        let result = match work {
            Work::Baselines(spec) => {
                run_baselines(&executors, &here, &Arc::new(*spec), &events, &control)
            }
            Work::Curve(spec, axis) => {
                run_curve(&executors, &here, &Arc::new(*spec), axis, &events, &control)
            }
            Work::Serving(spec, asked) => {
                let asked =
                    asked.as_ref().map_or(Some(ServingAsked::default()), ServingAsked::of_kept);
                let asked = asked.ok_or("what is to be served was not understood")?;
                let run = ServingRun::again(*spec, asked);
                run_serving(&executors, &Arc::new(run), &events, &control)
            }
            Work::Runs(specs) => return self.runs(&specs, &control),
            Work::Neighbour(name, knobs) => return self.neighbour(&name, &knobs, &control),
        };
        match result {
            JobResult::Failed(cause) => Err(cause),
            _ => Ok(()),
        }
    }

    /// What cannot run is left out: the page finds that out by itself, and says why.
    fn runs(&self, specs: &[RunSpec], control: &JobControl) -> Result<(), String> {
        for (index, spec) in specs.iter().enumerate() {
            if let Ok((plan, trace)) = Facts::run(spec, &|| false) {
                let plan = plan.to_json().map_err(|error| error.to_string())?;
                (self.post)(Letter::with(&Tell::Run(index, plan), written(&trace)?));
            }
            control.step(index as u64 + 1, specs.len() as u64).ok();
        }
        Ok(())
    }

    /// Its runs with the idea and without, and what they show.
    fn neighbour(
        &self,
        name: &str,
        knobs: &[(String, String)],
        control: &JobControl,
    ) -> Result<(), String> {
        let known = neighbour(name).ok_or_else(|| format!("there is no neighbour {name}"))?;
        let mut settings = known.settings();
        for (knob, text) in knobs {
            settings.set(knob, text).map_err(|error| error.to_string())?;
        }
        let simulated = neighbours::simulate(&settings, control);
        let (shown, runs) = simulated.map_err(|cancelled| cancelled.to_string())??;
        for (index, (plan, trace)) in runs.iter().enumerate() {
            let plan = plan.to_json().map_err(|error| error.to_string())?;
            (self.post)(Letter::with(&Tell::Run(index, plan), written(trace)?));
        }
        self.tell(&Tell::News(News::Neighbour(shown)));
        Ok(())
    }

    fn tell(&self, tell: &Tell) {
        (self.post)(Letter::of(tell));
    }
}

fn written(trace: &Trace) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    container::write(trace, &mut bytes, &mut |_| ControlFlow::Continue(()))
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// What of an event a page is told; it knows itself what it had asked for.
fn news(event: Event) -> Option<News> {
    let Event::Live(event) = event else { return None };
    Some(match *event {
        LiveEvent::Baseline { baseline, .. } => News::Baseline(baseline),
        LiveEvent::Simulated { answer, .. } => News::Simulated(answer),
        LiveEvent::UnsplitAlone { ns, .. } => News::UnsplitAlone(ns),
        LiveEvent::CurvePoint { point, .. } => News::CurvePoint(point),
        LiveEvent::Serving { event, .. } => match *event {
            ServingEvent::Head(head) => News::ServingHead(head),
            ServingEvent::Failed(cause) => News::ServingFailed(cause),
            ServingEvent::Served(served) => {
                let outcome = served.outcome.map(|run| Box::new(run.served.clone()));
                News::Served(served.strategy, outcome)
            }
            // Looked up where it is asked.
            ServingEvent::Batch(..) => return None,
        },
        _ => return None,
    })
}
