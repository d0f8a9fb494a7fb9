//! CUPTI put over an executor, with a plain sentence on what is missing where it cannot be.

use std::sync::Arc;

use cupti_sys::Library;
use weftscope_engine::{
    cuda::{CudaExecutor, Launching},
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    observer::{LaunchWatch, Observer},
    plan::Plan,
};

use super::{Instrumented, Watched};
use crate::{
    cupti::{
        CuptiError, CuptiSource,
        pm::{CounterStatus, Sampler, SamplerError},
    },
    overhead::Recording,
};

/// What CUPTI is to collect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Sample counters every so many nanoseconds; `None`: no counters.
    pub counters_ns: Option<u64>,
}

/// An executor under CUPTI's eyes, and what became of the counters.
#[derive(Debug)]
pub struct Opened {
    /// The executor.
    pub executor: Instrumented<CudaExecutor, CuptiSource>,
    /// Of each rank: counter by counter, or why there is none.
    pub counters: Vec<Result<Vec<CounterStatus>, SamplerError>>,
}

/// Puts `executor` under CUPTI. A GPU whose counters cannot be sampled goes without, and the answer says why.
///
/// # Errors
/// [`CuptiError`] when CUPTI collects nothing here, together with the executor, which runs as well without.
pub fn open(
    executor: CudaExecutor,
    options: Options,
) -> Result<Opened, Box<(CuptiError, CudaExecutor)>> {
    let mut samplers = Vec::new();
    let mut counters = Vec::new();
    if let Some(interval_ns) = options.counters_ns {
        let library = match Library::open() {
            Ok(library) => library,
            Err(error) => return Err(Box::new((error.into(), executor))),
        };
        for (rank, gpu) in executor.gpus().into_iter().enumerate() {
            let opened = Sampler::open(&library, rank as u32, gpu, interval_ns);
            counters.push(opened.map(|sampler| {
                let status = sampler.status().to_vec();
                samplers.push(sampler);
                status
            }));
        }
    }
    match CuptiSource::start(samplers) {
        Ok(source) => {
            let mut executor = Instrumented::new(executor, source);
            for note in missing(&counters) {
                executor.note(note);
            }
            Ok(Opened { executor, counters })
        }
        Err(error) => Err(Box::new((error, executor))),
    }
}

/// The same where CUPTI is welcome but not needed: without it the executor runs on, and every trace says why.
pub fn open_or_plain(executor: CudaExecutor, options: Options) -> Box<dyn Recording> {
    match open(executor, options) {
        Ok(opened) => Box::new(opened.executor),
        Err(refused) => {
            let (error, executor) = *refused;
            Box::new(Unseen { executor, why: format!("CUPTI saw nothing of this run: {error}") })
        }
    }
}

/// An executor without CUPTI, and why.
#[derive(Debug)]
struct Unseen<E> {
    executor: E,
    why: String,
}

impl<E: Executor> Executor for Unseen<E> {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        self.executor.run(plan, iteration, observer)
    }

    fn run_many(
        &mut self,
        plan: &Arc<Plan>,
        iterations: (u64, u32),
        observer: &mut dyn Observer,
    ) -> Result<Vec<IterationTime>, ExecError> {
        self.executor.run_many(plan, iterations, observer)
    }

    fn provenance(&self) -> ExecutorInfo {
        let mut info = self.executor.provenance();
        info.notes.push(self.why.clone());
        info
    }
}

impl<E: Recording> Recording for Unseen<E> {
    fn set_recording(&mut self, recording: bool) {
        self.executor.set_recording(recording);
    }

    fn set_in_graphs(&mut self, in_graphs: bool) {
        self.executor.set_in_graphs(in_graphs);
    }

    fn last_event_ns(&self) -> Result<i64, ExecError> {
        self.executor.last_event_ns()
    }
}

/// Counters that cannot be had, a sentence each.
fn missing(counters: &[Result<Vec<CounterStatus>, SamplerError>]) -> Vec<String> {
    let mut notes = Vec::new();
    for (rank, counters) in counters.iter().enumerate() {
        match counters {
            Err(error) => notes.push(format!("rank {rank} has no counters: {error}")),
            Ok(status) => {
                let lacking = status.iter().filter_map(|(_, status)| status.as_ref().err());
                notes.extend(lacking.map(|why| format!("rank {rank} lacks a counter: {why}")));
            }
        }
    }
    notes
}

impl Watched for CudaExecutor {
    fn watch(&mut self, watch: Option<Box<dyn LaunchWatch>>) {
        Self::watch(self, watch);
    }

    fn gpus(&self) -> Vec<u32> {
        Self::gpus(self)
    }
}

impl Recording for CudaExecutor {
    fn set_recording(&mut self, recording: bool) {
        Self::set_recording(self, recording);
    }

    fn set_in_graphs(&mut self, in_graphs: bool) {
        self.set_launching(if in_graphs { Launching::Graphs } else { Launching::Direct });
    }

    fn last_event_ns(&self) -> Result<i64, ExecError> {
        Ok(Self::last_event_ns(self)?)
    }
}
