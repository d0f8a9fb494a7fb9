//! Blocks that follow blocks of another op one by one, and copies, which take no SM.
//!
//! A block on an SM that may not go on yet holds its place, as a kernel does that polls a flag in memory. Copies are placed
//! when they may go on and not before. Each op keeps the number of its finished blocks at which somebody can go on, so that
//! ops that nobody follows cost a comparison a block.

use super::{
    super::{
        active::Active,
        barrier::{BarrierId, Side},
        ctx::Ctx,
        sm::Place,
        time::{Ticks, ns},
    },
    Env, Rank, record,
};
use crate::{observer::BlockPart, plan::OpId};

/// Where copies are: on no SM.
const NOWHERE: Place = Place { sm: u16::MAX, slot: 0 };

impl Active {
    /// What `block` follows has come so far, where `finished` blocks of that op have.
    pub(super) fn is_ready(&self, block: u32, finished: u32, ctx: &Ctx<'_>) -> bool {
        self.needed(block, ctx) <= finished
    }

    /// Finished blocks of the op that it follows without which `block` may not begin.
    fn needed(&self, block: u32, ctx: &Ctx<'_>) -> u32 {
        let of = |of: u32| ctx.ops[of as usize].grid;
        self.tiles.map_or(0, |tiles| tiles.needed(block, self.grid, of(tiles.of)))
    }
}

impl Rank {
    /// Finished blocks of the op that an active one follows; 0 where it follows none, which then needs none.
    pub(super) fn finished_before(&self, index: usize, ctx: &Ctx<'_>) -> u32 {
        let Some(tiles) = self.actives[index].tiles else { return 0 };
        let of = OpId(tiles.of);
        if self.streams.has_finished(of) {
            return ctx.ops[of.index()].grid;
        }
        let active = self.order.iter().find(|&&index| self.actives[index].op == of);
        active.map_or(0, |&index| self.actives[index].done)
    }

    /// Blocks of `op` have finished: those that waited for them go on, and what is free is taken.
    pub(super) fn go_on(&mut self, op: OpId, at: Ticks, env: &mut Env<'_, '_>) {
        for index in self.order.clone() {
            if self.actives[index].tiles.is_some_and(|tiles| tiles.of == op.0) {
                self.release_held(index, at, env);
            }
        }
        if !self.dispatch(at, env) {
            self.reshare(at, env.ctx);
        }
    }

    /// Those of its blocks on SMs that need wait no longer begin.
    fn release_held(&mut self, index: usize, at: Ticks, env: &mut Env<'_, '_>) {
        let finished = self.finished_before(index, env.ctx);
        let active = &mut self.actives[index];
        active.sync(at);
        let held = std::mem::take(&mut active.held);
        for slot in held {
            let Some(mut resident) = active.slots[slot] else { continue };
            if !active.is_ready(resident.block, finished, env.ctx) {
                active.hold(slot);
                continue;
            }
            if ns(resident.since) < ns(at) {
                env.records.push(record(self.id, active.op, &resident, BlockPart::WaitEntry, at));
            }
            resident.since = at;
            active.slots[slot] = Some(resident);
            active.begin_work(slot, &env.ctx.costs[active.cost]);
        }
    }

    /// Places copies that may go on. False when there was none.
    pub(super) fn dispatch_copies(&mut self, at: Ticks, env: &mut Env<'_, '_>) -> bool {
        let mut any = false;
        for at_order in 0..self.order.len() {
            let index = self.order[at_order];
            if !self.actives[index].is_copies {
                continue;
            }
            let finished = self.finished_before(index, env.ctx);
            let active = &mut self.actives[index];
            active.sync(at);
            while active.has_unplaced()
                && active.has_slot()
                && active.is_ready(active.next, finished, env.ctx)
            {
                any = true;
                let block = active.next;
                active.seat(NOWHERE, at);
                let barrier = BarrierId { op: active.op, block, side: Side::Entry };
                env.barriers.arrive(barrier, self.id, at);
                self.waiting.push(barrier);
            }
        }
        any
    }

    /// Notes of every op that is followed at how many finished blocks the next of its followers can go on.
    pub(super) fn set_alarms(&mut self, ctx: &Ctx<'_>) {
        for &index in &self.order {
            self.actives[index].alarm = u32::MAX;
        }
        for at_order in 0..self.order.len() {
            let follower = &self.actives[self.order[at_order]];
            let Some(tiles) = follower.tiles else { continue };
            let held = follower.held.iter().filter_map(|&slot| follower.slots[slot]);
            let next = follower.is_copies && follower.has_unplaced() && follower.has_slot();
            let blocks = held.map(|resident| resident.block).chain(next.then_some(follower.next));
            let alarm = blocks.map(|block| follower.needed(block, ctx)).min().unwrap_or(u32::MAX);
            let of = OpId(tiles.of);
            if let Some(&index) = self.order.iter().find(|&&index| self.actives[index].op == of) {
                let followed = &mut self.actives[index];
                followed.alarm = followed.alarm.min(alarm);
            }
        }
    }
}
