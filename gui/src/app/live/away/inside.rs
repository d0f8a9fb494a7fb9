//! The end that runs, a worker's or an agent's: what it is asked it does, and tells.

#[cfg(not(target_arch = "wasm32"))]
use std::collections::VecDeque;
use std::{sync::Arc, time::Duration};

#[cfg(not(target_arch = "wasm32"))]
use crossbeam::channel::Receiver;
use weftscope_engine::{plan::Plan, spec::RunSpec};
use weftscope_profiler::live::{
    Event as SessionEvent, ExecutorFactory, Iteration, LiveSession, Options, TurnSession,
};

use super::{
    super::{LiveEvent, SessionId, news::refusal},
    Host, On,
    letter::Letter,
    shown::Shown,
    words::{Ask, Tell},
};
use crate::{
    app::part::{Held, Look},
    jobs::JobControl,
};

/// Sends a letter to the window.
pub(super) type Post = Arc<dyn Fn(Letter) + Send + Sync>;

/// What is at work here: a run, or jobs.
pub(crate) struct Inside {
    pub(super) post: Post,
    pub(super) host: Host,
    /// Ends what is under way.
    pub(super) over: JobControl,
    run: Option<Run>,
    /// The window has not taken in the last iteration.
    pub(super) is_outstanding: bool,
    /// What ran last, as the window knows.
    plan: Option<Arc<Plan>>,
    /// The last iteration, of which a part is at the other end of a link.
    pub(super) shown: Option<Shown>,
    /// How that is looked at.
    pub(super) look: Option<Look>,
    /// What explains a recording, while that is worked out.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) explaining: Option<Receiver<Vec<u8>>>,
    /// What was shown before, to be asked about.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) gone_by: VecDeque<(u64, Arc<crate::app::Queries>)>,
    /// What is asked about what is shown.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) questions: super::under_way::UnderWay,
    /// A program under watch.
    #[cfg(feature = "gpus")]
    pub(super) watching: Option<super::program::Watching>,
}

#[cfg(feature = "gpus")]
impl Drop for Inside {
    fn drop(&mut self) {
        self.leave_watching();
    }
}

/// A run that goes on.
enum Run {
    /// When it is told to.
    InTurns(TurnSession),
    /// By itself.
    Beside(LiveSession),
    /// By itself, for several windows.
    #[cfg(not(target_arch = "wasm32"))]
    Shared(super::shared_run::View),
}

impl Inside {
    /// One that tells by `post`; `over` ends a job in the middle, and keeps GPUs from being taken into use again.
    pub(crate) fn new(
        post: impl Fn(Letter) + Send + Sync + 'static,
        host: Host,
        over: JobControl,
    ) -> Self {
        let post = Arc::new(post);
        let (run, plan, shown, look) = (None, None, None, None);
        Self {
            post,
            host,
            over,
            run,
            is_outstanding: false,
            plan,
            shown,
            look,
            #[cfg(not(target_arch = "wasm32"))]
            explaining: None,
            #[cfg(not(target_arch = "wasm32"))]
            gone_by: VecDeque::new(),
            #[cfg(not(target_arch = "wasm32"))]
            questions: super::under_way::UnderWay::default(),
            #[cfg(feature = "gpus")]
            watching: None,
        }
    }

    /// Takes in what the window asks; a job is done when this is.
    pub(crate) fn take(&mut self, letter: &Letter) {
        match letter.open() {
            Err(cause) => self.tell(&Tell::Ended(cause)),
            Ok(Ask::Begin { spec, on, period_ns, burst }) => {
                let period = Duration::from_nanos(period_ns);
                let options = Options { period, burst, ..Options::default() };
                match self.begin(*spec, on, options) {
                    Ok(run) => self.run = Some(run),
                    Err(cause) => self.tell(&Tell::Ended(cause)),
                }
            }
            Ok(Ask::Command(command)) => match &mut self.run {
                Some(Run::InTurns(session)) => session.send(command),
                Some(Run::Beside(session)) => session.send(command),
                #[cfg(not(target_arch = "wasm32"))]
                Some(Run::Shared(run)) => run.send(command),
                None => {}
            },
            Ok(Ask::TakenIn) => self.is_outstanding = false,
            Ok(Ask::Look(look)) => self.look = Some(look),
            Ok(Ask::PieceTaken(number)) => {
                if let Some(shown) = &mut self.shown {
                    shown.piece_taken(number);
                }
            }
            #[cfg(not(target_arch = "wasm32"))]
            Ok(Ask::Open(path)) => {
                let opened = self.open(&path);
                self.tell(&Tell::Done(opened));
            }
            #[cfg(feature = "gpus")]
            Ok(Ask::Watch(asked, views)) => {
                if let Err(cause) = self.watch(&asked, views) {
                    self.tell(&Tell::Done(Err(cause)));
                }
            }
            #[cfg(feature = "gpus")]
            Ok(Ask::Stop) => self.stop_watching(),
            #[cfg(not(feature = "gpus"))]
            Ok(Ask::Stop) => {}
            // A page has no files.
            #[cfg(target_arch = "wasm32")]
            Ok(Ask::Open(_)) => {}
            #[cfg(not(target_arch = "wasm32"))]
            Ok(Ask::Question(question, number, asked)) => self.answer(question, number, asked),
            #[cfg(not(target_arch = "wasm32"))]
            Ok(Ask::Forget(question)) => self.forget(question),
            #[cfg(target_arch = "wasm32")]
            Ok(Ask::Forget(_)) => {}
            Ok(Ask::Job(work, on)) => {
                let result = self.work(work, on);
                self.tell(&Tell::Done(result));
            }
        }
    }

    /// Tells what there is to tell, of a run in turns after an iteration if one is due; gives the time until there may be more.
    pub(crate) fn turn(&mut self) -> Option<Duration> {
        #[cfg(feature = "gpus")]
        if self.watching.is_some() {
            return self.turn_watching();
        }
        #[cfg(not(target_arch = "wasm32"))]
        if self.run.is_none() {
            return self.turn_recording();
        }
        while !self.is_outstanding {
            let event = match self.run.as_mut()? {
                Run::InTurns(session) => session.turn(),
                Run::Beside(session) => session.try_next(),
                #[cfg(not(target_arch = "wasm32"))]
                Run::Shared(run) => run.try_next(),
            };
            let is_told = event.is_some();
            match event {
                Some(SessionEvent::Iteration(iteration)) => self.hand_over(&iteration),
                Some(event) => self.pass_on(event),
                None => {}
            }
            match &self.run {
                Some(Run::InTurns(session)) if !self.is_outstanding => return session.due_in(),
                Some(Run::InTurns(_)) | None => return None,
                Some(_) if is_told => {}
                Some(_) => {
                    self.tell_more();
                    return None;
                }
            }
        }
        None
    }

    /// What is seen of what is shown, and was not sent.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn tell_seen(&mut self) {
        self.tell_of_shown(false);
    }

    /// Where nothing newer is to be told: more of the last iteration.
    pub(super) fn tell_more(&mut self) {
        self.tell_of_shown(true);
    }

    fn tell_of_shown(&mut self, with_rest: bool) {
        let Some(shown) = &mut self.shown else { return };
        match shown.more(self.look.as_ref(), with_rest) {
            Ok(letters) => {
                self.is_outstanding |= letters.has_part;
                letters.all.into_iter().for_each(|letter| (self.post)(letter));
            }
            Err(cause) => self.tell(&Tell::Refused(cause)),
        }
    }

    fn pass_on(&self, event: SessionEvent) {
        match refusal(event, SessionId::default().index) {
            Some(LiveEvent::Refused { cause, .. }) => self.tell(&Tell::Refused(cause)),
            Some(LiveEvent::Broke { cause, retry_in, .. }) => {
                let in_ns = retry_in.map(|wait| u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX));
                self.tell(&Tell::Broke(cause, in_ns));
            }
            Some(LiveEvent::Ended { cause, .. }) => self.tell(&Tell::Ended(cause)),
            _ => {}
        }
    }

    fn begin(&self, spec: RunSpec, on: On, mut options: Options) -> Result<Run, String> {
        let backend = self.host.backend(on.clone())?;
        #[cfg(not(target_arch = "wasm32"))]
        if let (Some(visit), Some(wake)) = (&self.host.visit, &self.host.beside) {
            options.wake = Arc::clone(wake);
            let run = visit.view((&self.host.executors, &backend, on), spec, options);
            return run.map(Run::Shared);
        }
        let (executors, machine) = (self.host.executors.clone(), spec.machine.clone());
        let control = self.over.clone();
        let factory: ExecutorFactory =
            Box::new(move || executors.executor(&backend, &machine, backend.look(), &control));
        let Some(wake) = &self.host.beside else {
            let session = TurnSession::new(factory, spec, &options);
            return session.map(Run::InTurns).map_err(|error| error.to_string());
        };
        options.wake = Arc::clone(wake);
        let session = LiveSession::spawn(factory, spec, options);
        session.map(Run::Beside).map_err(|error| error.to_string())
    }

    fn hand_over(&mut self, iteration: &Iteration) {
        let Iteration { plan, number, time_ns, .. } = iteration;
        let is_known = self.plan.as_ref().is_some_and(|known| Arc::ptr_eq(known, plan));
        let (number, time_ns) = (*number, *time_ns);
        let sent = (!is_known).then(|| plan.to_json()).transpose();
        let sent = sent.map_err(|error| error.to_string()).and_then(|text| {
            let head = Tell::Iteration { number, time_ns, plan: text };
            if !self.host.is_afar {
                return Letter::with_trace(&head, &iteration.trace);
            }
            let (shown, bytes) =
                Shown::begin(number, Held::of(Arc::clone(&iteration.trace)), self.look.as_ref())?;
            #[cfg(not(target_arch = "wasm32"))]
            self.show(shown);
            #[cfg(target_arch = "wasm32")]
            drop(shown);
            Ok(Letter::with(&head, bytes))
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

    pub(super) fn tell(&self, tell: &Tell) {
        (self.post)(Letter::of(tell));
    }
}
