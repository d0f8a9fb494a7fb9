//! What the tests on GPUs share: one executor at a time under CUPTI, and an observer that keeps everything.

use std::{
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use weftscope_engine::{
    batch::Batch,
    cuda::{CudaExecutor, probe},
    machine, model,
    observer::{
        BlockRecord, ClockResidual, CounterRecord, IterationEnd, LaunchRecord, Observer, OpRecord,
    },
    plan::{Plan, plan},
    spec::{Knobs, RunSpec, SplitChoice, StrategyKind, Transport},
};
use weftscope_testkit::{Need, aloud, skip};

use crate::instrument::{Opened, Options, open};

/// CUPTI is one a process, and tests of a binary run side by side.
static ALONE: Mutex<()> = Mutex::new(());

/// Waits until no other test uses CUPTI.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// GPUs under CUPTI; `None`, said aloud, where there are none.
pub(super) fn witness(options: Options) -> Option<(MutexGuard<'static, ()>, Opened)> {
    let alone = alone();
    let executor = some_gpus()?;
    match open(executor, options) {
        Ok(opened) => {
            for (rank, counters) in opened.counters.iter().enumerate() {
                match counters {
                    Ok(status) => {
                        for (counter, how) in status {
                            aloud(format_args!("rank {rank} {counter:?}: {how:?}"));
                        }
                    }
                    Err(error) => {
                        aloud(format_args!("rank {rank} has no counters: {error}"));
                    }
                }
            }
            Some((alone, opened))
        }
        Err(refused) => panic!("CUPTI does not collect: {}", refused.0),
    }
}

/// Two GPUs, or the one there is; `None`, said aloud, where there are none.
pub(super) fn some_gpus() -> Option<CudaExecutor> {
    if let Err(reason) = probe() {
        skip(Need::Gpu, reason);
        return None;
    }
    if ranks() < 2 {
        aloud(format_args!("one GPU: nothing communicates, so every strategy is nocomm"));
    }
    Some(CudaExecutor::open(ranks(), true).expect("the GPUs can be used"))
}

/// GPUs that these tests use: two, or the one there is.
pub(super) fn ranks() -> u32 {
    static RANKS: LazyLock<u32> =
        LazyLock::new(|| probe().map_or(0, |found| found.gpus.len().min(2) as u32));
    *RANKS
}

/// Llama-3.3-70B in shards of eight: the compute-to-communication ratio of eight.
pub(super) fn spec(strategy: StrategyKind, tokens: u32, layers: u32) -> RunSpec {
    let transport =
        if strategy == StrategyKind::Default { Transport::Nccl } else { Transport::P2p };
    RunSpec {
        model: model::builtin("llama-3.3-70b").expect("built in"),
        machine: machine::builtin("h200x2").expect("built in"),
        batch: Batch::prefill(tokens, tokens),
        knobs: Knobs {
            tp: ranks(),
            shard_of: Some(8),
            strategy,
            transport,
            split: SplitChoice::Fixed(tokens / 2),
            attn_ctas: Some(16),
            mlp_ctas: Some(16),
            layers: Some(layers),
            ..Knobs::default()
        },
    }
}

pub(super) fn planned(strategy: StrategyKind, tokens: u32, layers: u32) -> Arc<Plan> {
    Arc::new(plan(&spec(strategy, tokens, layers)).expect("plans"))
}

/// How long a test is to take, from the environment.
pub(super) fn seconds(variable: &str, otherwise: u64) -> Duration {
    let asked = std::env::var(variable).ok().and_then(|text| text.parse().ok());
    Duration::from_secs(asked.unwrap_or(otherwise))
}

/// Keeps all that it is notified of in one iteration.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) ops: Vec<OpRecord>,
    pub(super) blocks: Vec<BlockRecord>,
    pub(super) launches: Vec<LaunchRecord>,
    pub(super) counters: Vec<CounterRecord>,
    pub(super) clocks: Vec<ClockResidual>,
    pub(super) lost: Vec<(&'static str, u64)>,
    pub(super) start_ns: i64,
}

impl Observer for Heard {
    fn begin(&mut self, _: &Arc<Plan>, _: u64, _: &[Option<i64>]) {
        *self = Self::default();
    }
    fn blocks(&mut self, records: &[BlockRecord]) {
        self.blocks.extend_from_slice(records);
    }
    fn op(&mut self, record: OpRecord) {
        self.ops.push(record);
    }
    fn counters(&mut self, records: &[CounterRecord]) {
        self.counters.extend_from_slice(records);
    }
    fn launches(&mut self, records: &[LaunchRecord]) {
        self.launches.extend_from_slice(records);
    }
    fn clocks(&mut self, residuals: &[ClockResidual]) {
        self.clocks.extend_from_slice(residuals);
    }
    fn end(&mut self, end: &IterationEnd) {
        self.lost = end.lost.iter().copied().filter(|(_, count)| *count > 0).collect();
        self.start_ns = end.start_ns;
    }
}

/// The value at a share of a sorted list; 0 of an empty one.
pub(super) fn percentile(sorted: &[i64], percent: usize) -> i64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((sorted.len() * percent / 100).min(last)).copied().unwrap_or(0)
}
