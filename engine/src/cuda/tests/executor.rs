//! Whole plans on two GPUs: every strategy gives the same logits, every block is recorded in order.

use std::{collections::BTreeMap, sync::Arc};

use weftscope_kernels::reference::relative_error;

use super::aloud;
use crate::{
    batch::Batch,
    cuda::{CudaExecutor, probe},
    executor::Executor,
    machine, model,
    observer::{BlockRecord, CounterRecord, IterationEnd, Observer, OpRecord},
    plan::{Plan, plan},
    spec::{Knobs, RunSpec, SplitChoice, StrategyKind, Transport},
};

/// Keeps what it hears.
#[derive(Default)]
struct Heard {
    ops: Vec<OpRecord>,
    blocks: Vec<BlockRecord>,
    lost: u64,
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
            attn_ctas: Some(16),
            mlp_ctas: Some(16),
            layers: Some(layers),
            ..Knobs::default()
        },
    }
}

fn two_gpus() -> Option<CudaExecutor> {
    match probe() {
        Err(reason) => {
            aloud(format_args!("skipped: {reason}"));
            None
        }
        Ok(found) if found.gpus.len() < 2 => {
            aloud(format_args!("skipped: only one GPU"));
            None
        }
        Ok(_) => Some(CudaExecutor::open(2, true).expect("the GPUs can be used")),
    }
}

const DEFINED: [StrategyKind; 4] = [
    StrategyKind::Multimem,
    StrategyKind::FuseOnly,
    StrategyKind::TokenWeave,
    StrategyKind::TwoBatch,
];

#[test]
fn strategies_agree_and_blocks_are_in_order() {
    let Some(mut executor) = two_gpus() else { return };
    let mut logits: BTreeMap<StrategyKind, Vec<f64>> = BTreeMap::new();
    for strategy in DEFINED {
        let plan = Arc::new(plan(&spec(strategy, 1024 + 128, 2)).expect("plans"));
        let mut heard = Heard::default();
        executor.run(&plan, 0, &mut heard).unwrap_or_else(|error| panic!("{strategy:?}: {error}"));
        assert_eq!(heard.lost, 0, "{strategy:?}");
        assert_eq!(heard.ops.len(), plan.ops.len() * 2, "{strategy:?}: an op left no record");
        in_order(&plan, &heard);
        let ranks = executor.logits().expect("readable");
        assert!(ranks.iter().flatten().all(|value| value.is_finite()), "{strategy:?}");
        logits.insert(strategy, ranks.into_iter().flatten().map(f64::from).collect());
    }
    let reference = &logits[&StrategyKind::Multimem];
    for (strategy, values) in &logits {
        let error = relative_error(values, reference);
        eprintln!("{strategy:?}: logits differ from multimem's by {error:.2e}");
        assert!(error < 2e-2, "{strategy:?}: {error}");
    }
}

/// An op starts after everything it waits for, by the clocks of its own GPU.
fn in_order(plan: &Plan, heard: &Heard) {
    for rank in 0..plan.ranks {
        let mine: BTreeMap<u32, &OpRecord> = heard
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
                    op.name,
                    dep.0
                );
            }
        }
    }
}

/// Prints times; asserts nothing about them.
#[test]
fn times_of_strategies() {
    let Some(mut executor) = two_gpus() else { return };
    let layers = 4;
    for tokens in [2048, 4096, 8192] {
        let mut line = format!("{tokens} tokens, µs a layer:");
        for strategy in [StrategyKind::NoComm].into_iter().chain(DEFINED) {
            let plan = Arc::new(plan(&spec(strategy, tokens, layers)).expect("plans"));
            let mut times: Vec<f64> = (0..9)
                .map(|iteration| {
                    let mut heard = Heard::default();
                    let time = executor.run(&plan, iteration, &mut heard).expect("runs");
                    per_layer_us(&plan, &heard)
                        .unwrap_or((time.end_ns - time.start_ns) as f64 / 1e3)
                })
                .collect();
            times.sort_by(f64::total_cmp);
            line += &format!("  {} {:.0}", strategy.name(), times[times.len() / 2]);
        }
        eprintln!("{line}");
    }
    eprintln!("clock residual p99 of rank 1: {} ns", executor.clock_residuals_ns()[1]);
}

/// From the first op of layer 1 to the first of the last layer, on rank 0: no head, no tail.
fn per_layer_us(plan: &Plan, heard: &Heard) -> Option<f64> {
    let start_of = |layer: u32| {
        let ops = heard.ops.iter().filter(|record| record.rank == 0);
        ops.filter(|record| plan.ops[record.op.0 as usize].layer == Some(layer))
            .map(|record| record.start_ns)
            .min()
    };
    let last = plan.layers - 1;
    Some((start_of(last)? - start_of(1)?) as f64 / 1e3 / f64::from(last - 1))
}
