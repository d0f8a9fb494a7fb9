//! Runs plans on the GPUs of this machine, iteration after iteration.

use std::{sync::Arc, time::SystemTime};

use super::{
    cache::CacheRoom,
    clocks::Clocks,
    graph::uses_nccl,
    held::Held,
    isolated::{IsolatedTimes, PASSES},
    launch,
    need::{self, Loaded},
    prepared::Prepared,
    report::report,
    support,
    weights::Weights,
};
use crate::{
    cuda::{
        compile::Nvrtc,
        driver::{CudaError, Group, driver_runs},
        kernels::Loader,
    },
    executor::{ExecError, Executor, ExecutorInfo, IterationTime, run_as_many},
    observer::{LaunchWatch, Observer},
    plan::Plan,
};

/// Runs plans on the GPUs of this machine.
///
/// Kernels are compiled and memory is taken when a plan first runs, and kept while the same plan runs again, also when it
/// takes turns with one other plan and both fit.
#[derive(Debug)]
pub struct CudaExecutor {
    group: Group,
    nvrtc: Nvrtc,
    recording: bool,
    launching: Launching,
    clocks: Clocks,
    prepared: Option<Prepared>,
    /// The plan that ran before that one: a live run takes turns with its baselines.
    parked: Option<Prepared>,
    watch: Option<Box<dyn LaunchWatch>>,
    held: Held,
    epoch_unix_ns: Option<i64>,
}

/// How an iteration gets onto the GPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Launching {
    /// One CUDA graph a rank, captured when a plan first runs. Plans with NCCL in them are launched op by op, since its
    /// calls span ranks.
    #[default]
    Graphs,
    /// Op by op.
    Direct,
}

impl CudaExecutor {
    /// Takes `ranks` GPUs into use; `recording` as in [`set_recording`](Self::set_recording).
    ///
    /// # Errors
    /// [`CudaError`]: no driver, too few or mixed GPUs, no peer link, no NVRTC.
    pub fn open(ranks: u32, recording: bool) -> Result<Self, CudaError> {
        let group = Group::open(ranks)?;
        let nvrtc = Nvrtc::open()?;
        driver_runs(group.driver(), nvrtc.version())?;
        let clocks = Clocks::new(group.devices(), &nvrtc)?;
        let launching = Launching::default();
        Ok(Self {
            group,
            nvrtc,
            recording,
            launching,
            clocks,
            prepared: None,
            parked: None,
            watch: None,
            held: Held::default(),
            epoch_unix_ns: None,
        })
    }

    /// Runs with these weights from now on.
    #[must_use]
    pub fn with_weights(mut self, weights: Weights) -> Self {
        self.drop_plans();
        self.held.set_source(weights);
        self
    }

    /// Puts the weights that a plan needs on the GPUs, unless they are there; else the first run does. `progress` is called
    /// with bytes done and bytes in all.
    ///
    /// # Errors
    /// A plan that cannot run here, a checkpoint of another model, memory that is not free.
    pub fn load_weights(
        &mut self,
        plan: &Plan,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), ExecError> {
        support::check(plan, &self.group, &self.held)?;
        if !self.held.has_weights(plan) {
            // The prepared plans would keep the old ones alive.
            self.drop_plans();
            self.held.drop_weights();
            need::check(plan, self.group.devices(), Loaded::Nothing)?;
            self.held.weights(plan, &loaders(&self.group, &self.nvrtc, false), progress)?;
        }
        Ok(())
    }

    /// The ids of the batch's new tokens, in its order, from the next iteration on; `None`: any.
    ///
    /// Iterations fail when their number is not the batch's or one lies outside the vocabulary.
    pub fn set_token_ids(&mut self, ids: Option<Vec<u32>>) {
        self.held.ids = ids;
        self.held.ids_changed = true;
    }

    /// Keeps keys and values from plan to plan, so that a batch's cached tokens are those that earlier plans computed. With
    /// `None` (as at first) they are random numbers.
    pub fn keep_cache(&mut self, room: Option<CacheRoom>) {
        self.drop_plans();
        self.held.room = room;
    }

    /// Whether kernels leave stamps. Without, they are compiled out: an iteration reports no op, and its time is that
    /// of the device's events.
    pub fn set_recording(&mut self, recording: bool) {
        self.recording = recording;
    }

    /// What is notified of every launch from now on. While there is such, ops are launched one by one.
    pub fn watch(&mut self, watch: Option<Box<dyn LaunchWatch>>) {
        self.watch = watch;
    }

    /// The GPU of each rank, as the driver numbers them.
    pub fn gpus(&self) -> Vec<u32> {
        self.group.devices().iter().map(|device| device.info().index).collect()
    }

    /// How the next iterations are launched.
    pub fn set_launching(&mut self, launching: Launching) {
        self.launching = launching;
    }

    /// How long the last iteration took by events round it, ns, of the slowest rank, 0 before the first: the same
    /// measure with recording on and off.
    ///
    /// # Errors
    /// What went wrong on a device since the run.
    pub fn last_event_ns(&self) -> Result<i64, CudaError> {
        let Some(prepared) = &self.prepared else { return Ok(0) };
        Ok(prepared.event_ns()?.last().copied().unwrap_or(0))
    }

    /// Logits of the last run, `[sequences, vocabulary shard]` a rank; empty before the first.
    ///
    /// # Errors
    /// What went wrong on a device since the run.
    pub fn logits(&self) -> Result<Vec<Vec<f32>>, CudaError> {
        let ranks = self.prepared.iter().flat_map(|prepared| &prepared.ranks);
        ranks.zip(0..).map(|(rank, index)| rank.logits(index)).collect()
    }

    fn drop_plans(&mut self) {
        self.prepared = None;
        self.parked = None;
    }

    /// A plan made ready, taken out: while it runs, nobody else has it.
    fn prepare(&mut self, plan: &Arc<Plan>) -> Result<Prepared, ExecError> {
        let is_of = |prepared: &mut Prepared| Arc::ptr_eq(&prepared.plan, plan);
        let kept = match self.prepared.take_if(is_of) {
            Some(kept) => Some(kept),
            None => {
                let kept = self.parked.take_if(is_of);
                self.parked = self.prepared.take();
                kept
            }
        };
        let mut prepared = match kept {
            Some(kept) => kept,
            None => self.prepare_anew(plan)?,
        };
        if self.held.ids_changed {
            prepared.write_ids(self.held.ids.as_deref())?;
            self.held.ids_changed = false;
        }
        prepared.set_stamps(&self.nvrtc, self.recording)?;
        Ok(prepared)
    }

    fn prepare_anew(&mut self, plan: &Arc<Plan>) -> Result<Prepared, ExecError> {
        support::check(plan, &self.group, &self.held)?;
        self.load_weights(plan, &mut |_, _| ())?;
        let fits = || need::check(plan, self.group.devices(), Loaded::Weights);
        if fits().is_err() {
            // Two plans have no room beside one another.
            self.parked = None;
            fits()?;
        }
        // What runs before iterations do leaves no stamps.
        let before = loaders(&self.group, &self.nvrtc, false);
        let weights = self.held.weights(plan, &before, &mut |_, _| ())?;
        let cache = self.held.cache(plan, &before)?;
        self.held.ids_changed |= self.held.ids.is_some();
        let loaders = loaders(&self.group, &self.nvrtc, self.recording);
        Prepared::new(plan, &loaders, &weights, cache.as_ref())
    }

    /// Times every op with the GPUs to itself, once a plan, when it has run and is recorded: a pass costs a launch and a
    /// wait an op, some 30 µs beside the ops themselves.
    fn isolate(&mut self, prepared: &mut Prepared) -> Result<(), ExecError> {
        if !self.recording || !prepared.is_warm || prepared.isolated_ns.is_some() {
            return Ok(());
        }
        let mut times = IsolatedTimes::of(&prepared.plan);
        for _ in 0..PASSES {
            prepared.make_room(1)?;
            prepared.timers.iter().try_for_each(|timer| timer.mark(0))?;
            launch::launch_isolated(prepared)?;
            prepared.timers.iter().try_for_each(|timer| timer.mark(1))?;
            prepared.synchronize()?;
            report(prepared, &self.clocks.fits(), (0, 1), &mut times)?;
            times.end_pass(&prepared.plan);
        }
        prepared.isolated_ns = Some(times.medians());
        Ok(())
    }

    /// Launches `count` iterations behind one another, without waiting.
    fn launch(&mut self, prepared: &mut Prepared, count: u32) -> Result<(), CudaError> {
        let direct = self.launching == Launching::Direct || self.watch.is_some();
        if let Some(watch) = &mut self.watch {
            watch.begin();
        }
        for iteration in 0..count {
            for timer in &prepared.timers {
                timer.mark(iteration)?;
            }
            if direct || uses_nccl(&prepared.plan) {
                launch::launch_directly(prepared, self.watch.as_deref_mut())?;
            } else {
                launch::launch_graphs(prepared)?;
            }
        }
        prepared.timers.iter().try_for_each(|timer| timer.mark(count))
    }
}

/// Iterations that are launched at a time: enough that reading the rings between costs nothing, few enough that their
/// stamps stay small (some 32 bytes × 100 000 blocks each).
const MOST_AT_ONCE: u32 = 16;

impl Executor for CudaExecutor {
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
        (first, count): (u64, u32),
        observer: &mut dyn Observer,
    ) -> Result<Vec<IterationTime>, ExecError> {
        let mut times = Vec::with_capacity(count as usize);
        while times.len() < count as usize {
            let at_once = (count - times.len() as u32).min(MOST_AT_ONCE);
            let mut prepared = self.prepare(plan)?;
            self.isolate(&mut prepared)?;
            prepared.make_room(at_once)?;
            self.clocks.read()?;
            let began = SystemTime::now();
            self.launch(&mut prepared, at_once)?;
            prepared.synchronize()?;
            if let Some(watch) = &mut self.watch {
                watch.end();
            }
            self.clocks.read()?;
            let fits = self.clocks.fits();
            let numbers = (first + times.len() as u64, at_once);
            let ran = report(&prepared, &fits, numbers, observer)?;
            self.epoch_unix_ns = ran.first().and_then(|time| epoch(began, time));
            times.extend(ran);
            prepared.is_warm = true;
            self.prepared = Some(prepared);
        }
        Ok(times)
    }

    fn provenance(&self) -> ExecutorInfo {
        let devices = self.group.devices();
        let source = format!(
            "weftscope {} in-kernel stamps, {} × {}",
            env!("CARGO_PKG_VERSION"),
            devices.len(),
            devices.first().map_or("GPU", |device| device.info().name.as_str())
        );
        ExecutorInfo {
            measured: true,
            source,
            epoch_unix_ns: self.epoch_unix_ns,
            notes: self.group.warnings().to_vec(),
        }
    }
}

/// One a rank, for kernels with stamps or without.
fn loaders<'a>(group: &'a Group, nvrtc: &'a Nvrtc, stamps: bool) -> Vec<Loader<'a>> {
    group.devices().iter().map(|device| Loader::new(device, nvrtc, stamps)).collect()
}

/// Wall clock at executor time 0, from an iteration that began on the GPU just after `began` on the host: too early by
/// the way of a launch, some 10 µs.
fn epoch(began: SystemTime, time: &IterationTime) -> Option<i64> {
    let unix = began.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(unix.as_nanos()).ok()?.checked_sub(time.start_ns)
}

impl From<CudaError> for ExecError {
    fn from(error: CudaError) -> Self {
        match error {
            // A failed launch or wait leaves a context that refuses everything after.
            CudaError::Driver { .. } => Self::Device(error.to_string()),
            _ => Self::Unsupported(error.to_string()),
        }
    }
}
