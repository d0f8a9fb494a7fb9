//! What an iteration takes, by the engine's own plans and simulator.
//!
//! A few layers are simulated; the others take as long as one amid them. Batches that cost nearly the same share a simulation.

use std::{collections::HashMap, sync::Arc};

use super::{ServingError, ServingSpec, Step, bucket::Buckets, graphs::captured_size};
use crate::{
    batch::{Batch, Request},
    executor::Executor,
    memory::Footprint,
    observer::{OpRecord, RankZeroOps},
    plan::{Plan, StreamId, plan},
    sim::Simulator,
    spec::{RunSpec, StrategyKind},
};

/// Layers that are simulated: the second and third are those amid others.
const LAYERS: u32 = 4;
/// Their first, and the one behind them.
const AMID: [u32; 2] = [1, 3];

/// What iterations are simulated as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pricing {
    /// Batches that cost nearly the same share a simulation.
    Bucketed,
    /// As they are: thousands of simulations.
    Exact,
}

/// What an iteration takes of the GPUs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IterationPrice {
    /// From the first op's start to the last one's end, launch of a graph included, ns.
    pub gpu_ns: i64,
    /// Collectives on one rank, ns.
    pub comm_ns: i64,
    /// Of those, what runs beside computation, ns.
    pub hidden_ns: i64,
    /// What the strategy does with this batch.
    pub runs: StrategyKind,
}

/// Prices steps.
pub struct Pricer<'a> {
    spec: &'a ServingSpec,
    pricing: Pricing,
    buckets: Buckets,
    /// The run with ops launched one by one, and as one graph.
    launched: RunSpec,
    captured: RunSpec,
    known: HashMap<(bool, Vec<Request>), IterationPrice>,
    simulated: u64,
}

impl<'a> Pricer<'a> {
    /// Nothing is known yet.
    pub fn new(spec: &'a ServingSpec, pricing: Pricing) -> Self {
        // A degree that does not divide the model has no plan either.
        let weight_tokens = Footprint::of(&spec.run_of(Batch::prefill(1, 1)))
            .map_or(1, |of_one| of_one.weights_bytes / of_one.kv_cache_bytes.max(1));
        let buckets = Buckets { weight_tokens };
        let launched = spec.run_of(Batch { requests: Vec::new() });
        let mut captured = launched.clone();
        captured.machine.host = captured.machine.host.in_graph();
        Self { spec, pricing, buckets, launched, captured, known: HashMap::new(), simulated: 0 }
    }

    /// Batches that were simulated.
    pub fn simulated(&self) -> u64 {
        self.simulated
    }

    /// What a step takes, as one graph or launched op by op.
    ///
    /// # Errors
    /// [`ServingError`]: no plan, or a run that fails.
    pub fn price(&mut self, step: &Step, in_graph: bool) -> Result<IterationPrice, ServingError> {
        let batch = match self.pricing {
            Pricing::Bucketed => self.buckets.bucketed(step),
            Pricing::Exact => filled_up(step, in_graph),
        };
        let key = (in_graph, batch.requests);
        if let Some(&price) = self.known.get(&key) {
            return Ok(price);
        }
        self.simulated += 1;
        let run = if in_graph { &self.captured } else { &self.launched };
        let spec = RunSpec { batch: Batch { requests: key.1.clone() }, ..run.clone() };
        let mut price = extended(&spec)?;
        if in_graph {
            price.gpu_ns += self.spec.machine.host.graph_launch_ns.round() as i64;
        }
        self.known.insert(key, price);
        Ok(price)
    }
}

/// The step as it is; a graph that decodes has the size that was captured.
fn filled_up(step: &Step, in_graph: bool) -> Batch {
    let mut batch = step.batch();
    if in_graph && step.prefill_tokens() == 0 {
        let size = captured_size(batch.requests.len() as u32);
        batch.requests.resize(size as usize, Request { cached_tokens: 1, new_tokens: 1 });
    }
    batch
}

/// An iteration through all layers, from a run through a few of them.
fn extended(spec: &RunSpec) -> Result<IterationPrice, ServingError> {
    let layers = spec.model.layers;
    let few = Few::run(spec, layers.min(LAYERS))?;
    let more = i64::from(layers.saturating_sub(LAYERS));
    let [from, to] = AMID.map(|layer| few.start_of(layer).unwrap_or(few.end_ns));
    let amid = i64::from(AMID[1] - AMID[0]);
    let [comm_ns, hidden_ns] = [Few::comm_ns, Few::hidden_ns]
        .map(|of| of(&few, 0, few.end_ns) + of(&few, from, to) * more / amid);
    let gpu_ns = few.end_ns + (to - from) * more / amid;
    Ok(IterationPrice { gpu_ns, comm_ns, hidden_ns, runs: few.plan.decision.runs })
}

/// A run through a few layers; times count from its start.
struct Few {
    plan: Arc<Plan>,
    /// On rank 0.
    ops: Vec<OpRecord>,
    end_ns: i64,
}

impl Few {
    fn run(spec: &RunSpec, layers: u32) -> Result<Self, ServingError> {
        let mut spec = spec.clone();
        spec.knobs.layers = Some(layers);
        let plan = Arc::new(plan(&spec)?);
        let mut ops = RankZeroOps::default();
        // Its clock begins at 0.
        // A server under load has long spent what it may draw beyond its power limit.
        let time = Simulator::warm(&spec.machine).run(&plan, 0, &mut ops)?;
        let mut ops = ops.0;
        ops.sort_unstable_by_key(|record| record.start_ns);
        Ok(Self { plan, ops, end_ns: time.end_ns - time.start_ns })
    }

    /// When a layer begins on the compute stream.
    fn start_of(&self, layer: u32) -> Option<i64> {
        let is_first = |record: &&OpRecord| {
            let op = &self.plan.ops[record.op.index()];
            op.layer == Some(layer) && op.stream == StreamId::COMPUTE
        };
        self.ops.iter().find(is_first).map(|record| record.start_ns)
    }

    /// Time in collectives in a stretch.
    fn comm_ns(&self, from: i64, to: i64) -> i64 {
        self.stretches(true, from, to).map(|[start, end]| end - start).sum()
    }

    /// Time in collectives beside computation in a stretch. Ops of a stream are disjoint.
    fn hidden_ns(&self, from: i64, to: i64) -> i64 {
        let mut compute = self.stretches(false, from, to).peekable();
        let mut hidden = 0;
        for [start, end] in self.stretches(true, from, to) {
            while let Some(&[from, to]) = compute.peek() {
                hidden += (to.min(end) - from.max(start)).max(0);
                if to > end {
                    break;
                }
                compute.next();
            }
        }
        hidden
    }

    /// Ops that are collectives, or that are not, as far as they lie in a stretch, in order of start.
    fn stretches(&self, comm: bool, from: i64, to: i64) -> impl Iterator<Item = [i64; 2]> {
        let clipped = move |record: &OpRecord| [record.start_ns.max(from), record.end_ns.min(to)];
        let is_wanted =
            move |record: &&OpRecord| self.plan.ops[record.op.index()].is_collective() == comm;
        self.ops.iter().filter(is_wanted).map(clipped).filter(|[start, end]| start < end)
    }
}
