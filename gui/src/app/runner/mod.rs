//! Does what the mutator asked for.

#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
mod elsewhere;
mod open;

use std::{path::PathBuf, time::Duration};

use weftscope_traces::Classifier;

use super::{
    aggregate, browse::browse, comparison::compare_documents, effect::Effect, event::JobResult,
    explaining, marks::MarkKeeper, search, sql, statistics, what_if,
};
#[cfg(feature = "live")]
use super::{
    event::Event,
    live::{self, Executors, SessionHandle},
};
use crate::jobs::{self, Cancelled, EventSender, JobControl, JobStatus};
#[cfg(feature = "live")]
use crate::lessons::Simulated;

/// Holds what effects need: the way back, and the session.
pub struct Runner {
    events: EventSender,
    /// What kernels of opened recordings are taken for.
    classifier: Classifier,
    marks: MarkKeeper,
    #[cfg(feature = "live")]
    session: Option<SessionHandle>,
    #[cfg(feature = "live")]
    executors: Executors,
    /// Jobs that simulate, where there are no threads.
    #[cfg(target_arch = "wasm32")]
    away: live::away::AwayJobs,
    /// The server on which plans are run, with the jobs there.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    elsewhere: Option<elsewhere::Elsewhere>,
    /// How servers are reached on which recordings lie.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    ssh: crate::remote::Ssh,
}

/// What only the thread of the window may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowTask {
    /// Put text on the clipboard.
    Copy(String),
    /// Close the window.
    Quit,
}

impl Runner {
    /// A runner whose results come back through `events`.
    pub fn new(events: EventSender) -> Self {
        Self {
            marks: MarkKeeper::new(events.clone()),
            #[cfg(target_arch = "wasm32")]
            away: {
                let wake = events.wake();
                let start = move || crate::web::start_worker(std::sync::Arc::clone(&wake));
                live::away::AwayJobs::new(Box::new(start), events.clone())
            },
            events,
            classifier: Classifier::default(),
            #[cfg(feature = "live")]
            session: None,
            #[cfg(feature = "live")]
            executors: Executors::default(),
            #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
            elsewhere: None,
            #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
            ssh: crate::remote::Ssh::default(),
        }
    }

    /// The same with another way to servers.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    #[must_use]
    pub(super) fn reaching_by(self, ssh: Option<crate::remote::Ssh>) -> Self {
        Self { ssh: ssh.unwrap_or_default(), ..self }
    }

    /// The same with other rules for what kernels are.
    #[must_use]
    pub fn with_classifier(self, classifier: Classifier) -> Self {
        Self { classifier, ..self }
    }

    /// What runs plans.
    #[cfg(feature = "live")]
    pub(crate) fn executors(&self) -> &Executors {
        &self.executors
    }

    /// Gives it a session to talk to.
    #[cfg(feature = "live")]
    pub fn attach(&mut self, session: SessionHandle) {
        self.session = Some(session);
    }

    /// Runs what is this thread's to run between two frames; gives the time until there is more.
    pub fn turn(&mut self) -> Option<Duration> {
        #[cfg(target_arch = "wasm32")]
        let jobs = self.away.turn();
        #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
        let jobs = self.elsewhere.as_mut().and_then(|elsewhere| elsewhere.jobs.turn());
        #[cfg(not(feature = "live"))]
        let jobs: Option<Duration> = None;
        #[cfg(feature = "live")]
        let session = self.session.as_mut().and_then(SessionHandle::turn);
        #[cfg(not(feature = "live"))]
        let session = None;
        jobs.into_iter().chain(session).min()
    }

    /// Starts what `effect` asks for, without waiting; gives back what the window must do itself.
    pub fn run(&mut self, effect: Effect) -> Option<WindowTask> {
        #[cfg(feature = "live")]
        if let Some((id, cause)) = effect.lacks() {
            self.events.send(Event::JobDone { id, result: JobResult::Failed(cause) });
            return None;
        }
        match effect {
            Effect::Copy(text) => return Some(WindowTask::Copy(text)),
            Effect::Quit => return Some(WindowTask::Quit),
            Effect::Browse(purpose, suggested) => browse(purpose, suggested, &self.events),
            Effect::Open(job, asked) => self.open(&job, asked),
            Effect::Export(job, document, export) => {
                self.start(&job, "export", move |control| {
                    jobs::export(&document, &export, control)
                });
            }
            Effect::Aggregate(job, document, range) => {
                self.start(&job, "aggregate", move |control| {
                    let tables = aggregate::aggregate(&document, &range, control);
                    unless_cancelled(tables, |tables| match tables {
                        Ok(tables) => JobResult::Aggregated(Box::new(tables)),
                        Err(cause) => JobResult::Failed(cause),
                    })
                });
            }
            Effect::Explain(job, document, selection) => {
                self.start(&job, "explain", move |control| {
                    let sentences = explaining::explain(&document, &selection, control);
                    unless_cancelled(sentences, JobResult::Explained)
                });
            }
            Effect::Compare(job, documents, config) => {
                self.start(&job, "compare", move |control| {
                    let report = compare_documents(&documents, config, control);
                    unless_cancelled(report, |report| JobResult::Compared(Box::new(report)))
                });
            }
            #[cfg(not(target_arch = "wasm32"))]
            Effect::Within(job, cluster, column) => {
                self.start(&job, "within", move |control| {
                    crate::app::cluster::read_within(&cluster, column, control)
                });
            }
            #[cfg(not(target_arch = "wasm32"))]
            Effect::Groups(job, cluster) => {
                self.start(&job, "groups", move |control| {
                    crate::app::cluster::read_groups(&cluster, control)
                });
            }
            Effect::Marks(task) => self.marks.send(task),
            Effect::Search(job, document, asked) => {
                self.start(&job, "search", move |control| search::find(&document, asked, control));
            }
            Effect::Statistics(job, document) => {
                self.start(&job, "statistics", move |control| {
                    unless_cancelled(
                        statistics::work_out(&document, control),
                        JobResult::Statistics,
                    )
                });
            }
            Effect::Sql(job, document, task) => {
                self.start(&job, "sql", move |control| sql::work_out(&document, &task, control));
            }
            Effect::WhatIf(job, document, task) => {
                self.start(&job, "what-if", move |control| {
                    what_if::work_out(&document, &task, control)
                });
            }
            #[cfg(feature = "live")]
            live => self.run_live(live),
        }
        None
    }

    /// Starts what needs the engine or a program under watch.
    #[cfg(feature = "live")]
    fn run_live(&mut self, effect: Effect) {
        #[cfg(target_arch = "wasm32")]
        let Some(effect) = self.away.take_on(effect) else { return };
        #[cfg(not(target_arch = "wasm32"))]
        let Some(effect) = self.take_elsewhere(effect) else { return };
        match effect {
            #[cfg(feature = "gpus")]
            Effect::Watch(job, watched) => {
                let (id, sender, classifier) =
                    (job.id, self.events.clone(), self.classifier.clone());
                self.events.spawn(job.id, "watch", job.control(), move |control| {
                    let show = |document| {
                        sender.send(Event::Opening { id, paths: Vec::new(), document });
                    };
                    jobs::watch(&watched, &classifier, (show, &sender), control)
                });
            }
            Effect::Session(command) => {
                if let Some(session) = &mut self.session {
                    session.send(command);
                }
            }
            Effect::Restart(backend, id, spec) => {
                // The old one ends when its iteration is over.
                self.session = None;
                let (events, what) = (self.events.clone(), (&backend, &*spec));
                #[cfg(not(target_arch = "wasm32"))]
                let port = self.elsewhere.as_ref().map(|elsewhere| elsewhere.link.port());
                #[cfg(target_arch = "wasm32")]
                let port = None;
                match live::start_session(&self.executors, port, what, id, events) {
                    Ok(session) => self.session = Some(session),
                    Err(cause) => {
                        let ended = live::LiveEvent::Ended { session: id.index, cause };
                        self.events.send(Event::Live(Box::new(ended)));
                    }
                }
            }
            Effect::Baselines(job, backend, spec) => {
                let (events, executors) = (self.events.clone(), self.executors.clone());
                self.events.spawn(job.id, "baselines", job.control(), move |control| {
                    live::run_baselines(&executors, &backend, &spec, &events, control)
                });
            }
            Effect::Calibrate(job, backend) => {
                let executors = self.executors.clone();
                self.start(&job, "calibrate", move |control| {
                    live::run_calibration(&executors, &backend, control)
                });
            }
            Effect::Curve(job, backend, spec, axis) => {
                let (events, executors) = (self.events.clone(), self.executors.clone());
                self.events.spawn(job.id, "curve", job.control(), move |control| {
                    live::run_curve(&executors, &backend, &spec, axis, &events, control)
                });
            }
            Effect::Lesson(job, work) => {
                self.start(&job, "lesson", move |control| {
                    crate::app::lessons::work_out(&work, &mut Simulated::default(), control)
                });
            }
            Effect::Neighbour(job, settings) => {
                self.start(&job, "neighbour", move |control| {
                    crate::app::neighbours::run_neighbour(&settings, control)
                });
            }
            Effect::Serving(job, run) => {
                let (events, executors) = (self.events.clone(), self.executors.clone());
                self.start(&job, "serving", move |control| {
                    live::run_serving(&executors, &run, &events, control)
                });
            }
            Effect::ServingBatch(job, run, served, number) => {
                let events = self.events.clone();
                self.start(&job, "iteration", move |_| {
                    live::run_lookup(&run, &served, number, &events)
                });
            }
            // Everything else was dealt with.
            _ => {}
        }
    }

    /// Runs a job on a thread of its own.
    fn start(
        &self,
        job: &JobStatus,
        name: &str,
        work: impl FnOnce(&JobControl) -> JobResult + Send + 'static,
    ) {
        self.events.spawn(job.id, name, job.control(), work);
    }

    /// Waits until marks are written; ends the session, and gives the GPUs back when the iteration under way is over.
    pub fn close(&mut self) {
        self.marks.close();
        #[cfg(feature = "live")]
        self.close_session();
    }

    #[cfg(feature = "live")]
    fn close_session(&mut self) {
        self.session = None;
        #[cfg(not(target_arch = "wasm32"))]
        {
            self.elsewhere = None;
        }
        if !self.executors.close() {
            eprintln!("weftscope: the GPUs are still busy and are left to the driver");
        }
    }

    /// Removes what exports of a program that was killed have left in these folders; on a thread of its own, since a folder
    /// may lie across a network.
    pub fn tidy_up(&self, folders: Vec<PathBuf>) {
        let tidying =
            std::thread::Builder::new().name("weftscope-tidy".to_owned()).spawn(move || {
                folders.iter().for_each(|folder| crate::files::remove_abandoned(folder));
            });
        // Without a thread it is left to the next export there.
        drop(tidying);
    }
}

fn unless_cancelled<T>(
    result: Result<T, Cancelled>,
    then: impl FnOnce(T) -> JobResult,
) -> JobResult {
    result.map_or(JobResult::Cancelled, then)
}
