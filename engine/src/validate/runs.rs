//! Simulated runs as the measurements that they are held against were made.

use std::sync::Arc;

use super::ValidateError;
use crate::{
    executor::Executor,
    observer::{OpRecord, RankZeroOps},
    plan::{Op, OpId, Plan, plan},
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
    let op = Op { id: OpId(0), deps: Vec::new(), ..op };
    let plan = Plan { ops: vec![op], ..plan.clone() };
    Ok(run(&Arc::new(plan))?.1 + EVENTS_US)
}

/// The first op of this name in the second layer of a run, first block's start to last block's end, µs; `None`: the run has none.
pub(super) fn kernel_us(spec: &RunSpec, name: &str) -> Result<Option<f64>, ValidateError> {
    let mut spec = spec.clone();
    spec.knobs.layers = Some(3);
    let plan = Arc::new(plan(&spec)?);
    let (ops, _) = run(&plan)?;
    let is_it = |record: &&OpRecord| {
        let op = &plan.ops[record.op.index()];
        op.layer == Some(1) && op.role.name() == name
    };
    Ok(ops.0.iter().find(is_it).map(|record| (record.end_ns - record.start_ns) as f64 / 1e3))
}
