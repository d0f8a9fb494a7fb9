//! An executor and what watches it.

use std::{collections::BTreeMap, sync::Arc};

use weftscope_engine::{
    executor::{ExecError, Executor, ExecutorInfo, IterationTime, run_as_many},
    observer::{LaunchWatch, Observer},
    plan::Plan,
};

use super::{
    Source, Watched,
    held::{Held, Progress},
    join::Joiner,
    samples::SampleTime,
};
use crate::overhead::Recording;

/// An executor, watched.
#[derive(Debug)]
pub struct Instrumented<E, S> {
    inner: E,
    source: S,
    joiner: Joiner,
    progress: Progress,
    is_on: bool,
    /// What is missing, for the trace.
    notes: Vec<String>,
}

impl<E: Watched, S: Source> Instrumented<E, S> {
    /// `inner` with everything that `source` sees of it added.
    pub fn new(mut inner: E, source: S) -> Self {
        inner.watch(Some(source.watch()));
        let joiner = Joiner::new(inner.gpus());
        Self {
            inner,
            source,
            joiner,
            progress: Progress::default(),
            is_on: true,
            notes: Vec::new(),
        }
    }

    /// Adds a sentence on what is missing to every trace.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The executor itself.
    pub fn inner(&mut self) -> &mut E {
        &mut self.inner
    }

    /// What watches it.
    pub fn source(&mut self) -> &mut S {
        &mut self.source
    }

    /// Whether the source watches; stamps are another matter.
    pub fn set_watching(&mut self, on: bool) {
        if on != self.is_on {
            self.inner.watch(on.then(|| self.source.watch()));
            self.source.set_on(on);
            self.is_on = on;
        }
    }

    /// The clocks and what else was learned.
    pub fn joiner(&self) -> &Joiner {
        &self.joiner
    }

    /// Which clock the counters' times turned out to be of.
    pub fn sample_time(&self) -> Option<SampleTime> {
        self.progress.sample_time
    }
}

impl<E: Watched, S: Source> Watched for Instrumented<E, S> {
    /// Replaces the source's watch.
    fn watch(&mut self, watch: Option<Box<dyn LaunchWatch>>) {
        self.inner.watch(watch);
    }

    fn gpus(&self) -> Vec<u32> {
        self.inner.gpus()
    }
}

impl<E: Watched, S: Source> Recording for Instrumented<E, S> {
    /// Stamps and watching both: off, iterations run as without a profiler.
    fn set_recording(&mut self, recording: bool) {
        Self::set_watching(self, recording);
        self.inner.set_recording(recording);
    }

    fn set_watching(&mut self, watching: bool) {
        Self::set_watching(self, watching);
    }

    fn set_in_graphs(&mut self, in_graphs: bool) {
        self.inner.set_in_graphs(in_graphs);
    }

    fn last_event_ns(&self) -> Result<i64, ExecError> {
        self.inner.last_event_ns()
    }
}

impl<E: Watched, S: Source> Executor for Instrumented<E, S> {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        run_as_many(self, plan, iteration, observer)
    }

    fn run_many(
        &mut self,
        plan: &Arc<Plan>,
        iterations: (u64, u32),
        observer: &mut dyn Observer,
    ) -> Result<Vec<IterationTime>, ExecError> {
        if !self.is_on {
            return self.inner.run_many(plan, iterations, observer);
        }
        let mut held = Held {
            plan,
            observer,
            source: &mut self.source,
            joiner: &mut self.joiner,
            progress: &mut self.progress,
            clocks: BTreeMap::new(),
            ops: Vec::new(),
        };
        let outcome = self.inner.run_many(plan, iterations, &mut held);
        if outcome.is_err() {
            // What was seen of a run that broke off must not be taken for the next one's.
            let _unheard = self.source.take();
        }
        outcome
    }

    fn provenance(&self) -> ExecutorInfo {
        let mut info = self.inner.provenance();
        info.source = format!("{}, with {}", info.source, self.source.name());
        info.notes.extend(self.notes.iter().cloned());
        info
    }
}
