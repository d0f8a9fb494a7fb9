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
pub fn predicted<E>(spec: &RunSpec, mut simulator: Simulator) -> Result<Predicted, E>
where
    E: From<PlanError> + From<ExecError>,
{
    let few = plan_of_few(spec)?;
    Ok(Few::run::<E>(&few, &mut simulator)?.all_layers(spec.model.layers))
}

/// The same amid iterations like it, with no pause: what may be drawn beyond the power limit has long been spent, and clocks are
/// where the limit leaves them, the highest if these iterations do not reach it.
///
/// # Errors
/// As [`predicted`].
pub fn predicted_amid<E>(spec: &RunSpec) -> Result<Predicted, E>
where
    E: From<PlanError> + From<ExecError>,
{
    let plan = plan_of_few(spec)?;
    let run = |owed: f64| {
        let mut simulator = Simulator::owing(&spec.machine, owed);
        let few = Few::run::<E>(&plan, &mut simulator)?;
        Ok::<_, E>((few, simulator.owes(&spec.machine) > owed))
    };
    let (mut few, mut owes_more) = run(0.0)?;
    // The more is owed, the lower the clock and what is drawn: between these two the debt stays what it is.
    let (mut least, mut most) = (0.0, if owes_more { 1.0 } else { 0.0 });
    while most - least > SETTLED {
        let owed = f64::midpoint(least, most);
        (few, owes_more) = run(owed)?;
        *(if owes_more { &mut least } else { &mut most }) = owed;
    }
    Ok(few.all_layers(spec.model.layers))
}

/// Share of the debt to which it is found where it settles: half a hundredth of the clock.
const SETTLED: f64 = 0.01;

/// The plan of the layers that are simulated.
fn plan_of_few(spec: &RunSpec) -> Result<Arc<Plan>, PlanError> {
    let mut few = spec.clone();
    few.knobs.layers = Some(spec.model.layers.min(LAYERS));
    plan(&few).map(Arc::new)
}

/// A run through a few layers; times count from its start.
struct Few {
    plan: Arc<Plan>,
    /// On rank 0.
    ops: Vec<OpRecord>,
    end_ns: i64,
}

impl Few {
    fn run<E>(plan: &Arc<Plan>, simulator: &mut Simulator) -> Result<Self, E>
    where
        E: From<PlanError> + From<ExecError>,
    {
        let mut ops = RankZeroOps::default();
        // Its clock begins at 0.
        let time = simulator.run(plan, 0, &mut ops)?;
        let mut ops = ops.0;
        ops.sort_unstable_by_key(|record| record.start_ns);
        Ok(Self { plan: plan.clone(), ops, end_ns: time.end_ns - time.start_ns })
    }

    /// What as many layers as a model's take, those that were not run as long as one amid the others.
    fn all_layers(&self, layers: u32) -> Predicted {
        let more = i64::from(layers.saturating_sub(LAYERS));
        let [from, to] = AMID.map(|layer| self.start_of(layer).unwrap_or(self.end_ns));
        let amid = i64::from(AMID[1] - AMID[0]);
        let [comm_ns, hidden_ns] = [Self::comm_ns, Self::hidden_ns]
            .map(|of| of(self, 0, self.end_ns) + of(self, from, to) * more / amid);
        let mlp_ns =
            self.mlp_ns(AMID[0]..AMID[1]).map(|of_amid| of_amid * i64::from(layers) / amid);
        Predicted {
            gpu_ns: self.end_ns + (to - from) * more / amid,
            comm_ns,
            hidden_ns,
            mlp_ns,
            runs: self.plan.decision.runs,
        }
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
