//! What an iteration through all layers takes, from a simulation of a few of them: the others take as long as one amid them.

use std::{ops::Range, sync::Arc};

use crate::{
    executor::{ExecError, Executor},
    observer::{OpRecord, RankZeroOps},
    plan::{Phase, Plan, PlanError, StreamId, plan},
    sim::Simulator,
    spec::{RunSpec, StrategyKind},
};

/// Layers that are simulated: the second and third are those amid others.
const LAYERS: u32 = 4;
/// Their first, and the one behind them.
const AMID: [u32; 2] = [1, 3];

/// What an iteration takes of the GPUs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// From the first op's start to the last one's end, launch of a graph included, ns.
    pub gpu_ns: i64,
    /// Collectives on one rank, ns.
    pub comm_ns: i64,
    /// Of those, what runs beside computation, ns.
    pub hidden_ns: i64,
    /// Phases C and D of the weave, the MLPs, of all layers, ns; `None` of what is not woven, or of fewer than four layers.
    pub mlp_ns: Option<i64>,
    /// What the strategy does with this batch.
    pub runs: StrategyKind,
}

/// An iteration through all layers of the model, from a run through a few of them; `simulator` is as the iteration before left it.
///
/// # Errors
/// No plan, or a run that fails.
pub fn predicted<E>(spec: &RunSpec, simulator: Simulator) -> Result<Predicted, E>
where
    E: From<PlanError> + From<ExecError>,
{
    let layers = spec.model.layers;
    let few = Few::run::<E>(spec, layers.min(LAYERS), simulator)?;
    let more = i64::from(layers.saturating_sub(LAYERS));
    let [from, to] = AMID.map(|layer| few.start_of(layer).unwrap_or(few.end_ns));
    let amid = i64::from(AMID[1] - AMID[0]);
    let [comm_ns, hidden_ns] = [Few::comm_ns, Few::hidden_ns]
        .map(|of| of(&few, 0, few.end_ns) + of(&few, from, to) * more / amid);
    let gpu_ns = few.end_ns + (to - from) * more / amid;
    let mlp_ns = few.mlp_ns(AMID[0]..AMID[1]).map(|of_amid| of_amid * i64::from(layers) / amid);
    Ok(Predicted { gpu_ns, comm_ns, hidden_ns, mlp_ns, runs: few.plan.decision.runs })
}

/// A run through a few layers; times count from its start.
struct Few {
    plan: Arc<Plan>,
    /// On rank 0.
    ops: Vec<OpRecord>,
    end_ns: i64,
}

impl Few {
    fn run<E>(spec: &RunSpec, layers: u32, mut simulator: Simulator) -> Result<Self, E>
    where
        E: From<PlanError> + From<ExecError>,
    {
        let mut spec = spec.clone();
        spec.knobs.layers = Some(layers);
        let plan = Arc::new(plan(&spec)?);
        let mut ops = RankZeroOps::default();
        // Its clock begins at 0.
        let time = simulator.run(&plan, 0, &mut ops)?;
        let mut ops = ops.0;
        ops.sort_unstable_by_key(|record| record.start_ns);
        Ok(Self { plan, ops, end_ns: time.end_ns - time.start_ns })
    }

    /// When a layer begins on the compute stream.
    fn start_of(&self, layer: u32) -> Option<i64> {
        self.start_of_first(layer, |_| true)
    }

    fn start_of_first(&self, layer: u32, is_wanted: impl Fn(Phase) -> bool) -> Option<i64> {
        let is_first = |record: &&OpRecord| {
            let op = &self.plan.ops[record.op.index()];
            op.layer == Some(layer) && op.stream == StreamId::COMPUTE && is_wanted(op.phase)
        };
        self.ops.iter().find(is_first).map(|record| record.start_ns)
    }

    /// From the start of phase C of each of these layers to that of the next layer.
    fn mlp_ns(&self, mut layers: Range<u32>) -> Option<i64> {
        layers.try_fold(0, |sum, layer| {
            let from = self.start_of_first(layer, |phase| phase == Phase::C)?;
            Some(sum + self.start_of(layer + 1)? - from)
        })
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
