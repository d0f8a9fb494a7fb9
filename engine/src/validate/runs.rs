//! Simulated runs as the measurements that they are held against were made.

use std::sync::Arc;

use super::ValidateError;
use crate::{
    executor::Executor,
    observer::RankZeroOps,
    plan::{Op, OpId, OpRole, Plan, plan},
    sim::Simulator,
    spec::RunSpec,
};

/// What a kernel's published time contains beside the kernel: two events and a launch (an empty kernel reads 4–6 µs).
const EVENTS_US: f64 = 5.5;

/// Up to so many tokens all layers of a prefill are run: launches may hold up the first.
const ALL_LAYERS_UP_TO: u32 = 4096;

fn run(plan: &Arc<Plan>) -> Result<(RankZeroOps, f64), ValidateError> {
    let mut ops = RankZeroOps::default();
    let time = Simulator::new(&plan.spec.machine).run(plan, 0, &mut ops)?;
    Ok((ops, (time.end_ns - time.start_ns) as f64 / 1e3))
}

/// One iteration through `layers` layers, µs.
fn iteration_us(spec: &RunSpec, layers: u32) -> Result<f64, ValidateError> {
    let mut spec = spec.clone();
    spec.knobs.layers = Some(layers);
    Ok(run(&Arc::new(plan(&spec)?))?.1)
}

/// A layer amid others, µs: what two more take.
pub(super) fn layer_us(spec: &RunSpec) -> Result<f64, ValidateError> {
    Ok((iteration_us(spec, 5)? - iteration_us(spec, 3)?) / 2.0)
}

/// A prefill through all layers, µs: run to 4096 tokens, and beyond, where nothing but jitter differs from layer to
/// layer, extended from 2 and 4 layers.
///
/// # Errors
/// [`ValidateError`]: no plan, or a run that fails.
pub fn prefill_us(spec: &RunSpec) -> Result<f64, ValidateError> {
    let layers = spec.model.layers;
    if spec.batch.tokens() <= ALL_LAYERS_UP_TO || layers <= 4 {
        return iteration_us(spec, layers);
    }
    let (two, four) = (iteration_us(spec, 2)?, iteration_us(spec, 4)?);
    Ok(two + f64::from(layers - 2) / 2.0 * (four - two))
}

/// One op of a plan alone on the machine, as its benchmark would read it, µs.
pub(super) fn alone_us(plan: &Plan, op: Op) -> Result<f64, ValidateError> {
    let op = Op { id: OpId(0), deps: Vec::new(), tiles: None, ..op };
    let plan = Plan { ops: vec![op], ..plan.clone() };
    Ok(run(&Arc::new(plan))?.1 + EVENTS_US)
}

/// The MLP of a layer alone, first product's start to second's end, µs. Its benchmark launches ahead of the GPU.
pub(super) fn mlp_us(spec: &RunSpec) -> Result<f64, ValidateError> {
    let mut spec = spec.clone();
    spec.knobs.layers = Some(1);
    spec.machine.host.issue_ns = 0.0;
    let plan = Arc::new(plan(&spec)?);
    let (ops, _) = run(&plan)?;
    let of_role = |role: OpRole| ops.0.iter().find(|op| plan.ops[op.op.index()].role == role);
    let mlp = of_role(OpRole::GateUp).zip(of_role(OpRole::Down));
    let (first, last) = mlp.expect("a dense layer has both");
    Ok((last.end_ns - first.start_ns) as f64 / 1e3)
}

/// Layers of a run of `bench`, and iterations of a turn, unless it is told otherwise.
const BENCH_LAYERS: u32 = 4;
const BENCH_ITERATIONS: u64 = 4;

/// What a layer amid others is called among the kernels of a turn.
pub const LAYER: &str = "layer";

/// Times of one turn of `bench`, which begins with GPUs that have rested.
pub struct Turn {
    plan: Arc<Plan>,
    /// Iteration by iteration.
    ops: Vec<RankZeroOps>,
}

impl Turn {
    /// Four iterations back to back, or one where four are too short for the power limit to be felt.
    ///
    /// # Errors
    /// [`ValidateError`]: no plan, or a run that fails.
    pub fn of(spec: &RunSpec) -> Result<Self, ValidateError> {
        let mut spec = spec.clone();
        spec.knobs.layers = Some(BENCH_LAYERS);
        let plan = Arc::new(plan(&spec)?);
        let mut simulator = Simulator::new(&spec.machine);
        let mut turn = Self { plan, ops: Vec::new() };
        for iteration in 0..BENCH_ITERATIONS {
            let mut ops = RankZeroOps::default();
            let time = simulator.run(&turn.plan, iteration, &mut ops)?;
            turn.ops.push(ops);
            let all_s = (time.end_ns - time.start_ns) as f64 * 1e-9 * BENCH_ITERATIONS as f64;
            // Beyond the limit by as much again as the limit would spend the reserve in this time.
            let felt =
                spec.machine.gpu.power.is_some_and(|power| all_s * power.limit_w > power.reserve_j);
            if !felt {
                break;
            }
        }
        Ok(turn)
    }

    /// The first op of this name in a layer amid others, first block's start to last block's end, µs; [`LAYER`]: from the
    /// first op of layer 1 to that of the last. `None`: the run has none.
    pub fn us(&self, name: &str) -> Option<f64> {
        let mut times: Vec<f64> =
            self.ops.iter().filter_map(|ops| self.of_iteration(ops, name)).collect();
        times.sort_by(f64::total_cmp);
        let middle = times.len().checked_sub(1)? / 2;
        Some((times[middle] + times[times.len() / 2]) / 2.0)
    }

    fn of_iteration(&self, ops: &RankZeroOps, name: &str) -> Option<f64> {
        let first = |layer: u32, is: &dyn Fn(&Op) -> bool| {
            ops.0
                .iter()
                .filter(|record| {
                    let op = &self.plan.ops[record.op.index()];
                    op.layer == Some(layer) && is(op)
                })
                .min_by_key(|record| record.start_ns)
        };
        if name == LAYER {
            let start = |layer| first(layer, &|_| true).map(|record| record.start_ns);
            let layers = BENCH_LAYERS - 2;
            return Some((start(layers + 1)? - start(1)?) as f64 / 1e3 / f64::from(layers));
        }
        let record = first(1, &|op| op.role.name() == name)?;
        Some((record.end_ns - record.start_ns) as f64 / 1e3)
    }
}
