use super::{
    barrier::{Barriers, Meeting},
    capacity::Capacity,
    cost::OpCost,
    ctx::{Ctx, Gaps},
    driver,
    rank::{Env, Rank},
    rates::Rates,
    records::Records,
    time::ticks,
};
use crate::{
    machine::Machine,
    observer::{Observer, OpRecord},
    plan::{Op, OpId},
};

/// Prices kept; a session that drags the split makes some twenty new ones a step.
const MAX_KEPT: usize = 512;

/// Costs and isolated durations of the distinct ops of plans: layers repeat, and so do iterations.
#[derive(Default)]
pub(super) struct PriceList {
    machine: Option<(Machine, u32)>,
    /// A representative of each distinct op.
    distinct: Vec<Op>,
    costs: Vec<OpCost>,
    isolated: Vec<i64>,
    cost_of: Vec<u32>,
}

impl PriceList {
    /// Prices the ops of a plan, with what is known already.
    pub(super) fn update(&mut self, ops: &[Op], machine: &Machine, ranks: u32) {
        let known = self.machine.as_ref().is_some_and(|(of, with)| of == machine && *with == ranks);
        if !known || self.distinct.len() > MAX_KEPT {
            *self = Self { machine: Some((machine.clone(), ranks)), ..Self::default() };
        }
        self.cost_of.clear();
        for op in ops {
            let found = self.distinct.iter().position(|known| same_price(known, op));
            let index = found.unwrap_or_else(|| {
                let cost = OpCost::of(op, machine, ranks);
                self.isolated.push(isolated_ns(op, &cost, machine));
                self.costs.push(cost);
                self.distinct.push(op.clone());
                self.distinct.len() - 1
            });
            self.cost_of.push(index as u32);
        }
    }

    /// Of the distinct ops.
    pub(super) fn costs(&self) -> &[OpCost] {
        &self.costs
    }

    /// Index into [`Self::costs`] of each op of the plan.
    pub(super) fn cost_of(&self) -> &[u32] {
        &self.cost_of
    }

    /// Duration of each op of the plan, isolated: with the machine to itself.
    pub(super) fn isolated_ns(&self) -> Vec<Option<i64>> {
        self.cost_of.iter().map(|&index| Some(self.isolated[index as usize])).collect()
    }
}

fn same_price(a: &Op, b: &Op) -> bool {
    a.grid == b.grid
        && a.tokens == b.tokens
        && a.flops == b.flops
        && a.hbm_bytes == b.hbm_bytes
        && a.link_bytes == b.link_bytes
        && a.resources == b.resources
        && a.work == b.work
        && a.is_first() == b.is_first()
}

/// Simulates the op with nothing beside it and, for a collective, peers that are exactly on time. Without jitter.
fn isolated_ns(op: &Op, cost: &OpCost, machine: &Machine) -> i64 {
    let ops = [Op { id: OpId(0), deps: Vec::new(), tiles: None, ..op.clone() }];
    let ctx = Ctx {
        ops: &ops,
        costs: std::slice::from_ref(cost),
        cost_of: &[0],
        capacity: Capacity::of(machine),
        gaps: Gaps::of(&machine.host),
        seed: 0,
        jitter: 0.0,
        sms: machine.gpu.sms,
        gpu: &machine.gpu,
    };
    let latency = ticks(machine.link.latency_ns);
    let blocks = if op.is_collective() { op.grid } else { 0 };
    let meeting = Meeting { blocks, longer: cost.meeting, alone: false };
    let mut barriers = Barriers::new(1, latency, std::iter::once(meeting));
    let mut duration = Duration { ns: 0 };
    let mut records = Records::new(&mut duration, 0);
    let mut ranks = [Rank::new(0, &machine.gpu, 0, Rates::new(None, 1.0), &ctx)];
    let mut env = Env { ctx: &ctx, barriers: &mut barriers, records: &mut records };
    // One op without dependencies on one rank cannot deadlock; if it did, its duration would read 0.
    driver::run(&mut ranks, latency, &mut env).ok();
    duration.ns
}

/// Keeps the duration of the one op it sees.
struct Duration {
    ns: i64,
}

impl Observer for Duration {
    fn op(&mut self, record: OpRecord) {
        self.ns = record.end_ns - record.start_ns;
    }
}
