//! The simulator as an executor: iterations of plans, one after another, and what carries over between them.

use std::sync::Arc;

use super::{
    barrier::{Barriers, Meeting},
    capacity::Capacity,
    ctx::{Ctx, Gaps},
    driver,
    power::{Reserve, most_owed_j},
    price::PriceList,
    rank::{Env, Rank},
    rates::Rates,
    records::Records,
    time::{Ticks, ns, ticks},
};
use crate::{
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    machine::{Machine, PowerSpec},
    memory::excess,
    observer::{IterationEnd, Observer},
    plan::{OpWork, Plan},
    split::blocks_per_sm,
};

/// Time between two iterations, ns: the scheduler of a serving engine.
const ITERATION_GAP_NS: i64 = 20_000;

/// Runs plans on the machine that they were made for, simulated. See the [module](super).
pub struct Simulator {
    machine_name: String,
    prices: PriceList,
    /// Executor time at which the next iteration begins, ns.
    clock_ns: i64,
    /// J that each rank may draw beyond its power limit when the next iteration begins; empty: full.
    left_j: Vec<f64>,
    /// Ranks that are simulated at most.
    most_ranks: usize,
    /// The last plan's model does not fit into its GPUs.
    excess: Option<String>,
}

impl Simulator {
    /// A simulator; `machine` names it in the provenance until the first plan runs.
    pub fn new(machine: &Machine) -> Self {
        let prices = PriceList::default();
        let machine_name = machine.name.clone();
        let most_ranks = usize::MAX;
        Self { machine_name, prices, clock_ns: 0, left_j: Vec::new(), most_ranks, excess: None }
    }

    /// The same after work that left the GPUs nothing beyond their power limit, and in debt by this share of what takes clocks as
    /// low as they go.
    pub fn owing(machine: &Machine, share: f64) -> Self {
        let left_j = machine.gpu.power.map_or(0.0, |power| -share * most_owed_j(&power));
        Self { left_j: vec![left_j; machine.gpus as usize], ..Self::new(machine) }
    }

    /// What rank 0 owes now, as that share; negative where something is left.
    pub fn owes(&self, machine: &Machine) -> f64 {
        let power = machine.gpu.power.as_ref();
        let left = self.left_j.first().zip(power);
        left.map_or(0.0, |(left_j, power)| -left_j / most_owed_j(power))
    }

    /// The same with the first rank alone simulated, which meets peers that are exactly on time. Ranks differ in the jitter of
    /// their blocks only, unless some start late, so this costs as much less as there are ranks; what jitter has them wait
    /// for one another is left out.
    #[must_use]
    pub fn with_one_rank(self) -> Self {
        Self { most_ranks: 1, ..self }
    }
}

impl Executor for Simulator {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        let machine = &plan.spec.machine;
        check(plan, machine)?;
        self.machine_name.clone_from(&machine.name);
        // What does not fit is simulated all the same, since what would be is the question.
        self.excess = excess(&plan.spec);
        self.prices.update(&plan.ops, machine, plan.ranks);
        observer.begin(plan, iteration, &self.prices.isolated_ns());
        let ctx = Ctx {
            ops: &plan.ops,
            costs: self.prices.costs(),
            cost_of: self.prices.cost_of(),
            capacity: Capacity::of(machine),
            gaps: Gaps::of(&machine.host),
            seed: plan.spec.knobs.seed,
            jitter: machine.kernels.block_jitter,
            sms: machine.gpu.sms,
            gpu: &machine.gpu,
        };
        self.left_j.resize(self.most_ranks.min(plan.ranks as usize), f64::INFINITY);
        let time =
            run_iteration(plan, &ctx, (iteration, self.clock_ns), &mut self.left_j, observer)?;
        self.clock_ns = time.end_ns + ITERATION_GAP_NS;
        Ok(time)
    }

    fn provenance(&self) -> ExecutorInfo {
        let version = env!("CARGO_PKG_VERSION");
        let source = format!("weftscope simulator {version} on {}", self.machine_name);
        let notes = self.excess.iter().cloned().collect();
        ExecutorInfo { notes, ..ExecutorInfo::modelled(source) }
    }
}

fn run_iteration(
    plan: &Plan,
    ctx: &Ctx<'_>,
    (iteration, base_ns): (u64, i64),
    left_j: &mut [f64],
    observer: &mut dyn Observer,
) -> Result<IterationTime, ExecError> {
    let machine = &plan.spec.machine;
    let latency = ticks(machine.link.latency_ns);
    let starts: Vec<Ticks> = (0..left_j.len()).map(|rank| start_of(plan, rank)).collect();
    let mut ranks: Vec<Rank> = starts
        .iter()
        .enumerate()
        .map(|(rank, &start)| {
            let reserve = machine.gpu.power.map(|power| Reserve::new(power, left_j[rank]));
            let rates = Rates::new(reserve, speed_of(plan, rank));
            Rank::new(rank as u16, &machine.gpu, start, rates, ctx)
        })
        .collect();
    let mut barriers = barriers(plan, left_j.len(), latency, ctx);
    let mut records = Records::new(observer, base_ns);
    let mut env = Env { ctx, barriers: &mut barriers, records: &mut records };
    let outcome = driver::run(&mut ranks, latency, &mut env);
    let observer = records.observer();
    if let Err(deadlock) = outcome {
        let waiting: Vec<String> = ranks.iter().map(|rank| rank.blocked_on(ctx)).collect();
        let at_ns = base_ns + ns(deadlock.at);
        return Err(ExecError::Deadlock { at_ns, waiting: waiting.join("; ") });
    }
    for (rank, left_j) in ranks.iter_mut().zip(left_j) {
        *left_j = rank.left_j().map_or(f64::INFINITY, |left_j| left_j + idled_j(machine));
        observer.counters(&rank.counters(base_ns));
    }
    let start = starts.iter().copied().min().unwrap_or(0);
    let end = ranks.iter().map(Rank::now).max().unwrap_or(start);
    let (start_ns, end_ns) = (base_ns + ns(start), base_ns + ns(end));
    observer.end(&IterationEnd { iteration, start_ns, end_ns, lost: Vec::new() });
    Ok(IterationTime { start_ns, end_ns })
}

/// J by which a GPU's reserve fills between two iterations.
fn idled_j(machine: &Machine) -> f64 {
    let spared_w = |power: PowerSpec| power.limit_w - power.idle_w;
    machine.gpu.power.map_or(0.0, spared_w) * ITERATION_GAP_NS as f64 * 1e-9
}

/// How much later than the first of all a rank begins.
fn start_of(plan: &Plan, rank: usize) -> Ticks {
    let skew_ns = |rank: usize| plan.spec.knobs.skew_ns.get(rank).copied().unwrap_or(0);
    let first_ns = (0..plan.spec.knobs.tp as usize).map(skew_ns).min().unwrap_or(0);
    ticks((skew_ns(rank) - first_ns) as f64)
}

/// Share of the work of a rank that is not slowed that it does in the same time.
fn speed_of(plan: &Plan, rank: usize) -> f64 {
    plan.spec.knobs.slowdown.get(rank).map_or(1.0, |&times| times.recip())
}

fn barriers(plan: &Plan, ranks: usize, latency: Ticks, ctx: &Ctx<'_>) -> Barriers {
    let met = plan.ops.iter().zip(ctx.cost_of).map(|(op, &cost)| match op.work {
        OpWork::Collective(shape) => Meeting {
            blocks: op.grid,
            longer: ctx.costs[cost as usize].meeting,
            alone: !shape.collective.meets(),
        },
        _ => Meeting::default(),
    });
    Barriers::new(ranks, latency, met)
}

/// Refuses what could never run: a block that no SM can hold.
fn check(plan: &Plan, machine: &Machine) -> Result<(), ExecError> {
    for op in &plan.ops {
        if let Some(tiles) = op.tiles {
            let of = plan.ops.get(tiles.of as usize).filter(|of| of.id < op.id);
            if !of.is_some_and(|of| of.copies().is_some() || op.copies().is_some()) {
                let message = format!(
                    "op {} ({}) waits for blocks of op {}, which stands no earlier or is on SMs as it is: one must be copies",
                    op.id.0, op.role, tiles.of
                );
                return Err(ExecError::Unsupported(message));
            }
        }
        if blocks_per_sm(&op.resources, &machine.gpu) == 0 {
            let (role, resources) = (op.role, op.resources);
            let message = format!(
                "a block of {role} needs {} threads of {} registers and {} bytes of shared memory, more than an SM of {} has",
                resources.threads, resources.registers, resources.smem_bytes, machine.gpu.name
            );
            return Err(ExecError::Unsupported(message));
        }
    }
    Ok(())
}
