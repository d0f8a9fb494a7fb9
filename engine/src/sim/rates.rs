use super::{
    active::Active,
    capacity::Demand,
    counters::CounterBins,
    ctx::Ctx,
    power::Reserve,
    share::{Load, share, total},
    sm::Sms,
    time::{NEVER, Ticks},
};
use crate::observer::CounterRecord;

/// Rates of the ops under way on a rank, and the counters that follow from them.
///
/// `order` are the indices of the ops under way, into `actives` and [`Sms`] alike.
pub(super) struct Rates {
    /// By `order`.
    loads: Vec<Load>,
    counters: CounterBins,
    /// `None`: power holds nothing down over time.
    reserve: Option<Reserve>,
    look_at: Ticks,
    /// Share of the work of a rank that is not slowed that its blocks of computation do in the same time.
    speed: f64,
}

impl Rates {
    /// `reserve`: what its power may still exceed the limit by, if that is limited. Computation goes at `speed`, 1 where the rank
    /// is not slowed.
    pub(super) fn new(reserve: Option<Reserve>, speed: f64) -> Self {
        Self { loads: Vec::new(), counters: CounterBins::new(), reserve, look_at: NEVER, speed }
    }

    /// When clocks change, if all goes on as it is.
    pub(super) fn look_at(&self) -> Ticks {
        self.look_at
    }

    /// J that the GPU may still draw beyond its limit, at `at`.
    pub(super) fn left_j(&mut self, at: Ticks) -> Option<f64> {
        self.spend(at);
        self.reserve.as_ref().map(Reserve::left_j)
    }

    fn spend(&mut self, at: Ticks) {
        if let Some(reserve) = &mut self.reserve {
            reserve.ran(&self.loads, at);
        }
    }

    /// The rank's counter records, once.
    pub(super) fn counters(&mut self, rank: u32, base_ns: i64) -> Vec<CounterRecord> {
        self.counters.records(rank, base_ns)
    }

    /// Brings all clocks to `at` and computes rates anew.
    pub(super) fn reshare(
        &mut self,
        at: Ticks,
        actives: &mut [Active],
        order: &[usize],
        sms: &Sms,
        ctx: &Ctx<'_>,
    ) {
        self.spend(at);
        self.loads.clear();
        for &index in order {
            let active = &mut actives[index];
            active.sync(at);
            let cost = &ctx.costs[active.cost];
            self.loads.push(Load {
                blocks: f64::from(active.running),
                demand: cost.demand,
                limit: 1.0,
                latency_bound: cost.latency_bound,
                rate: 1.0,
            });
        }
        let clock = self.reserve.as_mut().map_or(1.0, Reserve::clock);
        for (load, &index) in self.loads.iter_mut().zip(order) {
            load.limit = sm_share(index, actives, order, sms, ctx);
            // What waits for memory and links goes on as before.
            if load.demand.flops > 0.0 {
                load.limit *= clock;
            }
            if !ctx.costs[actives[index].cost].collective {
                load.limit *= self.speed;
            }
        }
        share(&mut self.loads, &ctx.capacity);
        for (load, &index) in self.loads.iter().zip(order) {
            actives[index].set_rate(load.rate);
        }
        self.count(at, sms, ctx);
    }

    /// Fewer blocks run, at the rates that they have.
    pub(super) fn recount(
        &mut self,
        at: Ticks,
        actives: &[Active],
        order: &[usize],
        sms: &Sms,
        ctx: &Ctx<'_>,
    ) {
        self.spend(at);
        for (load, &index) in self.loads.iter_mut().zip(order) {
            load.blocks = f64::from(actives[index].running);
        }
        self.count(at, sms, ctx);
    }

    /// Notes what the running blocks use from now on.
    fn count(&mut self, at: Ticks, sms: &Sms, ctx: &Ctx<'_>) {
        let sum = |of: fn(&Demand) -> f64| total(&self.loads, of);
        let link = sum(|demand| demand.link);
        let busy = 100.0 * f64::from(sms.busy()) / f64::from(ctx.sms);
        let tensor = 100.0 * sum(|demand| demand.flops) / ctx.capacity.flops;
        self.look_at = self.reserve.as_ref().map_or(NEVER, |reserve| reserve.look_at(&self.loads));
        self.counters.set(at, [sum(|demand| demand.hbm), link, link, busy, tensor]);
    }
}

/// Rate that SMs leave a block of this op, on average over its blocks: one over the issue slots that its SM's blocks
/// ask for together.
fn sm_share(index: usize, actives: &[Active], order: &[usize], sms: &Sms, ctx: &Ctx<'_>) -> f64 {
    let issue = |index: usize| ctx.costs[actives[index].cost].issue;
    let asked = if sms.any_shared() {
        let (mut asked, mut blocks) = (0.0, 0.0);
        for by_op in sms.residents().filter(|by_op| by_op[index] > 0) {
            let of_sm = order.iter().map(|&op| f64::from(by_op[op]) * issue(op));
            asked += f64::from(by_op[index]) * of_sm.sum::<f64>().max(1.0);
            blocks += f64::from(by_op[index]);
        }
        asked / f64::max(blocks, 1.0)
    } else {
        let held = f64::from(sms.held_by(index).max(1));
        f64::from(actives[index].running) * issue(index) / held
    };
    asked.max(1.0).recip()
}
