use std::{collections::HashMap, sync::Arc};

use cudarc::driver::CudaEvent;
use weftscope_kernels::abi::{DeviceError, Peers};

use super::{clocks::Clocks, collective, compute::Compute, programs::Loader, rank::Rank, support};
use crate::{
    clock::ClockFit,
    cuda::{CudaError, Group, Nvrtc, block_records, error::Context as _},
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    observer::{BlockRecord, ClockResidual, IterationEnd, LaunchWatch, Observer, OpRecord},
    plan::{Op, OpId, OpWork, Plan, StreamId, facts},
};

/// Runs plans on the GPUs of this machine.
///
/// Kernels are compiled and memory is taken when a plan first runs, and kept while the same plan runs again.
#[derive(Debug)]
pub struct CudaExecutor {
    group: Group,
    nvrtc: Nvrtc,
    stamps: bool,
    clocks: Clocks,
    prepared: Option<Prepared>,
    watch: Option<Box<dyn LaunchWatch>>,
}

/// What one plan needs.
#[derive(Debug)]
struct Prepared {
    plan: Arc<Plan>,
    ranks: Vec<Rank>,
    peers: Vec<Peers>,
    /// SMs for each op.
    sms: Vec<u32>,
    /// Ops that an op of the other stream waits for.
    awaited: Vec<bool>,
}

impl CudaExecutor {
    /// Takes `ranks` GPUs into use.
    ///
    /// # Errors
    /// [`CudaError`]: no driver, too few or mixed GPUs, no peer link, no NVRTC.
    pub fn open(ranks: u32, stamps: bool) -> Result<Self, CudaError> {
        let group = Group::open(ranks)?;
        let nvrtc = Nvrtc::open()?;
        let clocks = Clocks::new(group.devices(), &nvrtc)?;
        Ok(Self { group, nvrtc, stamps, clocks, prepared: None, watch: None })
    }

    /// Who hears of every launch from now on; `None`: nobody.
    pub fn watch(&mut self, watch: Option<Box<dyn LaunchWatch>>) {
        self.watch = watch;
    }

    /// The GPU of each rank, as the driver numbers them.
    pub fn gpus(&self) -> Vec<u32> {
        self.group.devices().iter().map(|device| device.info().index).collect()
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
        if let Some(prepared) = self.prepared.take_if(|prepared| Arc::ptr_eq(&prepared.plan, plan))
        {
            return Ok(prepared);
        }
        // The old plan's memory goes back before the new one's is taken.
        self.prepared = None;
        support::check(plan, &self.group)?;
        let sms: Vec<u32> = facts(plan).iter().map(|facts| facts.occupancy.sms).collect();
        let (nvrtc, stamps) = (&self.nvrtc, self.stamps);
        let ranks = self
            .group
            .devices()
            .iter()
            .map(|device| Rank::prepare(plan, Loader { device, nvrtc, stamps }, &sms))
            .collect::<Result<Vec<_>, _>>()?;
        let mut awaited = vec![false; plan.ops.len()];
        for op in &plan.ops {
            for dep in other_stream(plan, op) {
                awaited[dep.0 as usize] = true;
            }
        }
        Ok(Prepared { plan: plan.clone(), peers: collective::peers(&ranks), ranks, sms, awaited })
    }
}

impl Executor for CudaExecutor {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        let prepared = self.prepare(plan)?;
        for rank in &prepared.ranks {
            rank.act.residual.fill(0)?;
            rank.recording.clear()?;
        }
        self.clocks.read()?;
        observer.begin(plan, iteration, &vec![None; plan.ops.len()]);
        prepared.launch_all(self.watch.as_deref_mut())?;
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

impl Prepared {
    /// Puts the whole iteration on the streams, op by op and rank by rank, so that no rank runs far ahead.
    fn launch_all(&self, mut watch: Option<&mut (dyn LaunchWatch + '_)>) -> Result<(), CudaError> {
        let mut events: Vec<HashMap<OpId, CudaEvent>> =
            self.ranks.iter().map(|_| HashMap::new()).collect();
        for op in &self.plan.ops {
            for (index, rank) in self.ranks.iter().enumerate() {
                let gpu = rank.device.info().index;
                rank.device.make_current()?;
                let stream = if op.stream == StreamId::COMM {
                    rank.device.comm()
                } else {
                    rank.device.compute()
                };
                for dep in other_stream(&self.plan, op) {
                    let event = &events[index][&dep];
                    stream.wait(event).on(gpu, "ordering streams")?;
                }
                if let Some(watch) = &mut watch {
                    watch.before(index as u32, op.id);
                }
                let launched = match op.work {
                    OpWork::Collective { collective: which, .. } => {
                        collective::launch(rank, &self.peers[index], op, which)
                    }
                    _ => Compute { rank, index: index as u32, sms: self.sms[op.id.0 as usize] }
                        .launch(op),
                };
                if let Some(watch) = &mut watch {
                    watch.after();
                }
                launched?;
                if self.awaited[op.id.0 as usize] {
                    let event = stream.record_event(None).on(gpu, "recording an event")?;
                    events[index].insert(op.id, event);
                }
            }
        }
        Ok(())
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
            for op in op_records(&records, index as u32, plan.ops.len()) {
                let whole =
                    time.get_or_insert(IterationTime { start_ns: op.start_ns, end_ns: op.end_ns });
                whole.start_ns = whole.start_ns.min(op.start_ns);
                whole.end_ns = whole.end_ns.max(op.end_ns);
                observer.op(op);
            }
            observer.blocks(&records);
        }
        let time = time.ok_or_else(|| {
            ExecError::Unsupported("no block was stamped: recording is off".to_owned())
        })?;
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

/// Dependencies of an op that stream order does not give.
fn other_stream<'p>(plan: &'p Plan, op: &'p Op) -> impl Iterator<Item = OpId> + 'p {
    op.deps.iter().copied().filter(|dep| plan.ops[dep.0 as usize].stream != op.stream)
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
