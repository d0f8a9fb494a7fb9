//! Whole plans on two GPUs: every strategy gives the same logits, every block is recorded in order.

use std::{collections::BTreeMap, sync::Arc};

use weftscope_kernels::reference::relative_error;

use super::aloud;
use crate::{
    batch::Batch,
    cuda::{
        driver::probe,
        executor::{CudaExecutor, Launching},
    },
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
            attn_ctas: Some(8),
            mlp_ctas: Some(8),
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

const DEFINED: [StrategyKind; 5] = [
    StrategyKind::Default,
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
        recording_off_changes_nothing(&mut executor, &plan, &ranks);
        logits.insert(strategy, ranks.into_iter().flatten().map(f64::from).collect());
    }
    let reference = &logits[&StrategyKind::Multimem];
    for (strategy, values) in &logits {
        let error = relative_error(values, reference);
        eprintln!("{strategy:?}: logits differ from multimem's by {error:.2e}");
        assert!(error < 2e-2, "{strategy:?}: {error}");
    }
}

/// Without stamps, op by op instead of as a graph, and back to back, the same logits come out.
fn recording_off_changes_nothing(
    executor: &mut CudaExecutor,
    plan: &Arc<Plan>,
    logits: &[Vec<f32>],
) {
    executor.set_recording(false);
    executor.set_launching(Launching::Direct);
    let mut heard = Heard::default();
    let time = executor.run(plan, 1, &mut heard).expect("runs");
    assert!(heard.ops.is_empty() && heard.blocks.is_empty() && time.end_ns > time.start_ns);
    assert!(executor.logits().expect("readable") == logits, "recording changed the result");
    executor.set_recording(true);
    executor.set_launching(Launching::Graphs);
    let times = executor.run_many(plan, (2, 3), &mut heard).expect("runs");
    assert!(times.windows(2).all(|pair| pair[0].end_ns <= pair[1].start_ns), "{times:?}");
    assert_eq!((heard.lost, heard.ops.len()), (0, plan.ops.len() * 2), "the last of three");
    assert!(executor.logits().expect("readable") == logits, "the second iteration differs");
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
    let Some(mut executor) = two_gpus() else { return };
    let batch: Batch = "24xdecode@1500, 300@1024, 40xdecode@700, 513@1, 1000, decode@4000"
        .parse()
        .expect("a batch");
    for tokens_first in [20, 200, 900] {
        let mut reference: Vec<f64> = Vec::new();
        for strategy in DEFINED.into_iter().skip(1) {
            let spec = RunSpec { batch: batch.clone(), ..spec(strategy, 2 * tokens_first, 2) };
            let plan = Arc::new(plan(&spec).expect("plans"));
            let mut heard = Heard::default();
            executor
                .run(&plan, 0, &mut heard)
                .unwrap_or_else(|error| panic!("{strategy:?}: {error}"));
            assert_eq!(heard.ops.len(), plan.ops.len() * 2, "{strategy:?}: an op left no record");
            in_order(&plan, &heard);
            let ranks = executor.logits().expect("readable");
            let logits: Vec<f64> = ranks.into_iter().flatten().map(f64::from).collect();
            assert!(logits.iter().all(|value| value.is_finite()), "{strategy:?}");
            if reference.is_empty() {
                reference = logits;
                continue;
            }
            let error = relative_error(&logits, &reference);
            eprintln!(
                "cut at {tokens_first}, {strategy:?}: differs from multimem's by {error:.2e}"
            );
            assert!(error < 2e-2, "{strategy:?} cut at {tokens_first}: {error}");
        }
    }
}

/// Prints times; asserts nothing about them.
#[test]
fn times_of_strategies() {
    if two_gpus().is_none() {
        return;
    }
    let rounds = 9;
    for tokens in [2048, 4096, 8192] {
        let mut entrants: Vec<Entrant> = entrants(tokens);
        for round in 0..rounds {
            for entrant in &mut entrants {
                entrant.run(round);
            }
        }
        eprintln!("{tokens} tokens, µs a layer (median, p10–p90):");
        for entrant in &mut entrants {
            entrant.print();
        }
    }
}

/// One configuration with an executor of its own, so that all can take turns.
struct Entrant {
    name: String,
    plan: Arc<Plan>,
    executor: CudaExecutor,
    layer_us: Vec<f64>,
    steady_us: Vec<f64>,
    event_us: Vec<f64>,
}

impl Entrant {
    fn new(name: String, spec: &RunSpec, launching: Launching) -> Option<Self> {
        let plan = Arc::new(plan(spec).expect("plans"));
        let mut executor = CudaExecutor::open(2, true).expect("the GPUs can be used");
        executor.set_launching(launching);
        if let Err(error) = executor.run(&plan, 0, &mut Heard::default()) {
            eprintln!("{name}: {error}");
            return None;
        }
        let (layer_us, steady_us, event_us) = Default::default();
        Some(Self { name, plan, executor, layer_us, steady_us, event_us })
    }

    /// One iteration by itself, then a few back to back.
    fn run(&mut self, round: u64) {
        let mut heard = Heard::default();
        self.executor.run(&self.plan, round, &mut heard).expect("runs");
        self.layer_us.extend(per_layer_us(&self.plan, &heard));
        self.executor.run_many(&self.plan, (round, 6), &mut heard).expect("runs");
        self.steady_us.extend(per_layer_us(&self.plan, &heard));
        self.event_us.push(self.executor.last_event_ns().expect("timed") as f64 / 1e3);
    }

    fn print(&mut self) {
        let at = |values: &mut Vec<f64>, share: f64| {
            values.sort_by(f64::total_cmp);
            values[((values.len() - 1) as f64 * share).round() as usize]
        };
        eprintln!(
            "  {:24} {:6.0}  {:.0}–{:.0}  back to back {:6.0}, iteration {:.0}  {}",
            self.name,
            at(&mut self.layer_us, 0.5),
            at(&mut self.layer_us, 0.1),
            at(&mut self.layer_us, 0.9),
            at(&mut self.steady_us, 0.5),
            at(&mut self.event_us, 0.5),
            self.plan.decision.split.as_ref().map_or(String::new(), |split| format!(
                "cut {} CTAs {}/{}",
                split.first_tokens, split.attn_ctas, split.mlp_ctas
            )),
        );
    }
}

/// Every strategy as the chooser has it, and two of them op by op.
fn entrants(tokens: u32) -> Vec<Entrant> {
    let mut all = Vec::new();
    for strategy in [StrategyKind::NoComm].into_iter().chain(DEFINED) {
        let mut spec = spec(strategy, tokens, 4);
        let knobs = &mut spec.knobs;
        (knobs.split, knobs.attn_ctas, knobs.mlp_ctas) = (Knobs::default().split, None, None);
        all.extend(Entrant::new(strategy.name().to_owned(), &spec, Launching::Graphs));
        if matches!(strategy, StrategyKind::NoComm | StrategyKind::TokenWeave) {
            let name = format!("{}, op by op", strategy.name());
            all.extend(Entrant::new(name, &spec, Launching::Direct));
        }
    }
    all
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
