//! One simulated GPU: launches and barrier releases that are due, blocks that finish, and who takes their places.
//!
//! Time moves from event to event. Blocks of one op at a time finish in a run until rates change; then all clocks are
//! brought to the present and rates are shared anew (`share`).

mod tiles;

use super::{
    active::{Active, Resident},
    barrier::{BarrierId, Barriers, Release, Side},
    ctx::Ctx,
    rates::Rates,
    records::Records,
    sm::{MAX_ACTIVE, Place, Sms},
    stream::{Launch, Streams},
    time::{NEVER, Ticks, ns, ticks},
};
use crate::{
    machine::GpuSpec,
    observer::{BlockPart, BlockRecord, CounterRecord, OpRecord},
    plan::OpId,
    split::blocks_per_sm,
};

/// What a rank needs from outside while it is simulated.
pub(super) struct Env<'e, 'a> {
    pub(super) ctx: &'e Ctx<'a>,
    pub(super) barriers: &'e mut Barriers,
    pub(super) records: &'e mut Records<'a>,
}

/// One GPU and its streams.
pub(super) struct Rank {
    id: u16,
    now: Ticks,
    streams: Streams,
    actives: Vec<Active>,
    /// Indices into `actives`, in dispatch order.
    order: Vec<usize>,
    sms: Sms,
    /// Launches and releases to come, latest first.
    timed: Vec<Timed>,
    /// Barriers reached and not yet released.
    waiting: Vec<BarrierId>,
    rates: Rates,
}

#[derive(Clone, Copy, Debug)]
struct Timed {
    at: Ticks,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Launch(Launch),
    Release(BarrierId),
}

impl Rank {
    /// `rates`: none has been shared yet.
    pub(super) fn new(id: u16, gpu: &GpuSpec, start: Ticks, rates: Rates, ctx: &Ctx<'_>) -> Self {
        let mut rank = Self {
            id,
            now: 0,
            streams: Streams::new(ctx.ops, start),
            actives: (0..MAX_ACTIVE).map(|_| Active::default()).collect(),
            order: Vec::new(),
            sms: Sms::new(gpu),
            timed: Vec::new(),
            waiting: Vec::new(),
            rates,
        };
        rank.schedule_launches(ctx);
        rank
    }

    /// Everything before this has been simulated.
    pub(super) fn now(&self) -> Ticks {
        self.now
    }

    /// Barriers this rank spins at.
    pub(super) fn waiting(&self) -> &[BarrierId] {
        &self.waiting
    }

    pub(super) fn all_finished(&self) -> bool {
        self.streams.all_finished()
    }

    /// What its streams wait for, for an error message.
    pub(super) fn blocked_on(&self, ctx: &Ctx<'_>) -> String {
        let ops = self.streams.waiting(ctx).join(", ");
        format!("rank {}: {ops}, {} blocks at barriers", self.id, self.waiting.len())
    }

    /// When something happens next, as far as this rank knows.
    pub(super) fn next_event(&self) -> Ticks {
        let timed = self.timed.last().map_or(NEVER, |timed| timed.at);
        self.first_completion().1.min(timed).min(self.rates.look_at())
    }

    /// A barrier opens for this rank.
    pub(super) fn release(&mut self, release: Release) {
        self.waiting.retain(|&barrier| barrier != release.barrier);
        self.schedule(release.at, What::Release(release.barrier));
    }

    /// J that its GPU may still draw beyond its limit; `None`: that is not limited.
    pub(super) fn left_j(&mut self) -> Option<f64> {
        self.rates.left_j(self.now)
    }

    /// The rank's counter records, once.
    pub(super) fn counters(&mut self, base_ns: i64) -> Vec<CounterRecord> {
        self.rates.counters(u32::from(self.id), base_ns)
    }

    /// Simulates events before `horizon`, until one of them is the arrival at a barrier. False when there was none.
    pub(super) fn advance(&mut self, horizon: Ticks, env: &mut Env<'_, '_>) -> bool {
        let mut progressed = false;
        loop {
            let (active, due, other_due) = self.first_completion();
            let timed = self.timed.last().map_or(NEVER, |timed| timed.at);
            let clocks = self.rates.look_at();
            let at = due.min(timed).min(clocks);
            if at >= horizon {
                return progressed;
            }
            progressed = true;
            self.now = at;
            let num_waiting = self.waiting.len();
            if clocks < due.min(timed) {
                self.reshare(at, env.ctx);
            } else if due <= timed {
                let limit = timed.min(other_due).min(horizon - 1).min(clocks);
                self.complete(active, limit, env);
            } else if let Some(timed) = self.timed.pop() {
                match timed.what {
                    What::Launch(launch) => self.launch(launch, env),
                    What::Release(barrier) => self.pass(barrier, at, env),
                }
            }
            if self.waiting.len() > num_waiting {
                return true;
            }
        }
    }

    /// The active op whose block finishes first, when, and when the first of another op does.
    fn first_completion(&self) -> (usize, Ticks, Ticks) {
        let (mut first, mut due, mut other_due) = (0, NEVER, NEVER);
        for &active in &self.order {
            let (_, at) = self.actives[active].first_due();
            if at < due {
                (first, due, other_due) = (active, at, due);
            } else {
                other_due = other_due.min(at);
            }
        }
        (first, due, other_due)
    }

    /// Blocks of one op finish, up to and including `limit` or until rates change.
    fn complete(&mut self, index: usize, limit: Ticks, env: &mut Env<'_, '_>) {
        let cost = &env.ctx.costs[self.actives[index].cost];
        let refills = self.head() == Some(index) && !cost.collective;
        let finished = self.finished_before(index, env.ctx);
        loop {
            let active = &mut self.actives[index];
            let (slot, at) = active.first_due();
            if at > limit {
                return;
            }
            self.now = at;
            let walks_on = if cost.collective { None } else { active.walks_on(slot) };
            let next = walks_on.or_else(|| if refills { active.take_unplaced() } else { None });
            if let Some(block) = next {
                let is_held = !active.is_ready(block, finished, env.ctx);
                let resident = match is_held {
                    true => active.hold_next(slot, block, at),
                    false => active.replace_first(slot, block, at, cost),
                };
                env.records.push(record(self.id, active.op, &resident, BlockPart::Run, at));
                if is_held || active.done >= active.alarm {
                    let op = active.op;
                    return self.go_on(op, at, env);
                }
                continue;
            }
            active.end_work(slot);
            if cost.collective {
                return self.reach_exit(index, slot, at, env);
            }
            let resident = active.unseat(slot);
            env.records.push(record(self.id, active.op, &resident, BlockPart::Run, at));
            if self.vacate(index, resident.place, at, env) {
                return;
            }
        }
    }

    /// A block of a collective has done its work and spins at the exit barrier.
    fn reach_exit(&mut self, index: usize, slot: usize, at: Ticks, env: &mut Env<'_, '_>) {
        let active = &mut self.actives[index];
        let resident = active.slots[slot].as_mut().expect("a running block is resident");
        if !active.is_copies {
            env.records.push(record(self.id, active.op, resident, BlockPart::Run, at));
        }
        resident.since = at;
        let barrier = BarrierId { op: active.op, block: resident.block, side: Side::Exit };
        env.barriers.arrive(barrier, self.id, at);
        self.waiting.push(barrier);
        self.reshare(at, env.ctx);
    }

    /// A place is free. True when rates changed with it.
    fn vacate(&mut self, index: usize, place: Place, at: Ticks, env: &mut Env<'_, '_>) -> bool {
        let active = &self.actives[index];
        let op = active.op;
        if !active.is_copies {
            self.sms.release(place, index, &env.ctx.ops[op.index()].resources);
        }
        if active.done == active.grid {
            self.finish_op(index, at, env);
            return true;
        }
        if active.done >= active.alarm || active.is_copies {
            self.go_on(op, at, env);
            return true;
        }
        if self.head().is_some() && self.dispatch(at, env) {
            return true;
        }
        let active = &self.actives[index];
        // In a tail every block changes the mix; an eighth fewer is soon enough to look at rates again.
        if active.running < active.reshare_below {
            self.reshare(at, env.ctx);
            return true;
        }
        self.rates.recount(at, &self.actives, &self.order, &self.sms, env.ctx);
        false
    }

    fn finish_op(&mut self, index: usize, at: Ticks, env: &mut Env<'_, '_>) {
        let active = &self.actives[index];
        let (start, base_ns) = (active.started.unwrap_or(at), env.records.base_ns);
        env.records.observer_unflushed().op(OpRecord {
            op: active.op,
            rank: u32::from(self.id),
            start_ns: base_ns + ns(start),
            end_ns: base_ns + ns(at),
        });
        let op = active.op;
        self.order.retain(|&other| other != index);
        self.streams.finish(op, at + self.drain(env.ctx));
        self.schedule_launches(env.ctx);
        self.go_on(op, at, env);
    }

    /// How long what is under way to peers keeps the end of a kernel open.
    fn drain(&self, ctx: &Ctx<'_>) -> Ticks {
        let drains = self.order.iter().map(|&other| {
            let load = ctx.capacity.link_load(&self.actives[other].used(ctx));
            ticks(ctx.capacity.drain_ns * load)
        });
        drains.max().unwrap_or(0)
    }

    fn launch(&mut self, launch: Launch, env: &mut Env<'_, '_>) {
        let Launch { at, op, priority } = launch;
        let free = (0..MAX_ACTIVE).find(|index| !self.order.contains(index));
        let index =
            free.expect("a stream has one op active, and there are fewer streams than places");
        let description = &env.ctx.ops[op.index()];
        let cost = &env.ctx.costs[env.ctx.cost_of[op.index()] as usize];
        let on_sms = env.ctx.sms * blocks_per_sm(&description.resources, env.ctx.gpu);
        let most = cost.copies.unwrap_or(on_sms);
        let active = &mut self.actives[index];
        active.launch(op, self.id, most.min(description.grid), at, env.ctx);
        active.priority = priority;
        let behind = |&other: &usize| self.actives[other].priority > priority;
        let position = self.order.iter().position(behind).unwrap_or(self.order.len());
        self.order.insert(position, index);
        if description.grid == 0 {
            self.finish_op(index, at, env);
        } else {
            self.dispatch(at, env);
        }
    }

    /// The first op in dispatch order that has blocks to place on SMs. No block of an op behind it starts meanwhile.
    fn head(&self) -> Option<usize> {
        let waits = |active: &Active| active.has_unplaced() && !active.is_copies;
        self.order.iter().copied().find(|&index| waits(&self.actives[index]))
    }

    /// Places blocks while they fit. False when none did.
    fn dispatch(&mut self, at: Ticks, env: &mut Env<'_, '_>) -> bool {
        let mut any = self.dispatch_copies(at, env);
        while let Some(index) = self.head() {
            let finished = self.finished_before(index, env.ctx);
            let active = &mut self.actives[index];
            let cost = &env.ctx.costs[active.cost];
            active.sync(at);
            let resources = &env.ctx.ops[active.op.index()].resources;
            let wanted = active.launched - active.next;
            self.sms.place(index, resources, wanted, |place| {
                any = true;
                let block = active.next;
                let slot = active.seat(place, at);
                if cost.collective {
                    let barrier = BarrierId { op: active.op, block, side: Side::Entry };
                    env.barriers.arrive(barrier, self.id, at);
                    self.waiting.push(barrier);
                } else if active.is_ready(block, finished, env.ctx) {
                    active.begin_work(slot, cost);
                } else {
                    active.hold(slot);
                }
            });
            if active.has_unplaced() {
                break;
            }
        }
        self.set_alarms(env.ctx);
        if any {
            self.reshare(at, env.ctx);
        }
        any
    }

    /// A block leaves a barrier.
    fn pass(&mut self, barrier: BarrierId, at: Ticks, env: &mut Env<'_, '_>) {
        let of_op = |&&index: &&usize| self.actives[index].op == barrier.op;
        let index = *self.order.iter().find(of_op).expect("an op at a barrier is active");
        let active = &mut self.actives[index];
        let slot = active.slot_of(barrier.block).expect("a block at a barrier is resident");
        let resident = active.slots[slot].as_mut().expect("just found");
        let part = match barrier.side {
            Side::Entry => BlockPart::WaitEntry,
            Side::Exit => BlockPart::WaitExit,
        };
        // Start and flags of all blocks are the op's own work: a block waits until the last has come.
        let met = match barrier.side {
            Side::Entry => at - env.ctx.costs[active.cost].meeting,
            Side::Exit => at,
        };
        if ns(resident.since) < ns(met) && !active.is_copies {
            env.records.push(record(self.id, barrier.op, resident, part, met));
        }
        resident.since = met;
        match barrier.side {
            Side::Entry => {
                active.sync(at);
                active.begin_work(slot, &env.ctx.costs[active.cost]);
                self.reshare(at, env.ctx);
            }
            Side::Exit => {
                let place = active.unseat(slot).place;
                if !self.vacate(index, place, at, env) {
                    self.reshare(at, env.ctx);
                }
            }
        }
    }

    /// Brings all clocks to `at` and computes rates anew.
    fn reshare(&mut self, at: Ticks, ctx: &Ctx<'_>) {
        self.rates.reshare(at, &mut self.actives, &self.order, &self.sms, ctx);
    }

    fn schedule_launches(&mut self, ctx: &Ctx<'_>) {
        while let Some(launch) = self.streams.take_launch(ctx) {
            self.schedule(launch.at, What::Launch(launch));
        }
    }

    /// Events of one time happen in the order in which they were scheduled.
    fn schedule(&mut self, at: Ticks, what: What) {
        let position = self.timed.partition_point(|timed| timed.at > at);
        self.timed.insert(position, Timed { at, what });
    }
}

fn record(rank: u16, op: OpId, resident: &Resident, part: BlockPart, end: Ticks) -> BlockRecord {
    BlockRecord {
        start_ns: ns(resident.since),
        end_ns: ns(end),
        op,
        block: resident.block,
        rank,
        sm: resident.place.sm,
        slot: resident.place.slot,
        part,
    }
}
