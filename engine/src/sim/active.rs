//! An op under way on a rank: its blocks, and the virtual clock that all of them progress by.

use super::{
    capacity::Demand,
    cost::OpCost,
    ctx::Ctx,
    jitter::Jitter,
    sm::Place,
    time::{NEVER, Ticks},
    tree::{EMPTY, WinnerTree},
};
use crate::plan::{OpId, Tiles};

/// Bits of a tree key that hold the slot of an op: 32768 blocks at once (1024 SMs × 32), and 9 minutes of work.
const SLOT_BITS: u32 = 15;
const SLOT_MASK: u64 = (1 << SLOT_BITS) - 1;

/// A resident block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resident {
    /// Start of its current stretch.
    pub(super) since: Ticks,
    pub(super) block: u32,
    pub(super) place: Place,
}

/// An op that has been launched on a rank and has not finished.
///
/// Its virtual clock runs at `rate`: at time `base_at` it shows `base_work`. A running block's key in the tree is the
/// clock's value at which the block will have done its work.
#[derive(Default)]
pub(super) struct Active {
    pub(super) op: OpId,
    /// Index into [`Ctx::costs`].
    pub(super) cost: usize,
    /// 0 is the highest.
    pub(super) priority: u8,
    pub(super) grid: u32,
    /// See [`OpCost::launched`].
    pub(super) launched: u32,
    /// See [`OpCost::deals`]: the next block that none has done, where they do.
    dealt: Option<u32>,
    /// Next block to place.
    pub(super) next: u32,
    /// Blocks that have left their place.
    pub(super) done: u32,
    /// Blocks that make progress (not at a barrier).
    pub(super) running: u32,
    /// First block's start.
    pub(super) started: Option<Ticks>,
    pub(super) slots: Vec<Option<Resident>>,
    free: Vec<u32>,
    tree: WinnerTree,
    jitter: Option<Jitter>,
    jitter_share: f64,
    base_at: Ticks,
    base_work: u64,
    rate: f64,
    inverse_rate: f64,
    /// Rates stay as they are until fewer blocks than this run.
    pub(super) reshare_below: u32,
    /// Its blocks take no SM.
    pub(super) is_copies: bool,
    /// What its blocks follow one by one.
    pub(super) tiles: Option<Tiles>,
    /// Slots whose blocks wait for what they follow.
    pub(super) held: Vec<usize>,
    /// Somebody waits until so many of its blocks have finished.
    pub(super) alarm: u32,
}

impl Active {
    /// Takes up an op whose blocks can fill at most `slots` places at once.
    pub(super) fn launch(&mut self, op: OpId, rank: u16, slots: u32, at: Ticks, ctx: &Ctx<'_>) {
        self.op = op;
        self.cost = ctx.cost_of[op.index()] as usize;
        self.grid = ctx.ops[op.index()].grid;
        self.launched = ctx.costs[self.cost].launched;
        self.dealt = ctx.costs[self.cost].deals.then_some(self.launched);
        (self.next, self.done, self.running, self.started) = (0, 0, 0, None);
        self.slots.clear();
        self.slots.resize(slots as usize, None);
        self.free.clear();
        self.free.extend((0..slots).rev());
        self.tree.reset(slots as usize);
        self.jitter = (ctx.jitter > 0.0).then(|| Jitter::new(ctx.seed, rank, op));
        self.jitter_share = ctx.jitter / 32_768.0;
        (self.base_at, self.base_work) = (at, 0);
        (self.rate, self.inverse_rate, self.reshare_below) = (1.0, 1.0, 0);
        self.is_copies = ctx.costs[self.cost].copies.is_some();
        self.tiles = ctx.ops[op.index()].tiles;
        self.held.clear();
        self.alarm = u32::MAX;
    }

    /// Blocks wait for a place.
    pub(super) fn has_unplaced(&self) -> bool {
        self.next < self.launched
    }

    /// Blocks may be placed beside those that are.
    pub(super) fn has_slot(&self) -> bool {
        !self.free.is_empty()
    }

    /// What the block in `slot` does after this in its place, if anything: the next tile that nobody has done, which is done then, or that
    /// which comes `launched` later.
    pub(super) fn walks_on(&mut self, slot: usize) -> Option<u32> {
        if let Some(next) = &mut self.dealt {
            let block = *next;
            *next = block.saturating_add(1);
            return (block < self.grid).then_some(block);
        }
        let block = self.slots[slot].map_or(self.grid, |resident| resident.block);
        block.checked_add(self.launched).filter(|&next| next < self.grid)
    }

    /// The next block to launch.
    pub(super) fn take_unplaced(&mut self) -> Option<u32> {
        self.has_unplaced().then(|| {
            self.next += 1;
            self.next - 1
        })
    }

    /// Puts the next block into a place and returns its slot. The clock must have been brought to `at`.
    pub(super) fn seat(&mut self, place: Place, at: Ticks) -> usize {
        let slot = self.free.pop().expect("an op has a slot for every place it can take") as usize;
        self.slots[slot] = Some(Resident { since: at, block: self.next, place });
        self.next += 1;
        self.started.get_or_insert(at);
        slot
    }

    /// Takes the block out of a slot.
    pub(super) fn unseat(&mut self, slot: usize) -> Resident {
        let resident = self.slots[slot].take().expect("only occupied slots are vacated");
        self.free.push(slot as u32);
        self.done += 1;
        resident
    }

    /// The slot of a block that is resident.
    pub(super) fn slot_of(&self, block: u32) -> Option<usize> {
        self.slots.iter().position(|slot| slot.is_some_and(|resident| resident.block == block))
    }

    /// The block in a slot begins to work, now on the clock.
    pub(super) fn begin_work(&mut self, slot: usize, cost: &OpCost) {
        let block = self.slots[slot].map_or(0, |resident| resident.block);
        self.running += 1;
        let due = self.base_work + self.work_of(block, cost);
        self.tree.set(slot, due << SLOT_BITS | slot as u64);
    }

    /// The block in a slot has done its work.
    pub(super) fn end_work(&mut self, slot: usize) {
        self.running -= 1;
        self.tree.set(slot, EMPTY);
    }

    /// The first block to finish: its slot and when, if rates stay as they are.
    #[inline]
    pub(super) fn first_due(&self) -> (usize, Ticks) {
        let key = self.tree.top();
        if key == EMPTY {
            return (0, NEVER);
        }
        ((key & SLOT_MASK) as usize, self.time_of(key >> SLOT_BITS))
    }

    /// The block in `slot`, first in the tree, finishes and `block` of the same op takes its place at once. Returns the
    /// finished one.
    #[inline]
    pub(super) fn replace_first(
        &mut self,
        slot: usize,
        block: u32,
        at: Ticks,
        cost: &OpCost,
    ) -> Resident {
        let done_work = self.tree.top() >> SLOT_BITS;
        self.done += 1;
        let resident = self.slots[slot].as_mut().expect("a slot in the tree is occupied");
        let before = *resident;
        (resident.since, resident.block) = (at, block);
        let due = done_work + self.work_of(block, cost);
        self.tree.set(slot, due << SLOT_BITS | slot as u64);
        before
    }

    /// The block in a slot waits for what it follows.
    pub(super) fn hold(&mut self, slot: usize) {
        self.held.push(slot);
    }

    /// The same of the block that takes the place of the first in the tree, which finishes. Returns the finished one.
    pub(super) fn hold_next(&mut self, slot: usize, block: u32, at: Ticks) -> Resident {
        self.end_work(slot);
        self.hold(slot);
        self.done += 1;
        let resident = self.slots[slot].as_mut().expect("a slot in the tree is occupied");
        let before = *resident;
        (resident.since, resident.block) = (at, block);
        before
    }

    /// Brings the clock to `at`.
    pub(super) fn sync(&mut self, at: Ticks) {
        let passed = (at - self.base_at) as f64 * self.rate;
        let least = self.tree.top() >> SLOT_BITS;
        // Rounding must not carry the clock past a block that is about to finish.
        self.base_work = (self.base_work + passed as u64).min(least.max(self.base_work));
        self.base_at = at;
    }

    /// What its running blocks use in a nanosecond.
    pub(super) fn used(&self, ctx: &Ctx<'_>) -> Demand {
        ctx.costs[self.cost].demand.scaled(f64::from(self.running) * self.rate)
    }

    /// Sets the rate from now on.
    pub(super) fn set_rate(&mut self, rate: f64) {
        (self.rate, self.inverse_rate) = (rate, rate.recip());
        self.reshare_below = self.running - self.running / 8;
    }

    #[inline]
    fn time_of(&self, work: u64) -> Ticks {
        let left = work.saturating_sub(self.base_work) as f64 * self.inverse_rate;
        self.base_at + left as Ticks + 1
    }

    #[inline]
    fn work_of(&self, block: u32, cost: &OpCost) -> u64 {
        let work = cost.work.of(block);
        let spread = self.jitter.map_or(0, |jitter| jitter.of_block(block));
        let work = work as f64;
        (work + work * self.jitter_share * spread as f64) as u64
    }
}
