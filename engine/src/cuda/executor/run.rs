//! Runs plans on the GPUs of this machine, iteration after iteration.

use std::{collections::VecDeque, sync::Arc, time::SystemTime};

use super::{
    clocks::Clocks,
    contents::Contents,
    graph::{Launching, uses_nccl},
    held::{Given, Held},
    isolated::{IsolatedTimes, PASSES},
    launch,
    layout::Sizes,
    need::{self, There},
    places::Places,
    prepared::Prepared,
    report::report,
    share::Share,
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
/// Kernels are compiled and memory is taken when a plan first runs, and kept for what runs next; plans that take turns stay
/// [ready](Self::keep_ready).
#[derive(Debug)]
pub struct CudaExecutor {
    group: Group,
    nvrtc: Nvrtc,
    recording: bool,
    launching: Launching,
    clocks: Clocks,
    /// Plans that ran last, the last first.
    ready: VecDeque<Prepared>,
    most_ready: usize,
    watch: Option<Box<dyn LaunchWatch>>,
    held: Held,
    epoch_unix_ns: Option<i64>,
}

impl CudaExecutor {
    /// Takes `ranks` GPUs into use; `recording` as in [`set_recording`](Self::set_recording).
    ///
    /// # Errors
    /// [`CudaError`]: no driver, too few or mixed GPUs, no peer link, no NVRTC.
    pub fn open(ranks: u32, recording: bool) -> Result<Self, CudaError> {
        Self::over(Group::open(ranks)?, recording)
    }

    /// Takes the GPUs of some of a run's ranks into use; other processes hold the others and do the same.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_share(share: Share, recording: bool) -> Result<Self, CudaError> {
        let which = share.first_gpu..share.first_gpu.saturating_add(share.ranks);
        let mut executor = Self::over(Group::open_some(which)?, recording)?;
        executor.held.share = Some(share);
        Ok(executor)
    }

    fn over(group: Group, recording: bool) -> Result<Self, CudaError> {
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
            ready: VecDeque::new(),
            most_ready: MOST_READY,
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
            // The plans that are ready would keep the old ones alive.
            self.drop_plans();
            self.held.drop_weights();
            self.held.drop_workspace();
            let pages = self.held.kept_pages;
            need::check(plan, pages, self.group.devices(), There::default())?;
            self.held.weights(plan, &loaders(&self.group, &self.nvrtc, false), progress)?;
        }
        Ok(())
    }

    /// Loads what a plan runs on beside weights: a first run of it, or of one like it, then waits for nothing.
    ///
    /// # Errors
    /// A plan that cannot run here, memory that is not free.
    pub fn load_kernels(&mut self, plan: &Arc<Plan>) -> Result<(), ExecError> {
        self.prepare_anew(plan).map(|_| ())
    }

    /// The ids of the batch's new tokens, in its order, from the next iteration on; `None`: any.
    ///
    /// Iterations fail when their number is not the batch's or one lies outside the vocabulary.
    pub fn set_token_ids(&mut self, ids: Option<Vec<u32>>) {
        self.held.give(ids.map_or(Given::Any, Given::Ids));
    }

    /// The batch of the next iterations, in the place of the plan's.
    ///
    /// Iterations fail when it is not of the plan's shape, and when no cache is kept.
    pub fn set_contents(&mut self, contents: Contents) {
        self.held.give(Given::Batch(contents));
    }

    /// Keeps keys and values from plan to plan in so many pages, in which [contents](Self::set_contents) place their sequences.
    /// With `None` (as at first) plans with cached tokens have caches of their own, and those tokens are random numbers.
    pub fn keep_cache(&mut self, pages: Option<u32>) {
        self.drop_plans();
        self.held.kept_pages = pages;
    }

    /// How many plans stay ready to run again, with their graphs: two as at first, one beside its baseline. They share
    /// activations, and have 10 kB or so each of their own.
    pub fn keep_ready(&mut self, plans: usize) {
        self.most_ready = plans.max(1);
        self.ready.truncate(self.most_ready);
    }

    /// Pages of a cache that each GPU has room for beside the plan's weights and activations, in `share` of its memory: of the
    /// GPU with the fewest. The weights are put there first.
    ///
    /// # Errors
    /// As [`load_weights`](Self::load_weights), and when the plan itself does not fit.
    pub fn room_for_pages(&mut self, plan: &Arc<Plan>, share: f64) -> Result<u32, ExecError> {
        self.keep_cache(None);
        // What served before would be taken for memory that is not there.
        self.held.drop_all_but_weights();
        self.load_weights(plan, &mut |_, _| ())?;
        let sizes = sizes_of(plan)?;
        let there = There { weights: true, ..There::default() };
        need::check(plan, Some(0), self.group.devices(), there)?;
        let need = need::beside_cache(plan, &sizes);
        let free = self.group.devices().iter().map(|device| {
            let (free, total) = device.memory()?;
            let unused = (total as f64 * (1.0 - share)) as u64;
            Ok(free.saturating_sub(unused + need) / need::page_bytes_of(&sizes))
        });
        let pages = free.collect::<Result<Vec<u64>, CudaError>>()?.into_iter().min().unwrap_or(0);
        Ok(u32::try_from(pages).unwrap_or(u32::MAX))
    }

    /// Whether kernels leave stamps. Without, they are compiled out: an iteration reports no op, and its time is that
    /// of the device's events.
    pub fn set_recording(&mut self, recording: bool) {
        self.recording = recording;
    }

    /// What is notified of every launch from now on. Graphs that were captured unwatched are captured anew.
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

    /// Whether iterations of a plan are launched as graphs.
    pub fn launches_graphs(&self, plan: &Plan) -> bool {
        self.launching == Launching::Graphs && !uses_nccl(plan)
    }

    /// How long the last iteration took by events round it, ns, of the slowest rank, 0 before the first: the same
    /// measure with recording on and off.
    ///
    /// # Errors
    /// What went wrong on a device since the run.
    pub fn last_event_ns(&self) -> Result<i64, CudaError> {
        let Some(prepared) = self.ready.front() else { return Ok(0) };
        Ok(prepared.event_ns()?.last().copied().unwrap_or(0))
    }

    /// Logits of the last run, `[sequences, vocabulary shard]` a rank that is here; empty before the first.
    ///
    /// # Errors
    /// What went wrong on a device since the run.
    pub fn logits(&self) -> Result<Vec<Vec<f32>>, CudaError> {
        let ranks = self.ready.front().into_iter().flat_map(|prepared| &prepared.ranks);
        ranks.zip(self.held.first_rank()..).map(|(rank, index)| rank.logits(index)).collect()
    }

    /// The likeliest token of each sequence of the last run, over the shards of the ranks that are here; of equals the first, `None` where no logit is a number. Empty before the
    /// first.
    ///
    /// # Errors
    /// What went wrong on a device since the run.
    pub fn likeliest(&self) -> Result<Vec<Option<u32>>, CudaError> {
        self.ready.front().map_or_else(|| Ok(Vec::new()), Prepared::likeliest)
    }

    fn drop_plans(&mut self) {
        self.ready.clear();
    }

    /// A plan made ready, taken out: while it runs, nobody else has it.
    fn prepare(&mut self, plan: &Arc<Plan>) -> Result<Prepared, ExecError> {
        let kept = self.ready.iter().position(|prepared| Arc::ptr_eq(&prepared.plan, plan));
        let mut prepared = match kept.and_then(|at| self.ready.remove(at)) {
            Some(kept) => kept,
            None => self.prepare_anew(plan)?,
        };
        prepared.write(self.held.given(), self.held.kept_pages)?;
        prepared.set_stamps(&self.nvrtc, self.recording)?;
        Ok(prepared)
    }

    fn prepare_anew(&mut self, plan: &Arc<Plan>) -> Result<Prepared, ExecError> {
        self.load_weights(plan, &mut |_, _| ())?;
        // Whoever has no way to ask for it again leaves first.
        self.ready.retain(|prepared| Arc::strong_count(&prepared.plan) > 1);
        self.ready.truncate(self.most_ready - 1);
        let sizes = sizes_of(plan)?;
        let paged = self.held.is_paged(plan);
        let sizes = Sizes { paged, ..sizes };
        let places = Arc::new(Places::of(plan, &sizes, paged));
        let fits = |held: &Held| {
            let there = There {
                weights: true,
                activations: held.has_workspace(plan, &sizes, &places),
                cache: held.has_cache(plan),
            };
            need::check(plan, held.kept_pages, self.group.devices(), there)
        };
        if fits(&self.held).is_err() {
            // They have no room beside one another.
            self.ready.clear();
            self.held.drop_workspace();
            fits(&self.held)?;
        }
        // What runs before iterations do leaves no stamps.
        let before = loaders(&self.group, &self.nvrtc, false);
        let weights = self.held.weights(plan, &before, &mut |_, _| ())?;
        let cache = self.held.cache(plan, &before)?;
        let devices = self.group.devices();
        let parts = self.held.parts(plan, (&sizes, &places), weights, cache.as_ref(), devices)?;
        let loaders = loaders(&self.group, &self.nvrtc, self.recording);
        let own_cache = cache.and_then(|cache| cache.own);
        let nccl = self.held.nccl(plan, devices)?;
        let nccl = (nccl, self.held.share);
        Prepared::new(plan, &loaders, (sizes, places), parts, own_cache, nccl)
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

    /// Runs some iterations behind one another, and notifies the observer of each.
    fn run_prepared(
        &mut self,
        prepared: &mut Prepared,
        (first, count): (u64, u32),
        observer: &mut dyn Observer,
    ) -> Result<Vec<IterationTime>, ExecError> {
        self.isolate(prepared)?;
        if prepared.make_room(count)? {
            self.held.keep_rings(prepared.ranks.iter().map(|rank| &rank.recording));
        }
        self.read_clocks()?;
        let began = SystemTime::now();
        self.launch(prepared, count)?;
        prepared.synchronize()?;
        if let Some(watch) = &mut self.watch {
            watch.end();
        }
        self.read_clocks()?;
        let ran = report(prepared, &self.clocks.fits(), (first, count), observer)?;
        self.epoch_unix_ns = ran.first().and_then(|time| epoch(began, time));
        prepared.is_warm = true;
        Ok(ran)
    }

    /// Takes a reading of the ranks' clocks, where stamps are to be laid on one another.
    fn read_clocks(&mut self) -> Result<(), CudaError> {
        if self.recording { self.clocks.read() } else { Ok(()) }
    }

    /// Launches `count` iterations behind one another, without waiting.
    fn launch(&mut self, prepared: &mut Prepared, count: u32) -> Result<(), CudaError> {
        let in_graphs = self.launches_graphs(&prepared.plan);
        if in_graphs {
            // Before anything is timed: it takes the host a while.
            launch::capture_graphs(prepared, self.watch.as_deref_mut())?;
        }
        if let Some(watch) = &mut self.watch {
            watch.begin();
        }
        for iteration in 0..count {
            for timer in &prepared.timers {
                timer.mark(iteration)?;
            }
            if in_graphs {
                launch::launch_graphs(prepared, self.watch.as_deref_mut())?;
            } else {
                launch::launch_directly(prepared, self.watch.as_deref_mut())?;
            }
        }
        prepared.timers.iter().try_for_each(|timer| timer.mark(count))
    }
}

/// Plans that stay ready: a live run takes turns with its baselines.
const MOST_READY: usize = 2;

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
            let numbers = (first + times.len() as u64, at_once);
            match self.run_prepared(&mut prepared, numbers, observer) {
                Ok(ran) => times.extend(ran),
                Err(error) => {
                    // Ranks may have come apart in the middle of a collective.
                    self.drop_plans();
                    self.held.drop_workspace();
                    return Err(error);
                }
            }
            self.ready.push_front(prepared);
        }
        Ok(times)
    }

    fn provenance(&self) -> ExecutorInfo {
        let devices = self.group.devices();
        let source = format!(
            "weftscope {} in-kernel stamps, {} × {}{}",
            env!("CARGO_PKG_VERSION"),
            devices.len(),
            devices.first().map_or("GPU", |device| device.info().name.as_str()),
            match self.launching {
                Launching::Graphs => "",
                Launching::Direct => ", ops launched one by one",
            }
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

fn sizes_of(plan: &Plan) -> Result<Sizes, ExecError> {
    Sizes::of(plan).map_err(|error| ExecError::Unsupported(error.to_string()))
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
            CudaError::Driver { .. } | CudaError::Late { .. } => Self::Device(error.to_string()),
            _ => Self::Unsupported(error.to_string()),
        }
    }
}
