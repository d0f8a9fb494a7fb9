use std::sync::Arc;

use weftscope_kernels::abi::DeviceError;

use super::{clocks::Clocks, launch, prepared::Prepared, timer::Timer};
use crate::{
    clock::ClockFit,
    cuda::{CudaError, Group, Nvrtc, block_records, marked_ops},
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    observer::{BlockRecord, ClockResidual, IterationEnd, LaunchWatch, Observer, OpRecord},
    plan::Plan,
};

/// Runs plans on the GPUs of this machine.
///
/// Kernels are compiled and memory is taken when a plan first runs, and kept while the same plan runs again.
#[derive(Debug)]
pub struct CudaExecutor {
    group: Group,
    nvrtc: Nvrtc,
    recording: bool,
    launching: Launching,
    clocks: Clocks,
    prepared: Option<Prepared>,
    watch: Option<Box<dyn LaunchWatch>>,
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
        let clocks = Clocks::new(group.devices(), &nvrtc)?;
        let launching = Launching::default();
        Ok(Self { group, nvrtc, recording, launching, clocks, prepared: None, watch: None })
    }

    /// Whether kernels leave stamps. Without, they are compiled out: an iteration tells its observer of no op, and its
    /// time is that of the device's events.
    pub fn set_recording(&mut self, recording: bool) {
        self.recording = recording;
    }

    /// Who hears of every launch from now on; `None`: nobody. While somebody does, ops are launched one by one.
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
        self.prepared.as_ref().map_or(Ok(0), events_ns)
    }

    /// Logits of the last run, `[sequences, vocabulary shard]` a rank; empty before the first.
    ///
    /// # Errors
    /// What went wrong on a device since the run.
    pub fn logits(&self) -> Result<Vec<Vec<f32>>, CudaError> {
        let ranks = self.prepared.iter().flat_map(|prepared| &prepared.ranks);
        ranks
            .map(|rank| {
                let bits: Vec<u16> = rank.act.logits.to_host()?;
                // bf16 is the upper half of an f32.
                Ok(bits.into_iter().map(|bits| f32::from_bits(u32::from(bits) << 16)).collect())
            })
            .collect()
    }

    /// The map of each rank's `%globaltimer` onto executor time (rank 0's), from all readings so far.
    pub fn rank_clocks(&self) -> Vec<ClockFit> {
        self.clocks.fits()
    }

    /// How well each rank's clock lies on rank 0's, ns, 99th percentile over all readings so far.
    pub fn clock_residuals_ns(&self) -> Vec<i64> {
        self.clocks.fits().iter().map(ClockFit::residual_p99_ns).collect()
    }

    fn prepare(&mut self, plan: &Arc<Plan>) -> Result<Prepared, ExecError> {
        let kept = self.prepared.take_if(|prepared| Arc::ptr_eq(&prepared.plan, plan));
        // Another plan's memory goes back before the new one's is taken.
        self.prepared = None;
        let mut prepared = match kept {
            Some(kept) => kept,
            None => Prepared::new(plan, &self.group, &self.nvrtc, self.recording)?,
        };
        prepared.set_stamps(&self.nvrtc, self.recording)?;
        Ok(prepared)
    }

    fn launch(&mut self, prepared: &mut Prepared) -> Result<(), CudaError> {
        for timer in &prepared.timers {
            timer.begin()?;
        }
        let direct = self.launching == Launching::Direct || self.watch.is_some();
        if direct || launch::uses_nccl(&prepared.plan) {
            prepared.launch_directly(self.watch.as_deref_mut())?;
        } else {
            prepared.launch_graphs()?;
        }
        prepared.timers.iter().try_for_each(Timer::end)
    }
}

impl Executor for CudaExecutor {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        let mut prepared = self.prepare(plan)?;
        for rank in &prepared.ranks {
            rank.act.residual.fill(0)?;
            rank.recording.clear()?;
        }
        self.clocks.read()?;
        observer.begin(plan, iteration, &vec![None; plan.ops.len()]);
        self.launch(&mut prepared)?;
        for rank in &prepared.ranks {
            rank.device.synchronize()?;
        }
        self.clocks.read()?;
        let result = self.report(&prepared, iteration, observer);
        self.prepared = Some(prepared);
        result
    }

    fn provenance(&self) -> ExecutorInfo {
        let devices = self.group.devices();
        let source = format!(
            "weftscope {} in-kernel stamps, {} × {}",
            env!("CARGO_PKG_VERSION"),
            devices.len(),
            devices.first().map_or("GPU", |device| device.info().name.as_str())
        );
        ExecutorInfo { measured: true, source }
    }
}

impl CudaExecutor {
    /// Reads rings and errors, and tells the observer.
    fn report(
        &self,
        prepared: &Prepared,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        let plan = &prepared.plan;
        let fits = self.clocks.fits();
        let (mut lost_ring, mut unreadable) = (0, 0);
        let mut time: Option<IterationTime> = None;
        for (index, rank) in prepared.ranks.iter().enumerate() {
            if let Some(error) = rank.recording.first_error()? {
                return Err(timeout(plan, index as u32, &error));
            }
            let read = rank.recording.read()?;
            let (records, loss) = block_records(
                &read.stamps,
                read.dropped,
                index as u16,
                plan.ops.len() as u32,
                &fits[index],
            );
            lost_ring += loss.overflowed;
            unreadable += loss.unreadable;
            let num_ops = plan.ops.len();
            let marked = marked_ops(&read.stamps, index as u32, num_ops as u32, &fits[index]);
            for op in op_records(&records, index as u32, num_ops).into_iter().chain(marked) {
                let whole =
                    time.get_or_insert(IterationTime { start_ns: op.start_ns, end_ns: op.end_ns });
                whole.start_ns = whole.start_ns.min(op.start_ns);
                whole.end_ns = whole.end_ns.max(op.end_ns);
                observer.op(op);
            }
            observer.blocks(&records);
        }
        let time = match time {
            Some(time) => time,
            None => IterationTime { start_ns: 0, end_ns: events_ns(prepared)? },
        };
        observer.clocks(&residuals(&fits));
        observer.end(&IterationEnd {
            iteration,
            start_ns: time.start_ns,
            end_ns: time.end_ns,
            lost: vec![
                ("stamps past the ring's room", lost_ring),
                ("unreadable stamps", unreadable),
            ],
        });
        Ok(time)
    }
}

/// How well the clocks of the ranks lie on rank 0's.
fn residuals(fits: &[ClockFit]) -> Vec<ClockResidual> {
    let others = fits.iter().enumerate().skip(1);
    others
        .map(|(rank, fit)| ClockResidual {
            rank: rank as u32,
            what: "GPU clock against rank 0's, by flags over the link",
            residual_p99_ns: fit.residual_p99_ns(),
            readings: fit.num_pairs() as u64,
        })
        .collect()
}

/// First start to last end of each op that left records.
fn op_records(records: &[BlockRecord], rank: u32, num_ops: usize) -> Vec<OpRecord> {
    let mut spans: Vec<Option<OpRecord>> = vec![None; num_ops];
    for record in records {
        let span = spans[record.op.0 as usize].get_or_insert(OpRecord {
            op: record.op,
            rank,
            start_ns: record.start_ns,
            end_ns: record.end_ns,
        });
        span.start_ns = span.start_ns.min(record.start_ns);
        span.end_ns = span.end_ns.max(record.end_ns);
    }
    spans.into_iter().flatten().collect()
}

/// What the slowest rank took.
fn events_ns(prepared: &Prepared) -> Result<i64, CudaError> {
    let mut timers = prepared.timers.iter().map(Timer::elapsed_ns);
    timers.try_fold(0, |most, next| Ok(most.max(next?)))
}

fn timeout(plan: &Plan, rank: u32, error: &DeviceError) -> ExecError {
    let op = plan.ops.get(error.op as usize).map_or("clock exchange", |op| op.name);
    ExecError::BarrierTimeout { op: op.to_owned(), rank, block: error.block, peer: error.peer }
}

impl From<CudaError> for ExecError {
    fn from(error: CudaError) -> Self {
        Self::Unsupported(error.to_string())
    }
}
