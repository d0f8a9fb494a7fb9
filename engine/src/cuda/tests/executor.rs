//! Whole plans on two GPUs: every strategy gives the same logits, every block is recorded in order.

use std::{collections::BTreeMap, sync::Arc};

use weftscope_kernels::reference::relative_error;
use weftscope_testkit::aloud;

use super::{Gpus, gpus};
use crate::{
    batch::Batch,
    cuda::executor::{CudaExecutor, Launching},
    executor::{Executor, IterationTime},
    machine, model,
    observer::{BlockRecord, CounterRecord, IterationEnd, Observer, OpRecord},
    plan::{Plan, plan},
    spec::{Knobs, RunSpec, SplitChoice, StrategyKind, Transport},
};

/// Keeps what it receives.
#[derive(Default)]
struct Received {
    ops: Vec<OpRecord>,
    blocks: Vec<BlockRecord>,
    lost: u64,
}

impl Observer for Received {
    fn begin(&mut self, _: &Arc<Plan>, _: u64, _: &[Option<i64>]) {
        *self = Self::default();
    }
    fn blocks(&mut self, records: &[BlockRecord]) {
        self.blocks.extend_from_slice(records);
    }
    fn op(&mut self, record: OpRecord) {
        self.ops.push(record);
    }
    fn counters(&mut self, _: &[CounterRecord]) {}
    fn end(&mut self, end: &IterationEnd) {
        self.lost = end.lost.iter().map(|(_, count)| count).sum();
    }
}

/// Llama-3.3-70B in shards of eight on two GPUs: the compute-to-communication ratio of eight.
fn spec(strategy: StrategyKind, tokens: u32, layers: u32) -> RunSpec {
    RunSpec {
        model: model::builtin("llama-3.3-70b").expect("built in"),
        machine: machine::builtin("h200x2").expect("built in"),
        batch: Batch::prefill(tokens, tokens),
        knobs: Knobs {
            tp: 2,
            shard_of: Some(8),
            strategy,
            transport: Transport::P2p,
            split: SplitChoice::Fixed(tokens / 2),
            attn_ctas: Some(8),
            mlp_ctas: Some(8),
            layers: Some(layers),
            ..Knobs::default()
        },
    }
}

fn two_gpus() -> Option<(Gpus, CudaExecutor)> {
    gpus(2).map(|gpus| (gpus, CudaExecutor::open(2, true).expect("the GPUs can be used")))
}

const DEFINED: [StrategyKind; 5] = [
    StrategyKind::Default,
    StrategyKind::Multimem,
    StrategyKind::FuseOnly,
    StrategyKind::TokenWeave,
    StrategyKind::TwoBatch,
];

#[test]
fn strategies_agree_and_blocks_are_in_order() {
    let Some((_gpus, mut executor)) = two_gpus() else { return };
    let mut logits: BTreeMap<StrategyKind, Vec<f64>> = BTreeMap::new();
    for strategy in DEFINED {
        let plan = Arc::new(plan(&spec(strategy, 1024 + 128, 2)).expect("plans"));
        let mut received = Received::default();
        executor
            .run(&plan, 0, &mut received)
            .unwrap_or_else(|error| panic!("{strategy:?}: {error}"));
        assert_eq!(received.lost, 0, "{strategy:?}");
        assert_eq!(received.ops.len(), plan.ops.len() * 2, "{strategy:?}: an op left no record");
        in_order(&plan, &received);
        let ranks = executor.logits().expect("readable");
        assert!(ranks.iter().flatten().all(|value| value.is_finite()), "{strategy:?}");
        let times = recording_off_changes_nothing(&mut executor, &plan, &ranks);
        assert!(times.windows(2).all(|pair| pair[0].end_ns <= pair[1].start_ns), "{times:?}");
        logits.insert(strategy, ranks.into_iter().flatten().map(f64::from).collect());
    }
    let reference = &logits[&StrategyKind::Multimem];
    for (strategy, values) in &logits {
        let error = relative_error(values, reference);
        aloud(format_args!("{strategy:?}: logits differ from multimem's by {error:.2e}"));
        assert!(error < 2e-2, "{strategy:?}: {error}");
    }
}

/// The same of a mixture of experts: what tokens choose is the same whatever the strategy, so are the sums.
#[test]
fn strategies_agree_on_experts() {
    let Some((_gpus, mut executor)) = two_gpus() else { return };
    for model in ["mixtral-8x22b", "qwen3-235b-a22b"] {
        let mut first: Option<Vec<f64>> = None;
        for strategy in DEFINED {
            let mut spec = spec(strategy, 2048 + 128, 2);
            spec.model = model::builtin(model).expect("built in");
            let plan = Arc::new(plan(&spec).expect("plans"));
            let mut received = Received::default();
            let run = executor.run(&plan, 0, &mut received);
            run.unwrap_or_else(|error| panic!("{model}, {strategy:?}: {error}"));
            assert_eq!(received.lost, 0, "{model}, {strategy:?}");
            assert_eq!(received.ops.len(), plan.ops.len() * 2, "{model}, {strategy:?}");
            in_order(&plan, &received);
            let ranks = executor.logits().expect("readable");
            recording_off_changes_nothing(&mut executor, &plan, &ranks);
            let values: Vec<f64> = ranks.into_iter().flatten().map(f64::from).collect();
            let error = relative_error(&values, first.get_or_insert_with(|| values.clone()));
            aloud(format_args!(
                "{model}, {strategy:?}: logits differ from default's by {error:.2e}"
            ));
            assert!(error < 2e-2, "{model}, {strategy:?}: {error}");
        }
    }
}

/// Without stamps, op by op instead of as a graph, and back to back, the same logits come out. Gives the times of those back
/// to back. They are of all ranks: where ranks end apart, one may have begun the next before the other has ended.
fn recording_off_changes_nothing(
    executor: &mut CudaExecutor,
    plan: &Arc<Plan>,
    logits: &[Vec<f32>],
) -> Vec<IterationTime> {
    executor.set_recording(false);
    executor.set_launching(Launching::Direct);
    let mut received = Received::default();
    let time = executor.run(plan, 1, &mut received).expect("runs");
    assert!(received.ops.is_empty() && received.blocks.is_empty() && time.end_ns > time.start_ns);
    assert!(executor.logits().expect("readable") == logits, "recording changed the result");
    executor.set_recording(true);
    executor.set_launching(Launching::Graphs);
    let times = executor.run_many(plan, (2, 3), &mut received).expect("runs");
    assert_eq!((received.lost, received.ops.len()), (0, plan.ops.len() * 2), "the last of three");
    assert!(executor.logits().expect("readable") == logits, "the second iteration differs");
    times
}

/// An op starts after everything it waits for, by the clocks of its own GPU.
fn in_order(plan: &Plan, received: &Received) {
    for rank in 0..plan.ranks {
        let mine: BTreeMap<u32, &OpRecord> = received
            .ops
            .iter()
            .filter(|record| record.rank == rank)
            .map(|record| (record.op.0, record))
            .collect();
        for op in &plan.ops {
            for dep in &op.deps {
                let (before, after) = (mine[&dep.0], mine[&op.id.0]);
                assert!(
                    before.end_ns <= after.start_ns,
                    "{} starts before {} ends",
                    op.role,
                    dep.0
                );
            }
        }
    }
}

/// Decode steps, chunks after a cached prefix and whole prefills in one batch, cut inside and between them.
#[test]
fn strategies_agree_on_mixed_batches() {
    let Some((_gpus, mut executor)) = two_gpus() else { return };
    let batch: Batch = "24xdecode@1500, 300@1024, 40xdecode@700, 513@1, 1000, decode@4000"
        .parse()
        .expect("a batch");
    for tokens_first in [20, 200, 900] {
        let mut reference: Vec<f64> = Vec::new();
        for strategy in DEFINED.into_iter().skip(1) {
            let spec = RunSpec { batch: batch.clone(), ..spec(strategy, 2 * tokens_first, 2) };
            let plan = Arc::new(plan(&spec).expect("plans"));
            let mut received = Received::default();
            executor
                .run(&plan, 0, &mut received)
                .unwrap_or_else(|error| panic!("{strategy:?}: {error}"));
            assert_eq!(
                received.ops.len(),
                plan.ops.len() * 2,
                "{strategy:?}: an op left no record"
            );
            in_order(&plan, &received);
            let ranks = executor.logits().expect("readable");
            let logits: Vec<f64> = ranks.into_iter().flatten().map(f64::from).collect();
            assert!(logits.iter().all(|value| value.is_finite()), "{strategy:?}");
            if reference.is_empty() {
                reference = logits;
                continue;
            }
            let error = relative_error(&logits, &reference);
            aloud(format_args!(
                "cut at {tokens_first}, {strategy:?}: differs from multimem's by {error:.2e}"
            ));
            assert!(error < 2e-2, "{strategy:?} cut at {tokens_first}: {error}");
        }
    }
}
